// A page of alerts with those that came since: each alert once, in its highest revision.

import type { Alert } from "../api/types";

/** Order of two times as the API spells them, with as many decimals as are not zero. */
function byTime(a: string, b: string): number {
  const [one, other] = [a.replace("Z", ""), b.replace("Z", "")];
  return one < other ? -1 : Number(one > other);
}

/**
 * `listed` as the API answered, `arrived` from the stream. An alert that no longer has the wanted status
 * (`open`, `retracted`, `any`) goes; one older than the last listed stays out where more pages follow,
 * for it belongs to one of those.
 */
export function merged(listed: Alert[], arrived: Alert[], status: string, more: boolean): Alert[] {
  if (arrived.length === 0) return listed;
  const byId = new Map(listed.map((alert) => [alert.alert_id, alert]));
  const last = listed.at(-1);
  for (const alert of arrived) {
    const known = byId.get(alert.alert_id);
    if (known !== undefined && known.revision >= alert.revision) continue;
    if (status !== "any" && alert.status !== status) {
      byId.delete(alert.alert_id);
      continue;
    }
    const beyond = more && last !== undefined && byTime(alert.event_time, last.event_time) < 0;
    if (known !== undefined || !beyond) byId.set(alert.alert_id, alert);
  }
  return [...byId.values()].sort(
    (a, b) => byTime(b.event_time, a.event_time) || b.alert_id.localeCompare(a.alert_id),
  );
}

// Alerts as a table; each row is one link.

import type { Alert } from "../api/types";
import { plain, rule as ruleWords, shortCause, shortKey } from "../lib/words";
import { Country, SeverityBadge, Tag, Time } from "./parts";

interface Props {
  alerts: Alert[];
  /** Where a row leads. */
  link: (alert: Alert) => string;
  /** The alert that is open. */
  chosen?: string | null;
  /** Ids of alerts that came since the page was opened. */
  fresh?: Set<string>;
  brief?: boolean;
  caption: string;
}

export function AlertList({ alerts, link, chosen, fresh, brief = false, caption }: Props) {
  return (
    <table class="rows stacks">
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          <th>Severity</th>
          <th>Rule</th>
          <th>Subject</th>
          <th>Country</th>
          <th>Event time</th>
          {!brief && <th>Detected</th>}
          {!brief && <th>Product and lot</th>}
        </tr>
      </thead>
      <tbody>
        {alerts.map((alert) => (
          <tr
            key={alert.alert_id}
            class={alert.alert_id === chosen ? "chosen" : alert.status === "retracted" ? "retracted" : ""}
          >
            <td>
              <SeverityBadge severity={alert.severity} />
            </td>
            <td>
              <a
                class="row-link strong"
                id={`alert-${alert.alert_id}`}
                href={link(alert)}
                aria-current={alert.alert_id === chosen ? "true" : undefined}
              >
                {ruleWords(alert.rule).name}
                {alert.sub_reason && `: ${plain(alert.sub_reason)}`}
                <span class="hidden"> of {alert.unit}</span>
              </a>
              <span class="tags">
                {fresh?.has(alert.alert_id) && <Tag tone="good">new</Tag>}
                {alert.status === "retracted" && <Tag>retracted</Tag>}
                {alert.likely_cause && <Tag>{shortCause(alert.likely_cause)}</Tag>}
              </span>
            </td>
            <td class="mono">{shortKey(alert.epc)}</td>
            <td>
              <Country code={alert.country} short={brief} />
            </td>
            <td data-label="Event">
              <Time iso={alert.event_time} stacked />
            </td>
            {!brief && (
              <td data-label="Detected">
                <Time iso={alert.detected_at} stacked />
              </td>
            )}
            {!brief && (
              <td class="mono">
                <span class="stacked">
                  {alert.gtin ?? "–"}
                  <span class="soft">{alert.lot ? `lot ${alert.lot}` : ""}</span>
                </span>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

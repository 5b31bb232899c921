// One alert by its id: from the page of alerts where it stands there, else looked up.

import { withParams } from "../api/client";
import type { Alert, AlertPage, Identified } from "../api/types";
import { type Resource, useResource } from "../api/use-resource";

export interface FoundAlert {
  alert: Alert | undefined;
  /** Whether the search for it has ended. */
  ended: boolean;
  resource: Resource<Identified> | Resource<AlertPage>;
}

/** Finds the alert `id`; `listed` is what the page shows. */
export function useAlert(id: string | null, listed: Alert[]): FoundAlert {
  const here = listed.find((alert) => alert.alert_id === id);
  const missing = id !== null && here === undefined;
  const identified = useResource<Identified>(missing ? withParams("/v1/identify", { text: id }) : undefined);
  const match = identified.data?.matches.find((found) => found.kind === "alert");
  const subject = match?.epc ?? undefined;
  const page = useResource<AlertPage>(
    missing && subject ? withParams("/v1/alerts", { epc: subject, status: "any", limit: 1000 }) : undefined,
  );
  const alert = here ?? page.data?.alerts.find((found) => found.alert_id === id);
  return {
    alert,
    ended: !missing || page.data !== undefined || (identified.data !== undefined && subject === undefined),
    resource: identified.problem ? identified : page,
  };
}

// One alert by its id: from the page of alerts where it stands there, else asked for.

import { withParams } from "../api/client";
import type { Alert, AlertPage } from "../api/types";
import { type Resource, useResource } from "../api/use-resource";

export interface FoundAlert {
  alert: Alert | undefined;
  resource: Resource<AlertPage>;
}

/** Finds the alert `id`; `listed` is what the page shows. */
export function useAlert(id: string | null, listed: Alert[]): FoundAlert {
  const here = listed.find((alert) => alert.alert_id === id);
  const resource = useResource<AlertPage>(
    id !== null && here === undefined
      ? withParams("/v1/alerts", { alert_id: id, status: "any", limit: 1 })
      : undefined,
  );
  return { alert: here ?? resource.data?.alerts[0], resource };
}

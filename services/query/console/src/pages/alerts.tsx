// Alerts by filter, newest first; new ones come in by themselves. Filters, page and the open alert stand
// in the address.

import { useEffect, useRef, useState } from "preact/hooks";
import { withParams } from "../api/client";
import type { Alert, AlertPage } from "../api/types";
import { useResource } from "../api/use-resource";
import { AlertFilters } from "../components/alert-filters";
import { AlertList } from "../components/alert-list";
import { AlertPanel } from "../components/alert-panel";
import { FilterBox } from "../components/filter-box";
import { useLiveAlerts } from "../components/live-alerts";
import { LiveBadge } from "../components/live-badge";
import { Scroll } from "../components/parts";
import { Empty, Failed, Loaded, Skeleton } from "../components/states";
import { useAlert } from "../components/use-alert";
import { announce } from "../lib/announce";
import { count } from "../lib/format";
import { merged } from "../lib/merge";
import { navigate, usePlace } from "../lib/router";
import { address, alertQuery, changed, filtersSet } from "../lib/url-state";
import { rule } from "../lib/words";

const PAGE = 50;

export function AlertsPage() {
  const { params } = usePlace();
  const query = alertQuery(params);
  const cursor = params.get("cursor");
  const open = params.get("alert");
  const asked = withParams("/v1/alerts", query);
  const page = useResource<AlertPage>(withParams("/v1/alerts", { ...query, limit: PAGE, cursor }), {
    keep: true,
  });
  const [arrived, setArrived] = useState<Alert[]>([]);
  const [fresh, setFresh] = useState<Set<string>>(new Set());

  // other filters, other arrivals
  useEffect(() => {
    setArrived([]);
    setFresh(new Set());
  }, [asked]);

  // Retractions must come too, whatever status is shown: they take alerts out of the list.
  const { status: wanted = "open", ...streamed } = query;
  const live = useLiveAlerts(streamed, (alert) => {
    setArrived((before) =>
      [alert, ...before.filter((other) => other.alert_id !== alert.alert_id)].slice(0, 500),
    );
    if (alert.status === "open" && alert.revision === 1) {
      setFresh((before) => new Set(before).add(alert.alert_id));
      announce(`New alert: ${rule(alert.rule).name}, ${alert.severity}`);
    } else {
      announce(`Alert changed: ${rule(alert.rule).name}, now ${alert.status}`);
    }
  });

  const listed = page.data?.alerts ?? [];
  const shown = merged(listed, cursor === null ? arrived : [], wanted, page.data?.next !== null);
  const found = useAlert(open, shown);

  const change = (changes: Record<string, string | null>) =>
    navigate(address("/alerts", changed(params, { ...changes, cursor: null })));
  const link = (alert: Alert) => address("/alerts", changed(params, { alert: alert.alert_id }));
  const opened = useRef(open);
  const returnTo = useRef<string | null>(null);
  const close = () => {
    returnTo.current = open;
    navigate(address("/alerts", changed(params, { alert: null })));
  };
  // After closing, the row the alert was opened from has the focus again, once it is there.
  useEffect(() => {
    if (open !== null || returnTo.current === null) return;
    const row = document.getElementById(`alert-${returnTo.current}`);
    if (row === null) return;
    returnTo.current = null;
    if (document.activeElement === null || document.activeElement === document.body) row.focus();
  });
  opened.current = open;
  useEffect(() => {
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || opened.current === null) return;
      if (event.target instanceof Element && event.target.closest("search, form")) return;
      close();
    };
    document.addEventListener("keydown", onEscape);
    return () => document.removeEventListener("keydown", onEscape);
  });

  return (
    <>
      <header class="page-head">
        <h1>Alerts</h1>
        <LiveBadge state={live.state} detail={live.detail} />
      </header>
      <div class={open === null ? "split" : "split opened"}>
        <section class="card" aria-label="Alerts by filter">
          <FilterBox set={filtersSet(params)}>
            <AlertFilters params={params} change={change} />
          </FilterBox>
          <Loaded from={page} skeleton={<Skeleton lines={14} />}>
            {(data) =>
              shown.length === 0 ? (
                <Empty title="No alert matches">
                  <p>
                    {filtersSet(params) > 0
                      ? "Nothing fits all the filters above. Clear some, or choose “Open and retracted”."
                      : "Nothing suspicious is open. New alerts will appear here by themselves."}
                  </p>
                </Empty>
              ) : (
                <div class={page.loading ? "stale" : ""}>
                  <Scroll label="Alerts">
                    <AlertList
                      alerts={shown}
                      link={link}
                      chosen={open}
                      fresh={fresh}
                      brief={open !== null}
                      caption="Alerts, newest event first"
                    />
                  </Scroll>
                  <nav class="pager" aria-label="Pages of alerts">
                    <span>
                      {cursor !== null && (
                        <a href={address("/alerts", changed(params, { cursor: null }))}>Newest</a>
                      )}
                    </span>
                    <span class="soft small">
                      {count(shown.length, "alert")} on this page
                      {cursor !== null && fresh.size > 0 && `, ${fresh.size} new on the first`}
                    </span>
                    <span>
                      {data.next !== null && (
                        <a href={address("/alerts", changed(params, { cursor: data.next }))}>Older</a>
                      )}
                    </span>
                  </nav>
                </div>
              )
            }
          </Loaded>
        </section>
        {open !== null && (
          <aside class="card panel" aria-label="The alert">
            {found.alert ? (
              <AlertPanel alert={found.alert} close={close} />
            ) : found.resource.problem ? (
              <Failed problem={found.resource.problem} retry={found.resource.retry} />
            ) : found.resource.data ? (
              <Empty title="There is no such alert">
                <p>
                  No alert has the id <code>{open}</code>.
                </p>
                <button type="button" onClick={close}>
                  Close
                </button>
              </Empty>
            ) : (
              <Skeleton lines={10} />
            )}
          </aside>
        )}
      </div>
    </>
  );
}

// One unit: what it is, where it was, who had it, what is suspicious about it.

import { useState } from "preact/hooks";
import { withParams } from "../api/client";
import type { Trace } from "../api/types";
import { useResource } from "../api/use-resource";
import { AlertList } from "../components/alert-list";
import { JourneyMap } from "../components/journey-map";
import { JourneyTable } from "../components/journey-table";
import { Card, Scroll } from "../components/parts";
import { Empty, Loaded, PageSkeleton } from "../components/states";
import { UnitForm } from "../components/unit-form";
import { IdentityCard, RegistryCard } from "../components/unit-identity";
import { ContainmentCard, ContentsCard, CustodyCard } from "../components/unit-parts";
import { count } from "../lib/format";
import { usePlace } from "../lib/router";
import { address, changed } from "../lib/url-state";
import { shortKey } from "../lib/words";

export function UnitPage() {
  const { params } = usePlace();
  const id = params.get("id")?.trim() ?? "";
  const cursor = params.get("cursor");
  const trace = useResource<Trace>(id === "" ? undefined : withParams("/v1/trace", { id, cursor }));
  return (
    <>
      <header class="page-head">
        <h1 class="unit-title">
          Unit {id !== "" && <span class="mono">{trace.data ? shortKey(trace.data.epc) : shortKey(id)}</span>}
        </h1>
        {trace.data?.product && (
          <p>
            {trace.data.product.name} <span class="soft">{trace.data.product.brand}</span>
          </p>
        )}
      </header>
      {id === "" ? (
        <UnitForm />
      ) : (
        <Loaded from={trace} skeleton={<PageSkeleton grid="unit" rows={[[230, 230], [430], [500]]} />}>
          {(data) => <Content trace={data} params={params} />}
        </Loaded>
      )}
    </>
  );
}

function Content({ trace, params }: { trace: Trace; params: URLSearchParams }) {
  const [lit, light] = useState<string>();
  const inherited = trace.journey.filter((read) => read.inherited).length;
  return (
    <div class="grid unit">
      {trace.alerts.length > 0 && (
        <div class="wide">
          <Card
            id="alerts"
            title="Alerts"
            aside={<span class="soft small">{count(trace.alerts.length, "alert")}</span>}
          >
            <Scroll label="Alerts of this unit">
              <AlertList
                alerts={trace.alerts}
                link={(alert) =>
                  `/alerts?status=any&unit=${encodeURIComponent(trace.unit)}&alert=${alert.alert_id}`
                }
                brief
                caption="Alerts of this unit"
              />
            </Scroll>
          </Card>
        </div>
      )}
      <IdentityCard trace={trace} />
      <RegistryCard trace={trace} />
      <div class="wide">
        <Card id="map" title="Journey on the map">
          <JourneyMap reads={trace.journey} lit={lit} light={light} />
        </Card>
      </div>
      <div class="wide">
        <Card
          id="journey"
          title="Journey read by read"
          aside={
            <span class="soft small">
              {count(trace.journey.length, "read")}, {inherited} through a container
            </span>
          }
        >
          {trace.journey.length === 0 ? (
            <Empty title="Never read">
              <p>It stands in the registry, but no event about it has been reported.</p>
            </Empty>
          ) : (
            <Scroll label="Journey read by read">
              <JourneyTable reads={trace.journey} lit={lit} light={light} />
            </Scroll>
          )}
          {(trace.next !== null || params.has("cursor")) && (
            <nav class="pager" aria-label="Pages of the journey">
              <span>
                {params.has("cursor") && (
                  <a href={address("/unit", changed(params, { cursor: null }))}>First reads</a>
                )}
              </span>
              <span>
                {trace.next !== null && (
                  <a href={address("/unit", changed(params, { cursor: trace.next }))}>Later reads</a>
                )}
              </span>
            </nav>
          )}
        </Card>
      </div>
      <CustodyCard custody={trace.custody} />
      <ContainmentCard trace={trace} />
      {trace.contents && (
        <div class="wide">
          <ContentsCard contents={trace.contents} />
        </div>
      )}
    </div>
  );
}

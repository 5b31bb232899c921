// A lot: where each of its units is now.

import { withParams } from "../api/client";
import type { Recall } from "../api/types";
import { useResource } from "../api/use-resource";
import { CSV, Downloads, NDJSON } from "../components/download";
import { Card, Scroll } from "../components/parts";
import { RecallForm } from "../components/recall-form";
import { LotStatus, RecallCountries, RecallFigures, RecallMap } from "../components/recall-parts";
import { RecallUnits } from "../components/recall-units";
import { Empty, Loaded, PageSkeleton } from "../components/states";
import { count } from "../lib/format";
import { usePlace } from "../lib/router";
import { address, changed } from "../lib/url-state";
import { country, whereabouts } from "../lib/words";

const PAGE = 50;

export function RecallPage() {
  const { params } = usePlace();
  // Made anew for each lot: what another lot has must not stand under this one's name while it loads.
  return <Lot key={`${params.get("gtin")} ${params.get("lot")}`} params={params} />;
}

function Lot({ params }: { params: URLSearchParams }) {
  const gtin = params.get("gtin")?.trim() ?? "";
  const lot = params.get("lot")?.trim() ?? "";
  const complete = gtin !== "" && lot !== "";
  const filters = { country: params.get("country"), whereabouts: params.get("whereabouts") };
  const recall = useResource<Recall>(
    complete
      ? withParams("/v1/recall", { gtin, lot, ...filters, limit: PAGE, cursor: params.get("cursor") })
      : undefined,
    { keep: true },
  );
  return (
    <>
      <header class="page-head">
        <h1>
          Recall{" "}
          {complete && (
            <span class="soft">
              lot <span class="mono">{lot}</span>
            </span>
          )}
        </h1>
        {complete && (
          <div class="card-aside">
            <a href="/recall">Another lot</a>
            <a href={`/alerts?gtin=${gtin}&lot=${encodeURIComponent(lot)}`}>Alerts of this lot</a>
            <Downloads
              label="All units as"
              path={withParams("/v1/recall", { gtin, lot, ...filters })}
              name={`recall-${gtin}-${lot.replace(/[^\w.-]/g, "_")}`}
              formats={[CSV, NDJSON]}
            />
          </div>
        )}
      </header>
      {complete ? (
        <Loaded from={recall} skeleton={<PageSkeleton grid="overview" rows={[[78], [430, 430], [500]]} />}>
          {(data) => <Content recall={data} params={params} loading={recall.loading} />}
        </Loaded>
      ) : (
        <RecallForm gtin={gtin} lot={lot} />
      )}
    </>
  );
}

function Content({ recall, params, loading }: { recall: Recall; params: URLSearchParams; loading: boolean }) {
  const to = (changes: Record<string, string | null>) =>
    address("/recall", changed(params, { cursor: null, ...changes }));
  const where = params.get("whereabouts");
  const land = params.get("country");
  const filtered = [where && whereabouts(where).name, land && country(land)].filter(Boolean).join(", ");
  return (
    <div class="grid overview">
      <RecallFigures totals={recall.totals} link={(code) => to({ whereabouts: code })} />
      <Card id="sites" title="Sites">
        <RecallMap sites={recall.totals.sites} />
      </Card>
      <div class="column">
        <Card id="status" title="The lot">
          <LotStatus recall={recall} />
        </Card>
        <Card id="countries" title="By country">
          {recall.totals.by_country.length === 0 ? (
            <Empty title="No unit was read in any country" />
          ) : (
            <RecallCountries rows={recall.totals.by_country} link={(code) => to({ country: code })} />
          )}
        </Card>
      </div>
      <div class="wide">
        <Card
          id="units"
          title="Units"
          aside={
            filtered !== "" && (
              <span class="small">
                Only: {filtered} · <a href={to({ whereabouts: null, country: null })}>show all</a>
              </span>
            )
          }
        >
          {recall.units.length === 0 ? (
            <Empty title="No unit here">
              <p>
                {filtered === "" ? "Nothing of this lot is known by serial." : `No unit fits: ${filtered}.`}
              </p>
            </Empty>
          ) : (
            <div class={loading ? "stale" : ""}>
              <Scroll label="Units">
                <RecallUnits units={recall.units} sites={recall.totals.sites} />
              </Scroll>
              <nav class="pager" aria-label="Pages of units">
                <span>{params.has("cursor") && <a href={to({})}>First</a>}</span>
                <span class="soft small">{count(recall.units.length, "unit")} on this page</span>
                <span>{recall.next !== null && <a href={to({ cursor: recall.next })}>Next</a>}</span>
              </nav>
            </div>
          )}
        </Card>
      </div>
    </div>
  );
}

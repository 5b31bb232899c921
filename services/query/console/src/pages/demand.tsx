// Demand by product and market, and its forecast.

import type { SeriesEntry, SeriesPage } from "../api/types";
import { useResource } from "../api/use-resource";
import { DemandSeries } from "../components/demand-series";
import { Card } from "../components/parts";
import { SeriesList } from "../components/series-list";
import { Empty, Loaded, PageSkeleton } from "../components/states";
import { chosen } from "../lib/demand";
import { navigate, usePlace } from "../lib/router";
import { address, changed } from "../lib/url-state";

export function DemandPage() {
  const { params } = usePlace();
  const gtin = params.get("gtin")?.trim() ?? "";
  const country = params.get("country")?.trim().toUpperCase() ?? "";
  const uom = params.get("uom") ?? "";
  const page = useResource<SeriesPage>("/v1/demand/series?limit=1000");
  const listed = page.data && chosen(page.data.series, gtin, country, uom);
  // A series beyond the list's first page can still be opened by its address.
  const entry =
    listed ?? (page.data?.next && gtin !== "" && country !== "" ? unlisted(gtin, country, uom) : undefined);
  const change = (changes: Record<string, string | null>) =>
    navigate(address("/demand", changed(params, changes)));
  const link = (of: SeriesEntry) =>
    address(
      "/demand",
      changed(params, {
        gtin: of.gtin,
        country: of.country,
        uom: of.uom || null,
        version: null,
        compare: null,
      }),
    );
  return (
    <>
      <header class="page-head">
        <h1>Demand</h1>
        <p class="soft small">
          Sold or dispensed, less returns and repeated scans, by the local day of the market
        </p>
      </header>
      <Loaded from={page} skeleton={<PageSkeleton grid="demand" rows={[[600, 600]]} />}>
        {(data) => (
          <div class="grid demand">
            <Card id="choose" title="Series">
              <SeriesList page={data} chosen={entry} link={link} first={listed || gtin === "" ? "" : gtin} />
            </Card>
            {entry ? (
              <DemandSeries
                key={`${entry.gtin} ${entry.country} ${entry.uom}`}
                entry={entry}
                params={params}
                change={change}
              />
            ) : (
              <section class="card" aria-label="The series">
                {gtin === "" ? (
                  <Empty title="Choose a series">
                    <p>
                      Each is one product in one market. The list holds all that were ever sold or dispensed.
                    </p>
                  </Empty>
                ) : (
                  <Empty title="No such series">
                    <p>
                      Nothing with GTIN {gtin}
                      {country && ` was dispensed or sold in ${country}`}
                      {!country && " was dispensed or sold anywhere"}. Choose one from the list.
                    </p>
                  </Empty>
                )}
              </section>
            )}
          </div>
        )}
      </Loaded>
    </>
  );
}

function unlisted(gtin: string, country: string, uom: string): SeriesEntry {
  return {
    gtin: gtin.padStart(14, "0"),
    product: null,
    country,
    uom: uom === "" ? null : uom,
    first_day: null,
    last_day: null,
    days: 0,
    demand: 0,
    forecast: "none",
  };
}

// Where the units of a lot are: totals, countries, sites.

import { useState } from "preact/hooks";
import type { Recall, RecallCountry, RecallSite, Whereabouts } from "../api/types";
import { count, percent, whole } from "../lib/format";
import { radius } from "../lib/scale";
import { country, plain, WHEREABOUTS_CODES, whereabouts } from "../lib/words";
import { Country, Facts, Scroll, Tag, Time } from "./parts";
import { Empty } from "./states";
import { WorldMap } from "./world-map";

/** Units by where they are, each a link that filters the list. */
export function RecallFigures({
  totals,
  link,
}: {
  totals: Recall["totals"];
  link: (code: string) => string;
}) {
  return (
    <dl class="figures wide">
      <div>
        <dt>Units of the lot</dt>
        <dd class="figure">{whole(totals.units)}</dd>
        <dd class="soft tiny">registered or read</dd>
      </div>
      {WHEREABOUTS_CODES.map((code) => {
        const units = totals.by_whereabouts[code as Whereabouts] ?? 0;
        return (
          <div key={code}>
            <dt>
              <a href={link(code)}>{whereabouts(code).name}</a>
            </dt>
            <dd class="figure">{whole(units)}</dd>
            <dd class="soft tiny">
              {totals.units > 0 && `${percent(units / totals.units)}, `}
              {whereabouts(code).what}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** What was said of the lot. */
export function LotStatus({ recall }: { recall: Recall }) {
  const { status, product } = recall;
  // Nobody has said anything: that is not the same as somebody saying it is fine.
  const word = status?.status ?? "nothing said";
  const tone = status === null ? "low" : word === "active" ? "good" : "critical";
  return (
    <div class="card-body">
      <Facts
        of={[
          [
            "Status",
            <Tag key="status" tone={tone}>
              {word}
            </Tag>,
          ],
          ["Since", status?.since && <Time iso={status.since} />],
          [
            "In",
            status?.markets.length
              ? status.markets.map(country).join(", ")
              : status && word !== "active" && "all markets",
          ],
          [
            "Said by",
            status?.by &&
              `${status.by}${status.authorised === false ? ", who may not speak for this product" : ""}`,
          ],
          [
            "Product",
            product && [product.name, product.brand && `(${product.brand})`].filter(Boolean).join(" "),
          ],
          ["GTIN", <code key="gtin">{recall.gtin}</code>],
          ["Lot", <code key="lot">{recall.lot}</code>],
          ["Data up to", <Time key="as-of" iso={recall.as_of} />],
        ]}
      />
    </div>
  );
}

const PARTS = ["at_site", "in_transit", "sold", "ended"] as const;

/** Units by country: a bar divided by whereabouts, and the numbers. */
export function RecallCountries({ rows, link }: { rows: RecallCountry[]; link: (code: string) => string }) {
  const most = Math.max(...rows.map((row) => row.units), 1);
  return (
    <Scroll label="Units by country">
      <table class="countries">
        <thead>
          <tr>
            <th>Country</th>
            <th class="number">Units</th>
            {PARTS.map((part) => (
              <th key={part} class="number">
                <span class={`swatch ${part}`} aria-hidden="true" /> {whereabouts(part).name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.country ?? ""}>
              <td class="country-cell">
                {row.country ? (
                  <a href={link(row.country)}>
                    <Country code={row.country} />
                  </a>
                ) : (
                  <span class="soft">no country known</span>
                )}
                <CountryBar row={row} most={most} />
              </td>
              <td class="number">
                <strong>{whole(row.units)}</strong>
              </td>
              {PARTS.map((part) => (
                <td key={part} class="number">
                  {row[part] === 0 ? <span class="soft">0</span> : whole(row[part])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function CountryBar({ row, most }: { row: RecallCountry; most: number }) {
  let x = 0;
  return (
    <svg class="bars-bar" width="100%" height="6" aria-hidden="true">
      {PARTS.map((part) => {
        const from = x;
        const size = (row[part] / most) * 100;
        x += size;
        return <rect key={part} class={`part ${part}`} x={`${from}%`} width={`${size}%`} height="6" />;
      })}
    </svg>
  );
}

/** Sites that have units, as circles sized by how many. */
export function RecallMap({ sites }: { sites: RecallSite[] }) {
  const [lit, light] = useState<string>();
  const placed = sites.flatMap((site) =>
    site.latitude === null || site.longitude === null
      ? []
      : [{ ...site, latitude: site.latitude, longitude: site.longitude }],
  );
  if (placed.length === 0) {
    return (
      <Empty title="No site to show">
        <p>No unit is at, or on its way to, a place whose coordinates are known.</p>
      </Empty>
    );
  }
  const largest = Math.max(...placed.map((site) => site.units));
  // The largest are named; drawn first, so that small ones lie on top of them.
  placed.sort((a, b) => b.units - a.units);
  const named = new Set(placed.slice(0, 6).map((site) => site.site));
  return (
    <>
      <WorldMap
        label={`Map of ${count(placed.length, "site")} with units of the lot`}
        points={placed.map((site) => ({
          id: `${site.site}${site.in_transit_to}`,
          at: [site.longitude, site.latitude],
          radius: radius(site.units, largest, 4, 20),
          label: `${site.name ?? site.site}, ${[site.kind && plain(site.kind), country(site.country)].filter(Boolean).join(", ")}: ${count(site.units, "unit")}${
            site.in_transit_to ? " on the way there" : ""
          }`,
          ...(named.has(site.site) ? { text: `${site.name ?? site.site}: ${whole(site.units)}` } : {}),
          ...(site.in_transit_to ? { look: "towards" as const } : {}),
        }))}
        lit={lit}
        light={light}
        height={460}
      />
      <ul class="legend">
        <li>solid: units last read there; the area tells how many</li>
        {placed.some((site) => site.in_transit_to) && <li>hollow: units on the way there</li>}
        {sites.length > placed.length && (
          <li>{count(sites.length - placed.length, "site")} without coordinates not shown</li>
        )}
      </ul>
    </>
  );
}

import { useEffect, useRef, useState } from "preact/hooks";
import type { SeriesEntry, SeriesPage } from "../api/types";
import { searched } from "../lib/demand";
import { count, decimal } from "../lib/format";
import { country, plain } from "../lib/words";
import { Tag } from "./parts";
import { Empty } from "./states";

/** Series shown at once; typing narrows them. */
const SHOWN = 200;

const FORECAST: Record<string, string> = { too_short: "too short", empty: "empty", none: "no forecast" };

interface Props {
  page: SeriesPage;
  chosen: SeriesEntry | undefined;
  link: (entry: SeriesEntry) => string;
  /** What the search begins with. */
  first: string;
}

/** All series of product and market, to choose one. */
export function SeriesList({ page, chosen, link, first }: Props) {
  const [text, setText] = useState(first);
  const list = useRef<HTMLUListElement>(null);
  // The chosen one is shown, without moving the page.
  useEffect(() => {
    const current = list.current?.querySelector<HTMLElement>("[aria-current]");
    if (!current || !list.current) return;
    const { top, bottom } = list.current.getBoundingClientRect();
    const at = current.getBoundingClientRect();
    if (at.top < top || at.bottom > bottom) list.current.scrollTop += at.top - top - 80;
  }, []);
  const found = searched(page.series, text, country);
  return (
    <>
      <div class="card-body">
        <label>
          Product, GTIN or country
          <input
            type="text"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
      </div>
      {found.length === 0 ? (
        <Empty title="No series fits">
          <p>{page.series.length === 0 ? "Nothing was dispensed or sold yet." : "Type less to see more."}</p>
        </Empty>
      ) : (
        <ul class="series-list" ref={list}>
          {found.slice(0, SHOWN).map((entry) => (
            <li key={`${entry.gtin} ${entry.country} ${entry.uom}`}>
              <a href={link(entry)} aria-current={entry === chosen ? "true" : undefined}>
                <span class="series-name">
                  {entry.product ?? entry.gtin} <span class="soft">in {country(entry.country)}</span>
                </span>
                <span class="series-number">
                  {decimal(entry.demand)} <span class="soft tiny">{entry.uom || "units"}</span>
                </span>
                <span class="soft tiny mono">{entry.gtin}</span>
                {entry.forecast === "ok" ? (
                  <span class="soft tiny series-number">{count(entry.days, "day")}</span>
                ) : (
                  <span class="series-number">
                    <Tag>{FORECAST[entry.forecast] ?? plain(entry.forecast)}</Tag>
                  </span>
                )}
              </a>
            </li>
          ))}
        </ul>
      )}
      <p class="card-body soft tiny">
        {count(found.length, "series", "series")}
        {found.length > SHOWN && `, the first ${SHOWN} shown: type to narrow`}
        {page.next !== null && "; more exist than were loaded: open one by its address"}
      </p>
    </>
  );
}

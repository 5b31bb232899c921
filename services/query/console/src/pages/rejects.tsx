// What was refused: by whom it came, why, where, and its original bytes.

import { DateFilter, TextFilter } from "../components/filter-fields";
import { withParams } from "../api/client";
import type { Reject, RejectPage } from "../api/types";
import { useResource } from "../api/use-resource";
import { FilterBox } from "../components/filter-box";
import { Tag, Time, UnitLink } from "../components/parts";
import { RejectOriginal } from "../components/reject-original";
import { Empty, Loaded, Skeleton } from "../components/states";
import { count } from "../lib/format";
import { navigate, usePlace } from "../lib/router";
import { address, changed, dayAfter } from "../lib/url-state";
import { capital, plain } from "../lib/words";

const PAGE = 50;
const FILTERS = ["publisher", "reason", "capture_id", "since", "until"];

export function RejectsPage() {
  const { params } = usePlace();
  const value = (name: string) => params.get(name)?.trim() ?? "";
  const until = value("until");
  const page = useResource<RejectPage>(
    withParams("/v1/rejects", {
      publisher: value("publisher"),
      reason: value("reason"),
      capture_id: value("capture_id"),
      since: value("since"),
      until: until === "" ? "" : dayAfter(until),
      limit: PAGE,
      cursor: params.get("cursor"),
    }),
    { keep: true },
  );
  const set = FILTERS.filter((name) => value(name) !== "");
  const change = (changes: Record<string, string | null>) =>
    navigate(address("/rejects", changed(params, { ...changes, cursor: null })));
  const shared = { params, change };
  const text = (name: string, label: string, placeholder: string) => (
    <TextFilter {...shared} name={name} label={label} placeholder={placeholder} />
  );
  const date = (name: string, label: string) => <DateFilter {...shared} name={name} label={label} />;
  return (
    <>
      <header class="page-head">
        <h1>Rejects</h1>
        <p class="soft small">Nothing is dropped silently: what was refused is kept here as it came.</p>
      </header>
      <section class="card" aria-label="Rejects by filter">
        <FilterBox set={set.length}>
          <form class="filters" aria-label="Filter rejects" onSubmit={(event) => event.preventDefault()}>
            {text("publisher", "Publisher", "GLN of the party")}
            {text("reason", "Reason", "such as event_id_conflict")}
            {text("capture_id", "Capture", "id of the capture job")}
            {date("since", "From (recorded, UTC)")}
            {date("until", "To (recorded, UTC)")}
            <div class="filters-end">
              <button
                type="button"
                disabled={set.length === 0}
                onClick={() => change(Object.fromEntries(FILTERS.map((name) => [name, null])))}
              >
                Clear filters
              </button>
            </div>
          </form>
        </FilterBox>
        <Loaded from={page} skeleton={<Skeleton lines={10} />}>
          {(data) =>
            data.rejects.length === 0 ? (
              <Empty title={set.length > 0 ? "Nothing refused fits these filters" : "Nothing was refused"}>
                <p>
                  {set.length > 0
                    ? "Clear a filter to see more."
                    : "Every document and event that came was accepted. A partner's refused events appear here with the reason and their original bytes."}
                </p>
              </Empty>
            ) : (
              <div class={page.loading ? "stale" : ""}>
                <ul class="rejects">
                  {data.rejects.map((reject) => (
                    <RejectItem key={reject.reject_id} reject={reject} />
                  ))}
                </ul>
                <nav class="pager" aria-label="Pages of rejects">
                  <span>
                    {params.has("cursor") && (
                      <a href={address("/rejects", changed(params, { cursor: null }))}>Newest</a>
                    )}
                  </span>
                  <span class="soft small">{count(data.rejects.length, "reject")} on this page</span>
                  <span>
                    {data.next !== null && (
                      <a href={address("/rejects", changed(params, { cursor: data.next }))}>Older</a>
                    )}
                  </span>
                </nav>
              </div>
            )
          }
        </Loaded>
      </section>
    </>
  );
}

function RejectItem({ reject }: { reject: Reject }) {
  return (
    <li>
      <div class="reject-head">
        <h2>{capital(plain(reject.reason))}</h2>
        <Tag>{reject.stage}</Tag>
        <span class="soft small">
          <Time iso={reject.record_time} />
        </span>
        {reject.publisher && (
          <a class="small" href={`/rejects?publisher=${encodeURIComponent(reject.publisher)}`}>
            from {reject.publisher}
          </a>
        )}
      </div>
      <p>{reject.message}</p>
      <p class="soft small reject-where">
        {reject.place && (
          <span>
            at <code>{reject.place}</code>
          </span>
        )}
        {reject.event_index !== null && <span>event {reject.event_index + 1} of its document</span>}
        {reject.event_id && <code>{reject.event_id}</code>}
        {reject.unit && <UnitLink epc={reject.unit} whole />}
        {reject.source && (
          <code>
            {reject.source.topic}
            {reject.source.offset !== null && ` ${reject.source.partition}/${reject.source.offset}`}
          </code>
        )}
        {reject.capture_id && (
          <a href={`/rejects?capture_id=${encodeURIComponent(reject.capture_id)}`}>same capture</a>
        )}
      </p>
      <RejectOriginal reject={reject} />
    </li>
  );
}

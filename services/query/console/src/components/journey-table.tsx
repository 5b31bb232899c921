import type { Read } from "../api/types";
import { plain } from "../lib/words";
import { LocalTime, PlaceName, Tag, UnitLink } from "./parts";

interface Props {
  reads: Read[];
  lit: string | undefined;
  light: (gln: string | undefined) => void;
}

/** How a read came to the unit: itself, or along which containers. */
function How({ read }: { read: Read }) {
  if (!read.inherited) {
    return (
      <span class="stacked">
        <span>
          <span class="dot" aria-hidden="true" /> itself
        </span>
        {read.role === "child" && read.parent && (
          <span class="soft tiny">
            {read.action === "DELETE" ? "out of " : "into "}
            <UnitLink epc={read.parent} />
          </span>
        )}
      </span>
    );
  }
  return (
    <span class="stacked">
      <span>
        <span class="dot hollow" aria-hidden="true" /> through its container
      </span>
      <span class="path tiny">
        {(read.path.length > 0 ? read.path : read.parent ? [read.parent] : []).map((container, at) => (
          <span key={container}>
            {at > 0 && <span class="soft"> › </span>}
            <UnitLink epc={container} />
          </span>
        ))}
      </span>
    </span>
  );
}

/** The journey in order of event time, read by read. */
export function JourneyTable({ reads, lit, light }: Props) {
  return (
    <table class="journey stacks">
      <caption class="hidden">Reads in order of event time</caption>
      <thead>
        <tr>
          <th>Time there, and UTC</th>
          <th>Step</th>
          <th>Place</th>
          <th>How it was read</th>
          <th>Event</th>
        </tr>
      </thead>
      <tbody>
        {reads.map((read) => {
          const gln = read.site?.gln;
          return (
            <tr
              key={`${read.event_id} ${read.role} ${read.path.join()}`}
              class={`${read.inherited ? "through" : ""}${gln !== undefined && gln === lit ? " chosen" : ""}`}
              onPointerEnter={() => light(gln)}
              onPointerLeave={() => light(undefined)}
              onFocusCapture={() => light(gln)}
            >
              <td>
                <LocalTime iso={read.event_time} offset={read.zone_offset} />
              </td>
              <td>
                <span class="stacked">
                  <strong>{plain(read.biz_step) || plain(read.event_type)}</strong>
                  <span class="soft tiny">
                    {[plain(read.disposition), read.scan_kind && `${read.scan_kind} scan`]
                      .filter(Boolean)
                      .join(" · ")}
                  </span>
                </span>
                {read.clock_suspect && <Tag tone="medium">clock doubtful</Tag>}
                {read.beyond_horizon && <Tag>beyond horizon</Tag>}
              </td>
              <td>
                <PlaceName
                  gln={gln ?? read.read_point}
                  name={read.site?.name ?? null}
                  kind={read.site?.kind ?? null}
                  country={read.site?.country ?? null}
                />
              </td>
              <td>
                <How read={read} />
              </td>
              <td>
                <span class="stacked">
                  <span class="small">
                    {read.event_type} {read.action}
                  </span>
                  <code class="tiny event-id" title={read.event_id}>
                    {read.event_id}
                  </code>
                </span>
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

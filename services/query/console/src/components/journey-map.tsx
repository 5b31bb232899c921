import type { Read } from "../api/types";
import { count } from "../lib/format";
import { route } from "../lib/journey";
import { country } from "../lib/words";
import { Empty } from "./states";
import { WorldMap } from "./world-map";

interface Props {
  reads: Read[];
  /** GLN of the place to be emphasised. */
  lit: string | undefined;
  light: (gln: string | undefined) => void;
}

/** The journey on a map: solid where the unit itself was read, hollow where only a container around it. */
export function JourneyMap({ reads, lit, light }: Props) {
  const { stops, legs, nowhere } = route(reads);
  if (stops.length === 0) {
    return (
      <Empty title="No place to show">
        <p>None of its reads is at a place whose coordinates are known.</p>
      </Empty>
    );
  }
  return (
    <>
      <WorldMap
        label={`Map of the journey: ${count(stops.length, "place")}`}
        points={stops.map((stop) => ({
          id: stop.gln,
          at: [stop.longitude, stop.latitude],
          radius: 7,
          text: `${stop.order}. ${stop.name}`,
          label: `${stop.order}. ${stop.name}, ${country(stop.country)}: ${count(stop.events.length, "read")}, ${
            stop.direct ? "the unit itself" : "only through a container"
          }`,
          ...(stop.direct ? {} : { look: "inherited" as const }),
        }))}
        lines={legs.map((leg) => ({
          id: `${leg.from.gln} ${leg.to.gln} ${leg.event}`,
          from: [leg.from.longitude, leg.from.latitude],
          to: [leg.to.longitude, leg.to.latitude],
          dashed: leg.inherited,
        }))}
        lit={lit}
        light={light}
        spread
      />
      <ul class="legend">
        <li>
          <svg width="30" height="12" aria-hidden="true" class="map-key">
            <g class="stop">
              <circle cx="6" cy="6" r="4.5" />
            </g>
            <path class="leg" d="M12 6h18" />
          </svg>
          read itself
        </li>
        <li>
          <svg width="30" height="12" aria-hidden="true" class="map-key">
            <g class="stop inherited">
              <circle cx="6" cy="6" r="4.5" />
            </g>
            <path class="leg inherited" d="M12 6h18" />
          </svg>
          read through a container around it
        </li>
        <li>numbers: order in which the places were first reached</li>
        {nowhere > 0 && <li>{count(nowhere, "read")} without coordinates not shown</li>}
      </ul>
    </>
  );
}

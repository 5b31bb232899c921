// A journey as stops on a map: reads by place, in the order the places were first reached, and the legs
// between them.

import type { Read } from "../api/types";

export interface Stop {
  gln: string;
  name: string;
  country: string | null;
  latitude: number;
  longitude: number;
  /** Event ids of the reads there. */
  events: string[];
  /** Whether the unit itself was read there at least once. */
  direct: boolean;
  /** 1 = where it was read first. */
  order: number;
}

export interface Leg {
  from: Stop;
  to: Stop;
  /** Whether the arriving read came through a container. */
  inherited: boolean;
  /** Event id of the arriving read. */
  event: string;
}

export interface Route {
  stops: Stop[];
  legs: Leg[];
  /** Reads whose place has no coordinates. */
  nowhere: number;
}

/** Stops and legs of reads in event-time order. */
export function route(reads: Read[]): Route {
  const stops = new Map<string, Stop>();
  const legs: Leg[] = [];
  let before: Stop | undefined;
  let nowhere = 0;
  for (const read of reads) {
    const { site } = read;
    if (site === null || site.latitude === null || site.longitude === null) {
      nowhere += 1;
      continue;
    }
    let stop = stops.get(site.gln);
    if (stop === undefined) {
      stop = {
        gln: site.gln,
        name: site.name ?? site.gln,
        country: site.country,
        latitude: site.latitude,
        longitude: site.longitude,
        events: [],
        direct: false,
        order: stops.size + 1,
      };
      stops.set(site.gln, stop);
    }
    stop.events.push(read.event_id);
    stop.direct ||= !read.inherited;
    if (before !== undefined && before !== stop) {
      legs.push({ from: before, to: stop, inherited: read.inherited, event: read.event_id });
    }
    before = stop;
  }
  return { stops: [...stops.values()], legs, nowhere };
}

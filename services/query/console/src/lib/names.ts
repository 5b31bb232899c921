// Names of places and parties, as a unit's trace tells them.

import type { Trace } from "../api/types";

export interface Names {
  place: (gln: string | null | undefined) => string;
  party: (gln: string | null | undefined) => string;
  /** The UTC offset an event was read at, where the trace has the event. */
  offset: (event: string) => string | undefined;
}

/** Names out of a trace; what it does not name keeps its GLN. */
export function namesOf(trace: Trace | undefined): Names {
  const places = new Map<string, string>();
  const parties = new Map<string, string>();
  const offsets = new Map<string, string>();
  for (const read of trace?.journey ?? []) {
    if (read.site?.name) places.set(read.site.gln, read.site.name);
    offsets.set(read.event_id, read.zone_offset);
  }
  for (const custody of trace?.custody ?? []) {
    if (custody.name) parties.set(custody.party, custody.name);
  }
  const named = (names: Map<string, string>) => (gln: string | null | undefined) =>
    gln ? (names.get(gln) ?? gln) : "an unknown place";
  return { place: named(places), party: named(parties), offset: (event) => offsets.get(event) };
}

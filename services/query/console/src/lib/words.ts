// The field's codes in plain words.

export interface RuleWords {
  name: string;
  /** Why such an alert is raised, in one sentence. */
  why: string;
}

const RULES: Record<string, RuleWords> = {
  UNKNOWN_SERIAL: {
    name: "Unknown serial",
    why: "The serial was read, but within the grace period nobody had registered, commissioned or produced it: it may be invented.",
  },
  DUPLICATE_SCAN: {
    name: "Duplicate scan",
    why: "The unit was dispensed, sold or destroyed although an earlier scan had already ended it: one pack cannot leave the chain twice.",
  },
  IMPOSSIBLE_TRAVEL: {
    name: "Impossible travel",
    why: "Two neighbouring reads lie too far apart for the time between them: no transport is that fast, so two packs may carry one serial.",
  },
  CLONE_LIKELY: {
    name: "Clone likely",
    why: "The reads of this serial fit two packs moving apart better than one: the code was probably copied.",
  },
  OUT_OF_TERRITORY: {
    name: "Out of territory",
    why: "The unit was read at a trading place in a country outside the markets it was made for: it may have been diverted.",
  },
  CUSTODY_BREAK: {
    name: "Custody break",
    why: "A party received or shipped the unit without having been handed it: the chain of custody has a gap.",
  },
  AGGREGATION_MISMATCH: {
    name: "Aggregation mismatch",
    why: "The unit was read where its container is not, or a container held other units than were packed into it.",
  },
  DATA_MISMATCH: {
    name: "Data mismatch",
    why: "The lot or expiry read from the pack differs from what was registered or commissioned for its serial.",
  },
  STATUS_VIOLATION: {
    name: "Status violation",
    why: "The unit was handled as goods although its status forbids it: recalled, withdrawn, expired, stolen or decommissioned.",
  },
  MISSING_IN_TRANSIT: {
    name: "Missing in transit",
    why: "It was shipped, and nothing of it was read at its destination within the time such a way takes.",
  },
  SCAN_VELOCITY: {
    name: "Scan velocity",
    why: "One unit was verified more often, or from more devices, than one pack in one pair of hands would be.",
  },
  SERIAL_GUESSING: {
    name: "Serial guessing",
    why: "A site or device asked for many serials that do not exist: somebody may be trying out numbers.",
  },
  HOTSPOT: {
    name: "Hotspot",
    why: "More suspicious reads gather in one area, lot, container or custodian than chance explains.",
  },
};

export const RULE_NAMES = Object.keys(RULES);

/** A code as words: retail_selling -> retail selling. */
export function plain(code: string | null | undefined): string {
  return (code ?? "").replaceAll("_", " ");
}

/** With a capital first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A rule in words; one that is not known here by its own name. */
export function rule(code: string): RuleWords {
  return RULES[code] ?? { name: capital(plain(code.toLowerCase())), why: "" };
}

const CAUSES: Record<string, string> = {
  likely_time_zone_error:
    "Probably a wrong time zone: with one read shifted by its UTC offset or an hour the journey is possible.",
  likely_operator_error: "Probably a slip of an operator or scanner, not a forged code.",
};

/** A likely innocent cause in a sentence. */
export function cause(code: string): string {
  return CAUSES[code] ?? `${capital(plain(code))}.`;
}

/** The same in a few words, for a table. */
export function shortCause(code: string): string {
  return plain(code.replace(/^likely_/, "likely "));
}

const REASONS: Record<string, string> = {
  recalled: "its lot is recalled",
  withdrawn: "its lot is withdrawn",
  expired: "it had expired",
  stolen: "it is reported stolen",
  decommissioned: "it is decommissioned",
  locked: "it is locked",
  undo: "a state was taken back outside the conditions for that",
  unauthorised_issuer: "commissioned by a party that may not issue it",
};

/** The reason of a violation as a clause. */
export function reason(code: string): string {
  return REASONS[code] ?? plain(code);
}

const BROKEN: Record<string, string> = {
  stolen: "the pack is stolen",
  for_destruction: "the pack was meant for destruction",
  other_state: "another state was taken back than the one set",
  too_late: "it was too late",
  other_party: "it was another party",
  other_premises: "it was at other premises",
  expired: "the pack had expired",
};

/** A condition an undo broke, as a clause. */
export function broken(code: string): string {
  return BROKEN[code] ?? plain(code);
}

const SLIPS: Record<string, string> = {
  missing_separator: "The serial runs into the expiry and lot: a scanner lost the separator between them.",
  gtin_appended: "The serial ends in the product's own number, as if it had been typed after it.",
};

/** A misread the serial gives away, in a sentence. */
export function slip(code: string): string {
  return SLIPS[code] ?? `${capital(plain(code))}.`;
}

const RETRACTED: Record<string, string> = {
  became_known: "the serial was issued after all",
  superseded: "an earlier read took its place, under another alert",
  arrived: "it arrived",
};

/** Why an alert was taken back, as a clause. */
export function retraction(code: string): string {
  return RETRACTED[code] ?? plain(code);
}

const WHEREABOUTS: Record<string, { name: string; what: string }> = {
  at_site: { name: "At a site", what: "last read at a place" },
  in_transit: { name: "In transit", what: "shipped, not received since" },
  sold: { name: "Sold", what: "dispensed or sold, not returned" },
  ended: { name: "Ended", what: "destroyed, decommissioned or exported" },
  unseen: { name: "Unseen", what: "in the registry, never read" },
};

export const WHEREABOUTS_CODES = Object.keys(WHEREABOUTS);

/** Where a unit is, in words. */
export function whereabouts(code: string): { name: string; what: string } {
  return WHEREABOUTS[code] ?? { name: capital(plain(code)), what: "" };
}

const ENDS: Record<string, string> = {
  unpacked: "unpacked",
  unpacked_all: "the container was emptied",
  new_life: "the container was filled anew",
  packed_elsewhere: "packed into another container",
  terminal_read: "sold, dispensed or destroyed",
};

/** Why a stay in a container ended. */
export function endCause(code: string | null): string {
  return code === null ? "" : (ENDS[code] ?? plain(code));
}

const SERVICES: Record<string, string> = {
  gateway: "takes events in",
  dispatcher: "sorts out repeats, one message per unit",
  enricher: "registry, containers, inherited reads",
  detector: "judges every unit by the rules",
  sink: "writes to ClickHouse",
  query: "answers this console",
  notifier: "tells people of alerts",
  forecaster: "demand and forecasts",
};

/** What a service does, in a few words. */
export function service(name: string): string {
  return SERVICES[name] ?? "";
}

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** A country's name of its ISO 3166-1 alpha-2 code. */
export function country(code: string | null | undefined): string {
  if (!code) return "unknown country";
  try {
    return REGIONS.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The GS1 key in a Digital Link of ours, decoded: 01/…/21/…; other text as it is. */
export function keyOf(epc: string): string {
  const match = /^https:\/\/id\.gs1\.org\/(.+)$/.exec(epc);
  if (match?.[1] === undefined) return epc;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}

/** A unit's key short enough for a table: the serial of an item, the SSCC of a container. */
export function shortKey(epc: string): string {
  const key = keyOf(epc);
  const item = /^01\/(\d{14})\/21\/(.+)$/.exec(key);
  if (item) return `${item[2]}`;
  const container = /^00\/(\d{18})$/.exec(key);
  return container ? `SSCC ${container[1]}` : key;
}

/** Console addresses of things. */
export const unitLink = (epcOrKey: string): string => `/unit?id=${encodeURIComponent(keyOf(epcOrKey))}`;
export const recallLink = (gtin: string, lot: string): string =>
  `/recall?gtin=${encodeURIComponent(gtin)}&lot=${encodeURIComponent(lot)}`;
export const demandLink = (gtin: string): string => `/demand?gtin=${encodeURIComponent(gtin)}`;

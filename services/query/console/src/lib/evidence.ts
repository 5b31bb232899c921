// Evidence in sentences: what was found, for each rule, out of the JSON the rule wrote.

import type { Evidence, EvidenceLeg, EvidenceRead, EvidenceViolation } from "../api/types";
import { count, day, decimal, span, utc, whole } from "./format";
import type { Names } from "./names";
import { broken, country, plain, reason, slip } from "./words";

/** One finding, with the reads it rests on. */
export interface Finding {
  sentences: string[];
  reads: EvidenceRead[];
}

/** Parts of evidence that are told elsewhere or are plain counts. */
const TOLD = new Set([
  "events_total",
  "reads",
  "scans",
  "repeats",
  "registered",
  "legs",
  "legs_total",
  "shifted",
  "violations",
  "by_reason",
  "countries",
  "markets",
  "markets_of",
  "foreign_gtin",
  "grace_hours",
  "commissioned_by",
  "slip",
]);

const list = (codes: string[]) => codes.map((code) => country(code)).join(", ");

const and = (parts: string[]) =>
  parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;

function leg(of: EvidenceLeg, names: Names): string {
  const between = Date.parse(of.arrived) - Date.parse(of.left);
  return (
    `From ${names.place(of.from_place)} (left ${utc(of.left)}) to ${names.place(of.to_place)} ` +
    `(arrived ${utc(of.arrived)}): ${whole(of.km)} km in ${span(between)}. Even with the allowances for ` +
    `clocks and distance that is ${whole(of.kmh)} km/h.`
  );
}

function violation(of: EvidenceViolation, names: Names): string {
  const { read, because } = of;
  const what = `${plain(read.step ?? "a read")} at ${names.place(read.place)} on ${utc(read.time)}`;
  if (because.expiry)
    return `${what}, although it had expired: the last good day was ${day(because.expiry)}.`;
  if (because.broken) {
    return `${what} took a state back although ${and(because.broken.map(broken))}.`;
  }
  const since = because.since ? ` since ${utc(because.since)}` : "";
  return `${what}, although ${reason(of.reason)}${since}.`;
}

/** What the evidence of an alert says. */
export function finding(evidence: Evidence, names: Names): Finding {
  const sentences: string[] = [];
  for (const each of evidence.legs ?? []) sentences.push(leg(each, names));
  const legs = evidence.legs_total ?? 0;
  if (legs > (evidence.legs ?? []).length) sentences.push(`${count(legs, "such leg")} in all.`);
  if (evidence.shifted) {
    const { minutes } = evidence.shifted;
    sentences.push(
      `Moved ${span(minutes * 60_000)} ${minutes < 0 ? "back" : "forward"}, one of the reads would fit the journey.`,
    );
  }
  for (const each of evidence.violations ?? []) sentences.push(violation(each, names));
  if (evidence.markets) {
    const whose = evidence.markets_of ? ` of its ${evidence.markets_of}` : "";
    sentences.push(
      `Read in ${list(evidence.countries ?? [])}; the markets${whose} are ${list(evidence.markets) || "none"}.`,
    );
  }
  if (evidence.grace_hours !== undefined) {
    sentences.push(
      evidence.commissioned_by
        ? `Commissioned by ${names.party(evidence.commissioned_by)}, who is not among the parties that may issue this product.`
        : `Nobody registered or commissioned it within ${count(evidence.grace_hours, "hour")} of its first read.`,
    );
  }
  if (evidence.foreign_gtin) sentences.push("The product itself is not registered here.");
  if (evidence.slip) sentences.push(slip(evidence.slip));
  if (evidence.scans) {
    const ends = evidence.scans.length;
    sentences.push(
      `${count(ends, "scan")} ended this unit's way, ${evidence.repeats === 1 ? "one" : whole(evidence.repeats)} of them too many.`,
    );
  }
  if (evidence.registered) {
    const since = evidence.registered.since ? ` since ${utc(evidence.registered.since)}` : "";
    sentences.push(`The registry says ${plain(evidence.registered.status)}${since}.`);
  }
  for (const [name, value] of Object.entries(evidence)) {
    if (TOLD.has(name) || value === null || typeof value === "object") continue;
    sentences.push(`${plain(name)}: ${typeof value === "number" ? decimal(value) : String(value)}`);
  }
  return { sentences, reads: readsOf(evidence) };
}

function readsOf(evidence: Evidence): EvidenceRead[] {
  const violations = (evidence.violations ?? []).map((each) => each.read);
  const legs = (evidence.legs ?? []).flatMap((each): EvidenceRead[] => [
    { event: each.from, time: each.left, ...(each.from_place ? { place: each.from_place } : {}) },
    { event: each.to, time: each.arrived, ...(each.to_place ? { place: each.to_place } : {}) },
  ]);
  const seen = new Set<string>();
  return [...(evidence.reads ?? []), ...(evidence.scans ?? []), ...violations, ...legs]
    .filter((read) => !seen.has(read.event) && seen.add(read.event))
    .sort((a, b) => a.time.localeCompare(b.time));
}

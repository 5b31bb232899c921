// Where a thing that was found leads to.

import type { Match } from "../api/types";
import { demandLink, recallLink, unitLink } from "./words";

export interface Target {
  to: string;
  name: string;
}

/** The pages about a match, the likeliest first. */
export function targets(match: Match | undefined): Target[] {
  if (match === undefined) return [];
  const { kind, key } = match;
  if (kind === "unit") return [{ to: unitLink(key), name: "Journey" }];
  if (kind === "alert") {
    return [{ to: `/alerts?status=any&alert=${encodeURIComponent(key)}`, name: "Alert" }];
  }
  const lot = /^01\/(\d{14})\/10\/(.+)$/.exec(key);
  const gtin = match.gtin ?? /^01\/(\d{14})/.exec(key)?.[1];
  if (kind === "lot" && gtin !== undefined) {
    const of = match.lot ?? lot?.[2] ?? "";
    return [
      { to: recallLink(gtin, of), name: "Where its units are" },
      { to: `/alerts?gtin=${gtin}&lot=${encodeURIComponent(of)}`, name: "Alerts of the lot" },
    ];
  }
  if (kind === "product" && gtin !== undefined) {
    return [
      { to: demandLink(gtin), name: "Demand and forecast" },
      { to: `/alerts?gtin=${gtin}`, name: "Alerts" },
      { to: `/recall?gtin=${gtin}`, name: "Recall a lot" },
    ];
  }
  if (kind === "place") {
    const gln = /^414\/(\d{13})/.exec(key)?.[1] ?? key;
    return [
      { to: `/alerts?site=${encodeURIComponent(gln)}`, name: "Alerts there" },
      { to: unitLink(key), name: "Events of the place" },
    ];
  }
  return [];
}

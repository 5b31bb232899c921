// History and forecast of a series on one axis of days.

import type { DemandDay, DifferenceRow, ForecastPoint, SeriesEntry } from "../api/types";

export interface ChartDay {
  day: string;
  demand?: DemandDay;
  forecast?: ForecastPoint;
  /** Mean of the version compared with. */
  other?: number;
}

/** First of the `count` days that end with `last`; nothing where no last day is known. */
export function firstOf(last: string | null, count: number): string | undefined {
  const end = last === null ? Number.NaN : Date.parse(`${last}T00:00:00Z`);
  return Number.isNaN(end) ? undefined : new Date(end - (count - 1) * 86_400_000).toISOString().slice(0, 10);
}

/** Days from the last `history` days known up to the last forecast, each once, in order. */
export function chartDays(
  days: DemandDay[],
  points: ForecastPoint[],
  others: DifferenceRow[],
  history: number,
): ChartDay[] {
  const byDay = new Map<string, ChartDay>();
  const at = (day: string): ChartDay => {
    const found = byDay.get(day) ?? { day };
    byDay.set(day, found);
    return found;
  };
  for (const day of history > 0 ? days.slice(-history) : days) at(day.day).demand = day;
  for (const point of points) at(point.day).forecast = point;
  for (const row of others) at(row.day).other = row.from_mean;
  const list = [...byDay.values()].sort((a, b) => a.day.localeCompare(b.day));
  return filled(list);
}

/** With the days in between that nobody named, so that the axis is even. */
function filled(list: ChartDay[]): ChartDay[] {
  const first = list[0];
  const last = list.at(-1);
  if (first === undefined || last === undefined) return list;
  const known = new Map(list.map((day) => [day.day, day]));
  const all: ChartDay[] = [];
  for (let time = Date.parse(`${first.day}T00:00:00Z`); ; time += 86_400_000) {
    const day = new Date(time).toISOString().slice(0, 10);
    all.push(known.get(day) ?? { day });
    if (day >= last.day || all.length > 2_000) return all;
  }
}

/** The band between the lowest and the highest level: indices, and what it is called. */
export function band(levels: number[]): { low: number; high: number; name: string } | undefined {
  if (levels.length < 2) return undefined;
  const low = levels[0] ?? 0;
  const high = levels.at(-1) ?? 1;
  const share = Math.round((high - low) * 100);
  return {
    low: 0,
    high: levels.length - 1,
    name: `${share} % band (${Math.round(low * 100)} % to ${Math.round(high * 100)} % quantile)`,
  };
}

/** Series whose product, GTIN, country or unit of measure holds every word typed. */
export function searched(
  series: SeriesEntry[],
  text: string,
  countryName: (code: string) => string,
): SeriesEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return series;
  return series.filter((entry) => {
    const whole = `${entry.product ?? ""} ${entry.gtin} ${entry.country} ${countryName(entry.country)} ${entry.uom ?? ""}`;
    const lower = whole.toLowerCase();
    return words.every((word) => lower.includes(word));
  });
}

/** The series an address means: the one it names, or of those it leaves open the one with most demand. */
export function chosen(
  series: SeriesEntry[],
  gtin: string,
  country: string,
  uom: string,
): SeriesEntry | undefined {
  if (gtin === "") return undefined;
  const padded = gtin.padStart(14, "0");
  return series
    .filter(
      (entry) =>
        entry.gtin === padded &&
        (country === "" || entry.country === country) &&
        (uom === "" || (entry.uom || "units") === uom),
    )
    .sort((a, b) => b.demand - a.demand)[0];
}

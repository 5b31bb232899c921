// Filters in the address: reading, changing, and turning them into what the API is asked.

/** The parameters with `changes` made: an empty or missing value takes a parameter out. */
export function changed(
  params: URLSearchParams,
  changes: Record<string, string | null | undefined>,
): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  return next;
}

/** An address of `path` with `params`. */
export function address(path: string, params: URLSearchParams | Record<string, string>): string {
  const text = new URLSearchParams(params).toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Filters of the alerts page that go to the API as they are. */
export const ALERT_FILTERS = [
  "rule",
  "severity",
  "status",
  "country",
  "gtin",
  "lot",
  "site",
  "unit",
  "since",
  "until",
] as const;

/** What the API is asked for a page of alerts. */
export function alertQuery(params: URLSearchParams): Record<string, string> {
  const query: Record<string, string> = {};
  for (const name of ALERT_FILTERS) {
    const value = params.get(name)?.trim();
    if (value) query[name] = name === "country" ? value.toUpperCase() : value;
  }
  // The day named last is part of what is asked; the API's `until` is exclusive.
  if (query.until && /^\d{4}-\d\d-\d\d$/.test(query.until)) query.until = dayAfter(query.until);
  return query;
}

/** The ISO date after one; text that is no date comes back as it is. */
export function dayAfter(day: string): string {
  const time = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(time) ? day : new Date(time + 86_400_000).toISOString().slice(0, 10);
}

/** How many filters are set, to be told beside the button that clears them. */
export function filtersSet(params: URLSearchParams): number {
  return ALERT_FILTERS.filter((name) => params.get(name)).length;
}

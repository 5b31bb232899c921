// Numbers and times as a person reads them. Times always name their zone.

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_NAMES = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

export const NONE = "–";

/** 1234567 -> 1,234,567. */
export function whole(value: number | null | undefined): string {
  return value === null || value === undefined || Number.isNaN(value) ? NONE : WHOLE.format(value);
}

/** With as many decimals as the size of the number asks for: 12,345, 123.4, 1.23. */
export function decimal(value: number | null | undefined, digits?: number): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  const places = digits ?? (size >= 1000 || Number.isInteger(value) ? 0 : size >= 100 ? 1 : 2);
  return new Intl.NumberFormat("en-GB", {
    minimumFractionDigits: digits ?? 0,
    maximumFractionDigits: places,
  }).format(value);
}

/** A share as per cent: 0.1234 -> 12.3 %. */
export function percent(share: number | null | undefined): string {
  return share === null || share === undefined || !Number.isFinite(share)
    ? NONE
    : `${decimal(share * 100, share === 0 || share === 1 ? 0 : 1)} %`;
}

/** With its sign, a true minus included. */
export function signed(value: number, digits?: number): string {
  const text = decimal(Math.abs(value), digits);
  return value > 0 ? `+${text}` : value < 0 ? `−${text}` : text;
}

/** One of a noun, or many: count(2, "unit") -> 2 units. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${whole(n)} ${n === 1 ? one : many}`;
}

const two = (n: number) => String(n).padStart(2, "0");

/** Minutes east of UTC of an offset such as +01:00; undefined if it is none. */
export function offsetMinutes(offset: string): number | undefined {
  if (offset === "Z") return 0;
  const match = /^([+-])(\d\d):(\d\d)$/.exec(offset);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return match[1] === "-" ? -minutes : minutes;
}

interface Told {
  date: string;
  time: string;
  zone: string;
}

/** Date, time of day and zone at an offset from UTC. */
export function told(iso: string, offset = "Z"): Told | undefined {
  const time = Date.parse(iso);
  const minutes = offsetMinutes(offset);
  if (Number.isNaN(time) || minutes === undefined) return undefined;
  const at = new Date(time + minutes * 60_000);
  return {
    date: `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`,
    time: `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`,
    zone: offset === "Z" ? "UTC" : `UTC${offset}`,
  };
}

/** 19 Jan 2026, 10:57:33 UTC. */
export function utc(iso: string | null | undefined): string {
  const at = iso ? told(iso) : undefined;
  return at === undefined ? (iso ?? NONE) : `${at.date}, ${at.time} UTC`;
}

/** 19 Jan 2026, 11:57:33 UTC+01:00: as the clock on the wall showed it. */
export function local(iso: string, offset: string): string {
  const at = told(iso, offset);
  return at === undefined ? utc(iso) : `${at.date}, ${at.time} ${at.zone}`;
}

/** An ISO date as Mon 19 Jan 2026. */
export function day(date: string | null | undefined): string {
  if (!date) return NONE;
  const time = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(time)) return date;
  const at = new Date(time);
  return `${DAY_NAMES[at.getUTCDay()]} ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()}`;
}

/** An ISO date as 19 Jan. */
export function shortDay(date: string): string {
  const time = Date.parse(`${date}T00:00:00Z`);
  if (Number.isNaN(time)) return date;
  const at = new Date(time);
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/** A length of time in its two largest units: 1 d 3 h, 34 min, 12 s. */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** Bytes in the unit that fits: 512 B, 12.3 kB. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const [size, unit] = n < 1_000_000 ? [n / 1000, "kB"] : [n / 1_000_000, "MB"];
  return `${decimal(size, 1)} ${unit}`;
}

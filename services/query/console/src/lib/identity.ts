// A unit's identity in the spellings people meet.

import { keyOf } from "./words";

export interface Spelling {
  name: string;
  text: string;
}

/** Company prefix lengths cannot be told from a key; these spellings need none. */
export function spellings(epc: string): Spelling[] {
  const key = keyOf(epc);
  const list: Spelling[] = [{ name: "Digital Link", text: epc }];
  const parts = /^(\d{2,4})\/([^/]+)(?:\/(\d{2,4})\/(.+))?$/.exec(key);
  if (parts !== null) {
    const [, ai, value, ai2, value2] = parts;
    list.push({ name: "Element string", text: `(${ai})${value}${ai2 ? `(${ai2})${value2}` : ""}` });
  }
  list.push({ name: "Key", text: key });
  return list;
}

/** The EPC URN of an SGTIN, SSCC or SGLN once the length of the company prefix is known. */
export function urn(key: string, prefixDigits: number): string | undefined {
  const item = /^01\/(\d)(\d{12})\d\/21\/(.+)$/.exec(key);
  if (item?.[1] !== undefined && item[2] !== undefined && item[3] !== undefined) {
    const [, indicator, body, serial] = item;
    return `urn:epc:id:sgtin:${body.slice(0, prefixDigits)}.${indicator}${body.slice(prefixDigits)}.${encodeUrn(serial)}`;
  }
  const container = /^00\/(\d)(\d{16})\d$/.exec(key);
  if (container?.[1] !== undefined && container[2] !== undefined) {
    const [, extension, body] = container;
    return `urn:epc:id:sscc:${body.slice(0, prefixDigits)}.${extension}${body.slice(prefixDigits)}`;
  }
  return undefined;
}

/** Serials in a URN escape what EPC Tag Data Standard 2.0 §6.3.1 asks to. */
function encodeUrn(serial: string): string {
  return serial.replace(
    /["%&/<>?#]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/**
 * The length of the company prefix, out of a URN of a place or party that begins with the same prefix;
 * undefined where none does: it cannot be told from the key alone.
 */
export function prefixLength(key: string, urns: (string | null)[]): number | undefined {
  const digits = /^01\/\d(\d{12})/.exec(key)?.[1] ?? /^00\/\d(\d{16})/.exec(key)?.[1];
  if (digits === undefined) return undefined;
  for (const place of urns) {
    const found = /^urn:epc:id:(?:sgln|pgln):(\d{6,12})\./.exec(place ?? "")?.[1];
    if (found !== undefined && digits.startsWith(found)) return found.length;
  }
  return undefined;
}

// What a text in the search box looks like. Only a hint while typing: the API decides what it is.

export type Looks =
  | "empty"
  | "element_string"
  | "digital_link"
  | "urn"
  | "unit_key"
  | "alert_id"
  | "gtin"
  | "gtin_and_more"
  | "sscc"
  | "gln_or_gtin"
  | "unclear";

/** FNC1 as scanners send it. */
const GS = "\u001d";

/** Whether a GS1 key of digits ends in its right check digit (GS1 General Specifications 7.9). */
export function checkDigitHolds(digits: string): boolean {
  if (!/^\d{2,}$/.test(digits)) return false;
  let sum = 0;
  for (let at = 0; at < digits.length; at += 1) {
    sum += Number(digits[digits.length - 1 - at]) * (at % 2 === 0 ? 1 : 3);
  }
  return sum % 10 === 0;
}

/** What the text looks like. */
export function looksLike(text: string): Looks {
  const typed = text.trim();
  if (typed === "") return "empty";
  if (/^\(\d{2,4}\)/.test(typed) || typed.includes(GS) || /^\](d2|C1|e0|Q3|J1)/.test(typed)) {
    return "element_string";
  }
  if (/^https?:\/\//i.test(typed)) return "digital_link";
  if (/^urn:/i.test(typed)) return "urn";
  if (/^\d{2,4}\/[^/\s]+/.test(typed)) return "unit_key";
  // A pack's code can have 32 digits too; then it begins with a GTIN that holds.
  const pack = /^01\d{14}(10|17|21)/.test(typed) && checkDigitHolds(typed.slice(2, 16));
  if (/^[0-9a-f]{32}$/i.test(typed) && !pack) return "alert_id";
  if (/^\d+$/.test(typed)) {
    if (typed.length === 18) return "sscc";
    if (typed.length === 13) return "gln_or_gtin";
    if ([8, 12, 14].includes(typed.length)) return "gtin";
    if (/^01\d{14}(10|17|21)/.test(typed) || /^00\d{18}$/.test(typed)) return "element_string";
    return "unclear";
  }
  if (/^(\d{8}|\d{12,14})[\s,;]+\S/.test(typed)) return "gtin_and_more";
  if (/^01\d{14}(10|17|21)/.test(typed)) return "element_string";
  return "unclear";
}

const SAID: Record<Looks, string> = {
  empty: "",
  element_string: "An element string, as a scanner reads it",
  digital_link: "A GS1 Digital Link",
  urn: "An EPC URN",
  unit_key: "A GS1 key",
  alert_id: "The id of an alert",
  gtin: "A GTIN",
  gtin_and_more: "A GTIN with a serial or lot",
  sscc: "An SSCC of a container",
  gln_or_gtin: "13 digits: a GLN or a GTIN",
  unclear: "",
};

/** A line under the box while somebody types; empty where there is nothing to say. */
export function typingHint(text: string): string {
  const looks = looksLike(text);
  const digits = text.trim();
  const keyed = looks === "gtin" || looks === "sscc" || looks === "gln_or_gtin";
  if (keyed && !checkDigitHolds(digits)) return `${SAID[looks]}, but its check digit does not fit`;
  return SAID[looks];
}

/** Shows the separator a scanner sends, which has no shape of its own. */
export function visible(text: string): string {
  return text.replaceAll(GS, "␝");
}

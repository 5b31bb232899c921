import { describe, expect, it } from "vitest";
import { checkDigitHolds, looksLike, typingHint, visible } from "./search";

describe("what a text looks like", () => {
  it.each([
    ["", "empty"],
    ["   ", "empty"],
    ["(01)09521000000018(21)ABC", "element_string"],
    ["010952100000001821ABC\u001d10L1", "element_string"],
    ["010952100000001821ABC", "element_string"],
    ["]d2010952100000001821ABC", "element_string"],
    ["https://id.gs1.org/01/09521000000018/21/ABC", "digital_link"],
    ["HTTPS://example.com/01/09521000000018", "digital_link"],
    ["urn:epc:id:sgtin:9521000.000001.ABC", "urn"],
    ["01/09521000000018/21/ABC", "unit_key"],
    ["414/9521002000016", "unit_key"],
    ["b66b80409d1764a66de10921bd27a85f", "alert_id"],
    ["01095212345432132112345678901234", "element_string"],
    ["09521000000018", "gtin"],
    ["95210007", "gtin"],
    ["9521002000016", "gln_or_gtin"],
    ["195210020000001133", "sscc"],
    ["00195210020000001133", "element_string"],
    ["09521000000018 ABC", "gtin_and_more"],
    ["09521000000018;L0000A", "gtin_and_more"],
    ["hello", "unclear"],
    ["12345", "unclear"],
  ])("%j looks like %s", (text, expected) => expect(looksLike(text)).toBe(expected));

  it("a wrong check digit is said while typing", () => {
    expect(checkDigitHolds("09521000000018")).toBe(true);
    expect(checkDigitHolds("09521000000019")).toBe(false);
    expect(typingHint("09521000000019")).toBe("A GTIN, but its check digit does not fit");
    expect(typingHint("195210020000001133")).toBe("An SSCC of a container");
  });

  it("the separator of a scanner is made visible", () => {
    expect(visible("21A\u001d10B")).toBe("21A␝10B");
  });
});

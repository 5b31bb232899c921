import { describe, expect, it } from "vitest";
import { address, alertQuery, changed, dayAfter, filtersSet } from "./url-state";

describe("filters in the address", () => {
  it("a change keeps the others, an empty value takes its parameter out", () => {
    const params = new URLSearchParams("rule=HOTSPOT&lot=L1&cursor=x");
    expect(changed(params, { lot: "L2", cursor: null, rule: "" }).toString()).toBe("lot=L2");
    expect(params.get("rule")).toBe("HOTSPOT");
  });

  it("only known filters go to the API", () => {
    const params = new URLSearchParams("rule=HOTSPOT&alert=1&cursor=c&theme=dark&country=de");
    expect(alertQuery(params)).toEqual({ rule: "HOTSPOT", country: "DE" });
    expect(filtersSet(params)).toBe(2);
  });

  it("the last day named is part of what is asked", () => {
    expect(alertQuery(new URLSearchParams("until=2026-02-28"))).toEqual({ until: "2026-03-01" });
    expect(dayAfter("2026-12-31")).toBe("2027-01-01");
    expect(dayAfter("nonsense")).toBe("nonsense");
  });

  it("values are encoded", () => {
    expect(address("/unit", { id: "01/1/21/a b&c" })).toBe("/unit?id=01%2F1%2F21%2Fa+b%26c");
    expect(address("/alerts", {})).toBe("/alerts");
  });
});

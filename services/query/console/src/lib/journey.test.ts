import { describe, expect, it } from "vitest";
import type { Read } from "../api/types";
import { prefixLength, spellings, urn } from "./identity";
import { route } from "./journey";
import { apart, placed } from "./labels";

const read = (event: string, gln: string | null, inherited: boolean): Read =>
  ({
    event_id: event,
    inherited,
    site: gln && { gln, name: gln, kind: null, country: "DE", latitude: 50, longitude: 8 },
  }) as Read;

describe("a journey on the map", () => {
  it("a place read directly once is solid, one read only through a container is hollow", () => {
    const { stops } = route([read("1", "a", false), read("2", "a", true), read("3", "b", true)]);
    expect(stops.map((stop) => [stop.gln, stop.direct, stop.order])).toEqual([
      ["a", true, 1],
      ["b", false, 2],
    ]);
  });

  it("legs join places that differ; reads nowhere are counted", () => {
    const { legs, nowhere } = route([
      read("1", "a", false),
      read("2", null, false),
      read("3", "b", true),
      read("4", "a", false),
    ]);
    expect(legs.map((leg) => [leg.from.gln, leg.to.gln, leg.inherited])).toEqual([
      ["a", "b", true],
      ["b", "a", false],
    ]);
    expect(nowhere).toBe(1);
  });
});

describe("spellings of an identity", () => {
  it("an item has its link, element string and key", () => {
    expect(spellings("https://id.gs1.org/01/09521000000018/21/A%2FB").map((said) => said.text)).toEqual([
      "https://id.gs1.org/01/09521000000018/21/A%2FB",
      "(01)09521000000018(21)A/B",
      "01/09521000000018/21/A/B",
    ]);
  });

  it("a URN is only written where another URN shows the company prefix", () => {
    const key = "01/09521000000018/21/A/B";
    expect(prefixLength(key, ["https://x", null])).toBeUndefined();
    expect(prefixLength(key, ["urn:epc:id:sgln:9521000.00001.0"])).toBe(7);
    expect(urn(key, 7)).toBe("urn:epc:id:sgtin:9521000.000001.A%2FB");
    expect(urn("00/195210020000001133", 7)).toBe("urn:epc:id:sscc:9521002.1000000113");
  });
});

describe("names on the map", () => {
  const point = (id: string, x: number, y: number) => ({ id, x, y, radius: 6, text: "a place" });

  it("never cover each other", () => {
    const labels = placed([point("a", 100, 100), point("b", 118, 101)], 400, 200);
    expect(labels.get("a")?.anchor).not.toBe(labels.get("b")?.anchor);
  });

  it("turn to the other side at the edge", () => {
    expect(placed([point("a", 390, 100)], 400, 200).get("a")?.anchor).toBe("end");
  });

  it("of points on one spot stand apart", () => {
    const [a, b] = apart([point("a", 50, 50), point("b", 50, 50)]);
    expect(Math.hypot((a?.x ?? 0) - (b?.x ?? 0), (a?.y ?? 0) - (b?.y ?? 0))).toBeGreaterThan(11);
  });
});

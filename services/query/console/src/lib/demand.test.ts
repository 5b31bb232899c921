import { describe, expect, it } from "vitest";
import type { DemandDay, SeriesEntry } from "../api/types";
import { band, chartDays, chosen, firstOf, searched } from "./demand";

const known = (day: string, complete = true): DemandDay => ({
  day,
  demand: 1,
  sold: 1,
  returned: 0,
  repeated: 0,
  complete,
});

const series = (gtin: string, country: string, demand: number): SeriesEntry => ({
  gtin,
  product: "Aldenta 100",
  country,
  uom: null,
  first_day: null,
  last_day: null,
  days: 1,
  demand,
  forecast: "ok",
});

describe("days of the chart", () => {
  it("history and forecast share one even axis; days nobody named are gaps", () => {
    const days = chartDays(
      [known("2026-01-01"), known("2026-01-03")],
      [{ day: "2026-01-05", mean: 2, quantiles: [1, 3] }],
      [],
      0,
    );
    expect(days.map((at) => at.day)).toEqual([
      "2026-01-01",
      "2026-01-02",
      "2026-01-03",
      "2026-01-04",
      "2026-01-05",
    ]);
    expect(days[1]).toEqual({ day: "2026-01-02" });
  });

  it("an open day that is forecast too carries both", () => {
    const [at] = chartDays(
      [known("2026-01-01", false)],
      [{ day: "2026-01-01", mean: 2, quantiles: [] }],
      [],
      0,
    );
    expect(at?.demand?.complete).toBe(false);
    expect(at?.forecast?.mean).toBe(2);
  });

  it("the history asked for bounds the past only", () => {
    const days = chartDays(
      [known("2026-01-01"), known("2026-01-02")],
      [{ day: "2026-01-03", mean: 1, quantiles: [] }],
      [],
      1,
    );
    expect(days.map((at) => at.day)).toEqual(["2026-01-02", "2026-01-03"]);
  });

  it("nothing gives nothing", () => expect(chartDays([], [], [], 90)).toEqual([]));
});

describe("the band", () => {
  it("lies between the outermost levels and is named by them", () => {
    expect(band([0.1, 0.5, 0.9])).toEqual({ low: 0, high: 2, name: "80 % band (10 % to 90 % quantile)" });
    expect(band([0.5])).toBeUndefined();
  });
});

describe("choosing a series", () => {
  const all = [
    series("09521000000018", "DE", 3),
    series("09521000000018", "PT", 9),
    series("09521000000025", "DE", 99),
  ];

  it("a product without a country means its largest market", () => {
    expect(chosen(all, "9521000000018", "", "")?.country).toBe("PT");
    expect(chosen(all, "09521000000018", "DE", "")?.demand).toBe(3);
    expect(chosen(all, "09521000000018", "FR", "")).toBeUndefined();
    expect(chosen(all, "", "", "")).toBeUndefined();
  });

  it("every word typed must be found", () => {
    const name = (code: string) => (code === "DE" ? "Germany" : "Portugal");
    expect(searched(all, "aldenta germany", name)).toHaveLength(2);
    expect(searched(all, "000025 germ", name)).toHaveLength(1);
    expect(searched(all, "france", name)).toHaveLength(0);
  });
});

describe("the days asked for", () => {
  it("are the last ones, so that a long history does not hide them", () => {
    expect(firstOf("2026-03-01", 1)).toBe("2026-03-01");
    expect(firstOf("2026-03-01", 2)).toBe("2026-02-28");
    expect(firstOf("2026-03-01", 1000)).toBe("2023-06-06");
    expect(firstOf(null, 1000)).toBeUndefined();
  });
});

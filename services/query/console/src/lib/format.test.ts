import { describe, expect, it } from "vitest";
import {
  bytes,
  count,
  day,
  decimal,
  local,
  offsetMinutes,
  percent,
  signed,
  span,
  utc,
  whole,
} from "./format";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [1234567, "1,234,567"],
    [null, "–"],
  ])("%s is grouped as %s", (value, expected) => expect(whole(value)).toBe(expected));

  it.each([
    [12345.6, "12,346"],
    [123.45, "123.5"],
    [1.234, "1.23"],
    [3, "3"],
    [Number.NaN, "–"],
  ])("%s has the decimals its size asks for: %s", (value, expected) => expect(decimal(value)).toBe(expected));

  it("a share is told in per cent, whole where it is none or all", () => {
    expect(percent(0.1834)).toBe("18.3 %");
    expect(percent(0)).toBe("0 %");
    expect(percent(null)).toBe("–");
  });

  it("a change carries its sign", () => {
    expect([signed(2), signed(-2.5), signed(0)]).toEqual(["+2", "−2.5", "0"]);
  });

  it("one is singular, everything else plural", () => {
    expect([count(1, "unit"), count(0, "unit"), count(2, "series", "series")]).toEqual([
      "1 unit",
      "0 units",
      "2 series",
    ]);
  });

  it("bytes come in the unit that fits", () => {
    expect([bytes(512), bytes(12_345), bytes(8_400_000)]).toEqual(["512 B", "12.3 kB", "8.4 MB"]);
  });
});

describe("times", () => {
  it("an instant is told in UTC and says so", () => {
    expect(utc("2026-01-19T10:57:33.612Z")).toBe("19 Jan 2026, 10:57:33 UTC");
    expect(utc(null)).toBe("–");
    expect(utc("soon")).toBe("soon");
  });

  it.each([
    ["+01:00", "19 Jan 2026, 11:57:33 UTC+01:00"],
    ["-08:00", "19 Jan 2026, 02:57:33 UTC-08:00"],
    ["+05:30", "19 Jan 2026, 16:27:33 UTC+05:30"],
    ["Z", "19 Jan 2026, 10:57:33 UTC"],
  ])("at offset %s the clock on the wall showed %s", (offset, expected) =>
    expect(local("2026-01-19T10:57:33.612Z", offset)).toBe(expected),
  );

  it("the local date may be another than in UTC", () => {
    expect(local("2026-01-19T23:30:00Z", "+02:00")).toBe("20 Jan 2026, 01:30:00 UTC+02:00");
  });

  it("an offset that is none falls back to UTC", () => {
    expect(offsetMinutes("CET")).toBeUndefined();
    expect(local("2026-01-19T10:57:33Z", "CET")).toBe("19 Jan 2026, 10:57:33 UTC");
  });

  it("a day has its weekday", () => {
    expect(day("2026-01-25")).toBe("Sun 25 Jan 2026");
  });

  it.each([
    [12_000, "12 s"],
    [34 * 60_000, "34 min"],
    [27 * 3_600_000 + 46 * 60_000, "27 h 46 min"],
    [53 * 3_600_000, "2 d 5 h"],
    [-3_600_000, "1 h"],
  ])("%s ms is %s", (ms, expected) => expect(span(ms)).toBe(expected));
});

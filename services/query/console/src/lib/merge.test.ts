import { describe, expect, it } from "vitest";
import type { Alert } from "../api/types";
import { finding } from "./evidence";
import { merged } from "./merge";
import { namesOf } from "./names";

const alert = (id: string, time: string, revision = 1, status = "open"): Alert =>
  ({ alert_id: id, event_time: time, revision, status }) as Alert;

const ids = (alerts: Alert[]) => alerts.map((each) => each.alert_id);

describe("alerts that come while the list is shown", () => {
  const listed = [alert("b", "2026-02-02"), alert("a", "2026-02-01")];

  it("stand at their time, each once", () => {
    expect(ids(merged(listed, [alert("c", "2026-02-03"), alert("a", "2026-02-01")], "open", false))).toEqual([
      "c",
      "b",
      "a",
    ]);
  });

  it("parts of a second count", () => {
    const whole = [alert("whole", "2026-02-01T10:00:00Z")];
    const parts = ["2026-02-01T10:00:00.5Z", "2026-02-01T10:00:00.25Z"].map((time) => alert(time, time));
    expect(ids(merged(whole, parts, "open", false))).toEqual([
      "2026-02-01T10:00:00.5Z",
      "2026-02-01T10:00:00.25Z",
      "whole",
    ]);
  });

  it("a retraction takes its alert out of the open ones, and shows among all", () => {
    const gone = alert("b", "2026-02-02", 2, "retracted");
    expect(ids(merged(listed, [gone], "open", false))).toEqual(["a"]);
    expect(merged(listed, [gone], "any", false)[0]?.status).toBe("retracted");
  });

  it("an older revision changes nothing", () => {
    const known = [alert("b", "2026-02-02", 3)];
    expect(merged(known, [alert("b", "2026-02-02", 2, "retracted")], "open", false)).toEqual(known);
  });

  it("one that belongs to a later page stays out", () => {
    expect(ids(merged(listed, [alert("z", "2026-01-01")], "open", true))).toEqual(["b", "a"]);
  });
});

describe("evidence in words", () => {
  const names = namesOf(undefined);

  it("a leg tells distance, time and speed", () => {
    const { sentences, reads } = finding(
      {
        legs: [
          {
            from: "e1",
            to: "e2",
            left: "2026-01-28T09:45:47Z",
            arrived: "2026-01-28T10:20:08Z",
            from_place: "A",
            to_place: "B",
            km: 9245.6,
            kmh: 12440,
          },
        ],
        legs_total: 1,
      },
      names,
    );
    expect(sentences[0]).toContain("9,246 km in 34 min");
    expect(sentences[0]).toContain("12,440 km/h");
    expect(reads.map((read) => read.event)).toEqual(["e1", "e2"]);
  });

  it("what no sentence is known for is still told", () => {
    expect(finding({ devices_seen: 7 }, names).sentences).toEqual(["devices seen: 7"]);
  });

  it("a violation tells since when it was forbidden", () => {
    const { sentences } = finding(
      {
        violations: [
          {
            read: { event: "e", time: "2026-01-27T22:27:58Z", step: "dispensing", place: "P" },
            reason: "recalled",
            because: { since: "2026-01-17T05:23:28Z", source: "s" },
          },
        ],
      },
      names,
    );
    expect(sentences).toEqual([
      "dispensing at P on 27 Jan 2026, 22:27:58 UTC, although its lot is recalled since 17 Jan 2026, 05:23:28 UTC.",
    ]);
  });
});

import { expect, test } from "vitest";
import { answerWithin } from "./client";

test("what goes over a whole lot is waited for as long as the API takes at most", () => {
  for (const path of ["/v1/recall?gtin=1&lot=L", "/v1/where?gtin=1", "/v1/where"]) {
    expect(answerWithin(path)).toBeGreaterThan(60_000);
  }
  for (const path of ["/v1/overview", "/v1/alerts?lot=/v1/recall", "/v1/recalls"]) {
    expect(answerWithin(path)).toBeLessThan(60_000);
  }
});

import { expect, test } from "vitest";
import { Problem } from "./client";
import { afterFailure } from "./use-resource";

const away = new Problem(503, "Not now", "ClickHouse does not answer.", "clickhouse_unreachable");
const shown = { path: "/v1/recall?lot=A", data: "lot A", problem: undefined, loading: true, at: 1 };

test("what was answered before stays on screen while the same question fails", () => {
  expect(afterFailure(shown, "/v1/recall?lot=A", away)).toMatchObject({ data: "lot A", at: 1, problem: away });
});

test("an answer to another question never stands in for one that failed", () => {
  const after = afterFailure(shown, "/v1/recall?lot=B", away);
  expect(after).toEqual({
    path: "/v1/recall?lot=B",
    data: undefined,
    problem: away,
    loading: false,
    at: undefined,
  });
});

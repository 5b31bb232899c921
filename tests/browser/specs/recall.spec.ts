import { readFileSync } from "node:fs";
import { expect, settled, test } from "./watch";

interface Recall {
  totals: {
    units: number;
    by_whereabouts: Record<string, number>;
    by_country: { country: string | null; units: number }[];
  };
}

test("a lot shows how many units are where, by country", async ({ page, demo }) => {
  const { gtin, lot } = await demo.recalledLot();
  const recall = await demo.get<Recall>(`/v1/recall?gtin=${gtin}&lot=${lot}`);
  await page.goto(`/recall?gtin=${gtin}&lot=${lot}`);
  await settled(page);
  await expect(page.locator(".figures > div").first()).toContainText(recall.totals.units.toLocaleString("en-GB"));
  await expect(page.locator("table.countries tbody tr")).toHaveCount(recall.totals.by_country.length);
  await expect(page.locator(".map .stop").first()).toBeVisible();
  await expect(page.getByText("recalled", { exact: true })).toBeVisible();
});

test("whereabouts filter the units", async ({ page, demo }) => {
  const { gtin, lot } = await demo.recalledLot();
  await page.goto(`/recall?gtin=${gtin}&lot=${lot}`);
  await page.getByRole("link", { name: "Sold" }).click();
  await expect(page).toHaveURL(/whereabouts=sold/);
  await expect(page.getByText("Only: Sold")).toBeVisible();
  await expect(page.locator("table.rows tbody tr").filter({ hasNotText: "Sold" })).toHaveCount(0);
});

test("all units are saved as CSV, one a line", async ({ page, demo }) => {
  const { gtin, lot } = await demo.recalledLot();
  const recall = await demo.get<Recall>(`/v1/recall?gtin=${gtin}&lot=${lot}`);
  await page.goto(`/recall?gtin=${gtin}&lot=${lot}`);
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "CSV" }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe(`recall-${gtin}-${lot}.csv`);
  const lines = readFileSync(await file.path(), "utf8").trim().split("\n");
  expect(lines).toHaveLength(recall.totals.units + 1);
});

test("the form leads to the lot", async ({ page, demo }) => {
  const { gtin, lot } = await demo.recalledLot();
  await page.goto("/recall");
  await page.getByLabel("GTIN of the product").fill(gtin);
  await page.getByLabel("Lot, as on the pack").fill(lot);
  await page.getByLabel("Lot, as on the pack").press("Enter");
  await expect(page.locator("h1")).toContainText(lot);
});

test("an unknown lot is told to be unknown", async ({ page, demo, watch }) => {
  watch.expectStatus(404);
  const { gtin } = await demo.recalledLot();
  await page.goto(`/recall?gtin=${gtin}&lot=NO-SUCH-LOT`);
  await expect(page.getByRole("alert")).toContainText("NO-SUCH-LOT");
});

test("a malformed GTIN is told to be one", async ({ page, watch }) => {
  watch.expectStatus(400);
  await page.goto("/recall?gtin=123&lot=A");
  await expect(page.getByRole("alert")).toContainText("GTIN \"123\"");
});

import { readFileSync } from "node:fs";
import { expect, settled, test } from "./watch";

/** What the console calls where units are, the likeliest first. */
const WHEREABOUTS = { sold: "Sold", at_site: "At a site", in_transit: "In transit", ended: "Ended", unseen: "Unseen" };
/** Units on a page of the console. */
const PAGE = 50;

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
  const { totals } = await demo.get<Recall>(`/v1/recall?gtin=${gtin}&lot=${lot}`);
  // One that some units have and some have not: the filter has to leave some out.
  const [code, name] = Object.entries(WHEREABOUTS).find(([code]) => {
    const units = totals.by_whereabouts[code] ?? 0;
    return units > 0 && units < totals.units;
  }) ?? [];
  if (code === undefined || name === undefined) throw new Error("all units of the lot are in one state");
  const shown = Math.min(totals.by_whereabouts[code] ?? 0, PAGE);
  await page.goto(`/recall?gtin=${gtin}&lot=${lot}`);
  await page.locator(".figures").getByRole("link", { name }).click();
  await expect(page).toHaveURL(new RegExp(`whereabouts=${code}`));
  await expect(page.getByText(`Only: ${name}`)).toBeVisible();
  const rows = page.locator("table.rows tbody tr");
  await expect(rows).toHaveCount(shown);
  await expect(rows.filter({ has: page.locator(".badge", { hasText: name }) })).toHaveCount(shown);
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

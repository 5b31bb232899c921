import { expect, settled, test } from "./watch";

test("from search to a unit by keyboard alone", async ({ page, demo }) => {
  const { unit } = await demo.packedUnit();
  const [, gtin, , serial] = unit.split("/");
  await page.goto("/");
  await settled(page);
  await page.keyboard.press("/");
  await expect(page.locator("#search")).toBeFocused();
  await page.keyboard.type(`(01)${gtin}(21)${serial}`);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/unit\?id=/);
  await expect(page.locator("h1")).toContainText(serial ?? "");
  await expect(page.locator("main")).toBeFocused();
});

test("every spelling of a unit leads to it", async ({ page, demo }) => {
  const { unit } = await demo.packedUnit();
  const [, gtin, , serial] = unit.split("/");
  const spellings = [`https://id.gs1.org/${unit}`, unit, `${gtin} ${serial}`, `01${gtin}21${serial}`];
  for (const text of spellings) {
    await page.goto("/rejects");
    await page.locator("#search").fill(text);
    await page.locator("#search").press("Enter");
    await expect(page.locator("h1"), text).toContainText(serial ?? "");
  }
});

test("a GTIN with a lot leads to the recall of the lot", async ({ page, demo }) => {
  const { gtin, lot } = await demo.packedUnit();
  await page.goto("/");
  await page.locator("#search").fill(`${gtin} ${lot}`);
  await page.locator("#search").press("Enter");
  // One match has two pages to choose from.
  await expect(page.getByRole("list", { name: "Found" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.locator("h1")).toContainText(`Recall lot ${lot}`);
});

test("the id of an alert opens it", async ({ page, demo }) => {
  const alert = await demo.alert("DUPLICATE_SCAN");
  await page.goto("/");
  await page.locator("#search").fill(alert.alert_id);
  await page.locator("#search").press("Enter");
  await expect(page.getByRole("complementary", { name: "The alert" })).toContainText(alert.alert_id);
});

test("what nobody understands is answered with what may be typed", async ({ page }) => {
  await page.goto("/");
  await page.locator("#search").fill("hello world");
  await page.locator("#search").press("Enter");
  await expect(page.getByText("Nothing is known by “hello world”")).toBeVisible();
  await expect(page.getByText("What may be typed or scanned")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByText("What may be typed or scanned")).toBeHidden();
});

test("a wrong check digit is told while typing", async ({ page }) => {
  await page.goto("/");
  await page.locator("#search").fill("09521000000019");
  await expect(page.locator("#search-hint")).toHaveText(/check digit does not fit/);
});

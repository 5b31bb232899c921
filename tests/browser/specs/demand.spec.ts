import { expect, settled, test } from "./watch";

test("a series is found by typing and shown as chart and table", async ({ page, demo }) => {
  const series = await demo.bestSeries();
  await page.goto("/demand");
  await page.getByLabel("Product, GTIN or country").fill(`${series.gtin} ${series.country}`);
  await page.locator(".series-list a").first().click();
  await expect(page).toHaveURL(new RegExp(`gtin=${series.gtin}&country=${series.country}`));
  await settled(page);
  await expect(page.getByRole("img", { name: /Demand and forecast/ })).toBeVisible();
  await page.getByText("The same as a table").click();
  await expect(page.getByRole("columnheader", { name: "Returned" })).toBeVisible();
});

test("a forecast has its band and says how far to trust it", async ({ page, demo }) => {
  const series = await demo.bestSeries();
  expect(series.forecast, "a series with a forecast").toBe("ok");
  await page.goto(`/demand?gtin=${series.gtin}&country=${series.country}`);
  await settled(page);
  await expect(page.locator("polygon.band")).toHaveAttribute("points", /\d/);
  for (const figure of ["WAPE", "MASE", "Bias", "Coverage"]) {
    await expect(page.locator(".errors dt", { hasText: figure })).toBeVisible();
  }
  await expect(page.getByLabel("Forecast version")).toBeVisible();
});

test("a series without a forecast says why", async ({ page, demo }) => {
  const without = (await demo.series()).find((series) => series.forecast !== "ok");
  test.skip(without === undefined, "every series of this world has a forecast");
  await page.goto(`/demand?gtin=${without?.gtin}&country=${without?.country}`);
  await settled(page);
  await expect(page.getByRole("heading", { name: /Too short|Nothing to forecast|No forecast/ })).toBeVisible();
});

test("demand is saved as CSV and Parquet", async ({ page, demo }) => {
  const series = await demo.bestSeries();
  await page.goto(`/demand?gtin=${series.gtin}&country=${series.country}`);
  await settled(page);
  const group = page.getByRole("group", { name: "Demand as" });
  for (const format of ["CSV", "Parquet"]) {
    const saved = page.waitForEvent("download");
    await group.getByRole("button", { name: format }).click();
    expect((await saved).suggestedFilename()).toContain(series.gtin);
  }
});

test("a product nobody bought is said to have no series", async ({ page }) => {
  await page.goto("/demand?gtin=09599999999995");
  await expect(page.getByRole("heading", { name: "No such series" })).toBeVisible();
});

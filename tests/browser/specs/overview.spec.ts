import { expect, settled, test } from "./watch";

interface Overview {
  totals: { events: number; alerts_open: number };
  services: { name: string; up: boolean }[];
}

test("the totals are the API's, grouped", async ({ page, demo }) => {
  const overview = await demo.get<Overview>("/v1/overview");
  await page.goto("/");
  await settled(page);
  const events = page.locator(".figures div", { hasText: "Events" }).first();
  await expect(events).toContainText(overview.totals.events.toLocaleString("en-GB"));
  await expect(page.getByText(/As of .* UTC/)).toBeVisible();
});

test("every service is up or down in words", async ({ page, demo }) => {
  const { services } = await demo.get<Overview>("/v1/overview");
  expect(services.length, "services").toBeGreaterThan(0);
  await page.goto("/");
  for (const service of services) {
    const row = page.getByRole("row").filter({ has: page.getByText(service.name, { exact: true }) });
    await expect(row.locator(".badge")).toHaveText(service.up ? /up$/ : /down$/);
  }
});

test("the page asks again by itself, and not while its tab is hidden", async ({ page }) => {
  let asked = 0;
  page.on("request", (request) => {
    if (request.url().includes("/v1/overview")) asked += 1;
  });
  await page.goto("/");
  await expect.poll(() => asked, { timeout: 15_000 }).toBeGreaterThan(1);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  const before = asked;
  await page.waitForTimeout(7_000);
  expect(asked).toBe(before);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await expect.poll(() => asked).toBeGreaterThan(before);
});

test("a rule leads to its alerts, and back leads back", async ({ page, demo }) => {
  const { rule } = await demo.alert("DUPLICATE_SCAN");
  await page.goto("/");
  await page.getByRole("list", { name: "Open alerts by rule" }).getByRole("link", { name: "Duplicate scan" }).click();
  await expect(page).toHaveURL(new RegExp(`/alerts\\?rule=${rule}`));
  await expect(page.locator("h1")).toHaveText("Alerts");
  await page.goBack();
  await expect(page.locator("h1")).toHaveText("Overview");
});

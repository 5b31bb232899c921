import { expect, settled, test } from "./watch";

test("the skip link is the first stop and leads to the page", async ({ page }) => {
  await page.goto("/rejects");
  await settled(page);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the page" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("main")).toBeFocused();
});

test("light or dark is kept in this browser", async ({ page }) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/rejects");
  const light = await ground();
  const toggle = page.getByRole("button", { name: /Colours/ });
  await toggle.click();
  await toggle.click();
  await expect(toggle).toHaveAccessibleName(/Dark/);
  const dark = await ground();
  expect(dark).not.toBe(light);
  await page.reload();
  expect(await ground()).toBe(dark);
});

test("an address of no page says so", async ({ page }) => {
  await page.goto("/alerts");
  await page.evaluate(() => {
    history.pushState(null, "", "/nowhere");
    dispatchEvent(new PopStateEvent("popstate"));
  });
  await expect(page.getByText("There is no such page")).toBeVisible();
});

for (const path of ["/", "/alerts", "/unit", "/recall", "/demand", "/rejects"]) {
  test(`nothing of ${path} is wider than a phone`, async ({ page }) => {
    await page.setViewportSize({ width: 400, height: 800 });
    await page.goto(path);
    await settled(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(400);
  });
}

test("while the API is away old data stays under a banner, and the page recovers by itself", async ({
  page,
  watch,
}) => {
  await page.goto("/");
  await settled(page);
  watch.expectOutage();
  await page.route("**/v1/**", (route) => route.abort("connectionrefused"));
  await expect(page.locator(".banner")).toContainText("cannot be reached", { timeout: 15_000 });
  await expect(page.locator(".figures")).toBeVisible();
  await page.unroute("**/v1/**");
  await expect(page.locator(".banner")).toHaveCount(0, { timeout: 25_000 });
});

test("ClickHouse away from the start: the API's words, a retry, and recovery", async ({ page, watch }) => {
  watch.expectOutage();
  await page.route("**/v1/overview", (route) =>
    route.fulfill({
      status: 503,
      contentType: "application/problem+json",
      body: JSON.stringify({
        title: "Not available",
        detail: "ClickHouse did not answer within 15s",
        reason: "clickhouse_unreachable",
        status: 503,
      }),
    }),
  );
  await page.goto("/");
  await expect(page.getByRole("alert")).toContainText("ClickHouse did not answer within 15s");
  await page.unroute("**/v1/overview");
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.locator(".figures")).toBeVisible();
});

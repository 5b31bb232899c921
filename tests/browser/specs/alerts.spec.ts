import { expect, settled, test } from "./watch";

test("filters go into the address and into what is shown", async ({ page, demo }) => {
  const expected = await demo.alerts("&rule=IMPOSSIBLE_TRAVEL");
  expect(expected.length, "alerts of the rule in this world").toBeGreaterThan(0);
  await page.goto("/alerts");
  await settled(page);
  await page.getByLabel("Rule").selectOption("IMPOSSIBLE_TRAVEL");
  await expect(page).toHaveURL(/rule=IMPOSSIBLE_TRAVEL/);
  await expect(page.locator("tbody tr")).toHaveCount(Math.min(expected.length, 50));
  await expect(page.locator("tbody tr").filter({ hasNotText: "Impossible travel" })).toHaveCount(0);
  await page.getByRole("button", { name: "Clear 1 filter" }).click();
  await expect(page).toHaveURL(/\/alerts$/);
});

test("a filter nothing fits says so", async ({ page }) => {
  await page.goto("/alerts?country=AQ");
  await expect(page.getByText("No alert matches")).toBeVisible();
});

test("pages follow each other by link and by the back button", async ({ page, demo }) => {
  const alerts = await demo.alerts();
  test.skip(alerts.length <= 50, "this world has a single page of alerts");
  await page.goto("/alerts");
  await settled(page);
  const first = await page.locator("tbody tr a.row-link").first().getAttribute("id");
  await page.getByRole("link", { name: "Older" }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(page.locator(`#${first}`)).toHaveCount(0);
  await page.goBack();
  await expect(page.locator(`#${first}`)).toHaveCount(1);
});

test("an opened alert tells why, what was found and about which unit", async ({ page, demo }) => {
  const alert = await demo.alert("IMPOSSIBLE_TRAVEL");
  await page.goto(`/alerts?alert=${alert.alert_id}`);
  const panel = page.getByRole("complementary", { name: "The alert" });
  await expect(panel.getByRole("heading", { name: "Impossible travel" })).toBeFocused();
  await expect(panel).toContainText("no transport is that fast");
  await expect(panel).toContainText(/km in .*km\/h/);
  await expect(panel.getByText(/UTC[+-]\d\d:\d\d/).first()).toBeVisible();
  await panel.getByRole("link", { name: alert.unit }).click();
  await expect(page).toHaveURL(/\/unit\?id=/);
});

for (const rule of ["UNKNOWN_SERIAL", "DUPLICATE_SCAN", "OUT_OF_TERRITORY", "STATUS_VIOLATION"]) {
  test(`evidence of ${rule} is told in words`, async ({ page, demo }) => {
    const alert = await demo.alert(rule);
    await page.goto(`/alerts?rule=${rule}&alert=${alert.alert_id}`);
    const said = page.locator(".sentences li");
    await expect(said.first()).toHaveText(/^[A-Z0-9].{20,}\.$/);
    await expect(page.getByText("Evidence as stored (JSON)")).toBeVisible();
  });
}

test("an alert beyond the page shown opens by its address", async ({ page, demo }) => {
  const alerts = await demo.alerts("&rule=DUPLICATE_SCAN");
  const last = alerts.at(-1);
  await page.goto(`/alerts?rule=UNKNOWN_SERIAL&alert=${last?.alert_id}`);
  await expect(page.getByRole("heading", { name: "Duplicate scan" })).toBeVisible();
});

test("an id no alert has is said to have none", async ({ page }) => {
  await page.goto("/alerts?alert=00000000000000000000000000000000");
  await expect(page.getByText("There is no such alert")).toBeVisible();
});

test("Escape closes the alert and returns to its row", async ({ page, demo }) => {
  const alert = await demo.alert("DUPLICATE_SCAN");
  await page.goto(`/alerts?rule=DUPLICATE_SCAN&alert=${alert.alert_id}`);
  await expect(page.getByRole("heading", { name: "Duplicate scan" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary", { name: "The alert" })).toHaveCount(0);
  await expect(page.locator(`#alert-${alert.alert_id}`)).toBeFocused();
});

test("a new alert comes in live, is marked and announced", async ({ page, demo }) => {
  const known = await demo.alert("DUPLICATE_SCAN");
  const fresh = {
    ...known,
    alert_id: "feedfeedfeedfeedfeedfeedfeedfeed",
    event_time: "2099-01-01T00:00:00Z",
    revision: 1,
  };
  let sent = false;
  await page.route("**/v1/stream/alerts*", async (route) => {
    const body = sent ? ": nothing new\n\n" : `event: alert\nid: 1\ndata: ${JSON.stringify(fresh)}\n\n`;
    sent = true;
    await route.fulfill({ contentType: "text/event-stream", body });
  });
  await page.goto("/alerts");
  await expect(page.locator(`#alert-${fresh.alert_id}`)).toBeVisible();
  const row = page.locator("tbody tr").first();
  await expect(row).toContainText("new");
  await expect(page.locator("[aria-live]")).toHaveText(/New alert: Duplicate scan/);
  await expect(page.locator(".live")).toHaveText(/reconnecting|Live/);
});

test("the stream is live against the running service", async ({ page }) => {
  await page.goto("/alerts");
  await expect(page.locator(".live")).toHaveText(/Live/, { timeout: 20_000 });
});

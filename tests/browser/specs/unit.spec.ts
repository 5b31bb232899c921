import { expect, settled, test } from "./watch";

test("a unit shows identity, journey, custody and containers", async ({ page, demo }) => {
  const { unit, journey, lot } = await demo.packedUnit();
  await page.goto(`/unit?id=${encodeURIComponent(unit)}`);
  await settled(page);
  for (const name of ["Digital Link", "Element string", "Key"]) {
    await expect(page.locator("dt", { hasText: name })).toBeVisible();
  }
  await expect(page.getByRole("link", { name: lot, exact: true }).first()).toBeVisible();
  await expect(page.locator("table.journey tbody tr")).toHaveCount(journey.length);
  await expect(page.getByRole("heading", { name: "Custody" })).toBeVisible();
  await expect(page.getByRole("heading", { name: "Inside of" })).toBeVisible();
});

test("inherited reads are told apart, with the containers they came through", async ({ page, demo }) => {
  const { unit, journey } = await demo.packedUnit();
  const inherited = journey.filter((read) => read.inherited);
  await page.goto(`/unit?id=${encodeURIComponent(unit)}`);
  await expect(page.getByText("through its container")).toHaveCount(inherited.length);
  const deepest = inherited.reduce((most, read) => Math.max(most, read.path.length), 0);
  const row = page.locator("table.journey tbody tr").nth(journey.findIndex((read) => read.path.length === deepest));
  await expect(row.locator(".path a")).toHaveCount(deepest);
  await row.locator(".path a").first().click();
  await expect(page.locator("h1")).toContainText("SSCC");
  await expect(page.getByRole("heading", { name: "Contents" })).toBeVisible();
});

test("times are told as the clock there showed them, and in UTC", async ({ page, demo }) => {
  const { unit, journey } = await demo.packedUnit();
  await page.goto(`/unit?id=${encodeURIComponent(unit)}`);
  const first = page.locator("table.journey tbody tr").first().locator("time");
  await expect(first).toContainText(`UTC${journey[0]?.zone_offset === "Z" ? "" : journey[0]?.zone_offset}`);
  await expect(first).toContainText(/\d\d:\d\d:\d\d UTC$/);
});

test("map and table light each other up", async ({ page, demo }) => {
  const { unit, journey } = await demo.packedUnit();
  await page.goto(`/unit?id=${encodeURIComponent(unit)}`);
  await settled(page);
  const places = new Set(journey.flatMap((read) => (read.site ? [read.site.gln] : [])));
  await expect(page.locator(".map .stop")).toHaveCount(places.size);
  await page.locator("table.journey tbody tr").first().hover();
  await expect(page.locator(".map .stop.lit")).toHaveCount(1);
  await page.locator(".map .stop").first().focus();
  await expect(page.locator("table.journey tr.chosen").first()).toBeVisible();
});

test("a unit nothing is known of is said to be unknown", async ({ page, watch }) => {
  watch.expectStatus(404);
  await page.goto("/unit?id=01/09521002000016/21/NOPE");
  await expect(page.getByRole("alert")).toContainText("nothing was ever loaded or reported");
});

test("a malformed identifier is told to be one", async ({ page, watch }) => {
  watch.expectStatus(400);
  await page.goto("/unit?id=hello");
  await expect(page.getByRole("alert")).toContainText("neither an EPC URN");
});

test("without an identifier the page asks for one", async ({ page, demo }) => {
  const { unit } = await demo.packedUnit();
  await page.goto("/unit");
  await page.getByLabel("Unit", { exact: true }).fill(unit);
  await page.getByRole("button", { name: "Show its journey" }).click();
  await expect(page.locator("table.journey")).toBeVisible();
});

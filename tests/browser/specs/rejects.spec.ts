import { expect, settled, test } from "./watch";

test("rejects of the running world are listed, or said to be none", async ({ page, demo }) => {
  const { rejects } = await demo.get<{ rejects: unknown[] }>("/v1/rejects?limit=50");
  await page.goto("/rejects");
  await settled(page);
  if (rejects.length === 0) await expect(page.getByText("Nothing was refused")).toBeVisible();
  else await expect(page.locator(".rejects > li")).toHaveCount(rejects.length);
});

test("a reject shows reason, place and its original bytes, text or not", async ({ page }) => {
  const reject = (id: string, text: string | null, base64: string, bytes: number) => ({
    reject_id: id,
    reason: "event_id_conflict",
    message: "another event has this id",
    place: "/epcisBody/eventList/0",
    stage: "dispatcher",
    event_id: "urn:uuid:1",
    unit: null,
    path: [],
    capture_id: "c1",
    event_index: 0,
    document_id: null,
    publisher: "9521022000003",
    record_time: "2026-02-04T17:15:00Z",
    source: { topic: "partner.9521022000003", partition: 1, offset: 42 },
    original: { bytes, complete: true, text, base64 },
  });
  await page.route("**/v1/rejects*", (route) =>
    route.fulfill({
      json: {
        rejects: [
          reject("r1", '{"type":"ObjectEvent"}', Buffer.from('{"type":"ObjectEvent"}').toString("base64"), 22),
          reject("r2", null, Buffer.from([0xff, 0x00, 0x41]).toString("base64"), 3),
        ],
        next: null,
      },
    }),
  );
  await page.goto("/rejects");
  const first = page.locator(".rejects > li").first();
  await expect(first).toContainText("Event id conflict");
  await expect(first).toContainText("/epcisBody/eventList/0");
  await first.getByText("Original, 22 B").click();
  await expect(first.locator("pre")).toContainText('"type": "ObjectEvent"');
  const second = page.locator(".rejects > li").nth(1);
  await second.getByText("Original, 3 B").click();
  await expect(second.locator("pre")).toContainText("ff 00 41");
});

test("filters that fit nothing say so", async ({ page }) => {
  await page.goto("/rejects?publisher=9599999999995");
  await expect(page.getByText("Nothing refused fits these filters")).toBeVisible();
});

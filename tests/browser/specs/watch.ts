// Every test watches its page: no error in the console, no request that fails, none that leaves.

import { test as base, expect, type Page } from "@playwright/test";
import { Demo } from "./demo";

export interface Watch {
  /** Answers with this status are part of the test. */
  expectStatus: (status: number) => void;
  /** Requests will be made to fail: neither they nor what the browser says of them count. */
  expectOutage: () => void;
}

const test = base.extend<{ demo: Demo; watch: Watch }>({
  demo: async ({ request }, use) => use(new Demo(request)),
  watch: [
    async ({ page, baseURL }, use) => {
      const found: string[] = [];
      const statuses = new Set<number>();
      let outage = false;
      const home = new URL(baseURL ?? "").origin;
      page.on("pageerror", (error) => found.push(`thrown: ${error.message}`));
      page.on("console", (message) => {
        if (message.type() !== "error" && message.type() !== "warning") return;
        const status = /status of (\d+)/.exec(message.text())?.[1];
        if (status !== undefined && statuses.has(Number(status))) return;
        if (outage && /Failed to load resource|ERR_/.test(message.text())) return;
        found.push(`console: ${message.text()}`);
      });
      page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol !== "blob:" && url.origin !== home) found.push(`left the house: ${request.url()}`);
      });
      page.on("requestfailed", (request) => {
        const why = request.failure()?.errorText ?? "";
        // Leaving a page ends what it still waits for, its event stream above all.
        if (!outage && why !== "net::ERR_ABORTED") found.push(`failed: ${request.url()} ${why}`);
      });
      page.on("response", (response) => {
        if (outage || response.status() < 400 || statuses.has(response.status())) return;
        found.push(`${response.status()}: ${response.url()}`);
      });
      await use({
        expectStatus: (status) => statuses.add(status),
        expectOutage: () => {
          outage = true;
        },
      });
      expect(found).toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until what was loading has come, and until the outlines of a map are drawn. */
export async function settled(page: Page): Promise<void> {
  await expect(page.locator("h1")).toBeVisible();
  await expect(page.locator(".skeleton")).toHaveCount(0);
  const land = page.locator(".land");
  if ((await land.count()) > 0) await expect(land).toHaveAttribute("d", /M/);
}

export { expect, test };

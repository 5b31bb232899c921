import { defineConfig } from "@playwright/test";

// Where the console of a running stack is, and which browser to use.
const console_url = process.env.SERIALTRAIL_CONSOLE_URL ?? "http://127.0.0.1:8415";
const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";

export default defineConfig({
  testDir: "specs",
  outputDir: "../../target/browser/results",
  fullyParallel: true,
  workers: 2,
  retries: 0,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    baseURL: console_url,
    viewport: { width: 1440, height: 900 },
    timezoneId: "Asia/Kolkata",
    locale: "en-GB",
    launchOptions: {
      executablePath: chromium,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});

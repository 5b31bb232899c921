import { addresses } from "./addresses";
import { settled, test } from "./watch";

const LOOKS = [
  { name: "light", scheme: "light", width: 1440, height: 900 },
  { name: "dark", scheme: "dark", width: 1440, height: 900 },
  { name: "narrow", scheme: "light", width: 420, height: 860 },
] as const;

// To be looked at by people; target/screenshots.
for (const look of LOOKS) {
  test(`every page as a picture, ${look.name}`, async ({ page, demo, watch }) => {
    test.setTimeout(180_000);
    watch.expectStatus(404);
    await page.emulateMedia({ colorScheme: look.scheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width: look.width, height: look.height });
    for (const [name, address] of await addresses(demo)) {
      await page.goto(address);
      await settled(page);
      await page.screenshot({ path: `../../target/screenshots/${name}-${look.name}.png`, fullPage: name !== "alert" });
    }
  });
}

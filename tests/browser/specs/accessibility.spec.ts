import AxeBuilder from "@axe-core/playwright";
import { addresses } from "./addresses";
import { expect, settled, test } from "./watch";

for (const scheme of ["light", "dark"] as const) {
  test(`no page has anything axe objects to, ${scheme}`, async ({ page, demo, watch }) => {
    test.setTimeout(180_000);
    watch.expectStatus(404);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    for (const [name, address] of await addresses(demo)) {
      await page.goto(address);
      await settled(page);
      const { violations } = await new AxeBuilder({ page }).analyze();
      const told = violations.map((found) => `${found.id}: ${found.nodes.map((node) => node.html).join(" | ")}`);
      expect.soft(told, `${name} (${scheme})`).toEqual([]);
    }
  });
}

// The shell around every page: navigation, search, banner of outages, and which page an address is.

import { useEffect, useRef } from "preact/hooks";
import { Navigation } from "./components/navigation";
import { OutageBanner } from "./components/outage-banner";
import { SearchBox } from "./components/search-box";
import { ThemeToggle } from "./components/theme-toggle";
import { announceIn } from "./lib/announce";
import { usePlace } from "./lib/router";
import { AlertsPage } from "./pages/alerts";
import { DemandPage } from "./pages/demand";
import { NotFoundPage } from "./pages/not-found";
import { OverviewPage } from "./pages/overview";
import { RecallPage } from "./pages/recall";
import { RejectsPage } from "./pages/rejects";
import { UnitPage } from "./pages/unit";

const PAGES: Record<string, { title: string; page: () => preact.JSX.Element }> = {
  "/": { title: "Overview", page: OverviewPage },
  "/alerts": { title: "Alerts", page: AlertsPage },
  "/unit": { title: "Unit", page: UnitPage },
  "/recall": { title: "Recall", page: RecallPage },
  "/demand": { title: "Demand", page: DemandPage },
  "/rejects": { title: "Rejects", page: RejectsPage },
};

export function App() {
  const { path } = usePlace();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const known = PAGES[path];
  const title = known?.title ?? "Not found";
  const Page = known?.page ?? NotFoundPage;

  useEffect(() => {
    document.title = `${title} · Serialtrail`;
    // A reader of screens hears of the new page; the first one begins at the top by itself.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [title]);

  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <Navigation path={path} />
      <div class="desk">
        <header class="top">
          <SearchBox />
          <ThemeToggle />
        </header>
        <OutageBanner />
        <main id="main" tabIndex={-1} ref={main}>
          <Page key={path} />
        </main>
      </div>
      <div class="hidden" aria-live="polite" ref={announceIn} />
    </div>
  );
}

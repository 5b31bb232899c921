const PAGES = [
  { path: "/", name: "Overview", mark: "M3 12h4l3-8 4 16 3-8h4" },
  { path: "/alerts", name: "Alerts", mark: "M12 4 3 20h18L12 4Zm0 6v5m0 2.4v.1" },
  { path: "/unit", name: "Unit", mark: "M4 8l8-4 8 4v8l-8 4-8-4V8Zm0 0 8 4 8-4m-8 4v8" },
  { path: "/recall", name: "Recall", mark: "M9 7H4V2m0 5a9 9 0 1 1-1 6" },
  { path: "/demand", name: "Demand", mark: "M4 20V10m5 10V4m5 16v-7m5 7V8" },
  { path: "/rejects", name: "Rejects", mark: "M6 6l12 12M18 6 6 18" },
];

/** Links to the pages. */
export function Navigation({ path }: { path: string }) {
  return (
    <nav class="nav" aria-label="Pages">
      <div class="nav-inner">
        <a class="brand" href="/" aria-label="Serialtrail, overview">
          <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
            <path d="M4 18 10 11l4 3 6-8" fill="none" stroke="currentColor" stroke-width="1.8" />
            <circle cx="4" cy="18" r="2.4" fill="currentColor" />
            <circle cx="20" cy="6" r="2.4" fill="currentColor" />
          </svg>
          <span>Serialtrail</span>
        </a>
        <ul>
          {PAGES.map((page) => (
            <li key={page.path}>
              <a href={page.path} aria-current={page.path === path ? "page" : undefined}>
                <svg viewBox="0 0 24 24" width="17" height="17" aria-hidden="true">
                  <path
                    d={page.mark}
                    fill="none"
                    stroke="currentColor"
                    stroke-width="1.8"
                    stroke-linecap="round"
                    stroke-linejoin="round"
                  />
                </svg>
                {page.name}
              </a>
            </li>
          ))}
        </ul>
      </div>
    </nav>
  );
}

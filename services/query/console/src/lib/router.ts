// The address bar as state: pages by path, everything else a page shows by its query parameters.

import { useEffect, useState } from "preact/hooks";

export interface Place {
  path: string;
  params: URLSearchParams;
}

const listeners = new Set<() => void>();

const here = (): Place => ({
  path: window.location.pathname.replace(/(.)\/+$/, "$1"),
  params: new URLSearchParams(window.location.search),
});

const tell = () => {
  for (const listener of listeners) listener();
};

/** Goes to an address of this console. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  const from = window.location.pathname;
  if (options.replace) window.history.replaceState(null, "", to);
  else window.history.pushState(null, "", to);
  tell();
  if (window.location.pathname !== from) window.scrollTo(0, 0);
}

/** Where the browser is; redraws when that changes. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const listener = () => setPlace(here());
    listeners.add(listener);
    listener();
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return place;
}

/** Whether a click on a link is ours to handle. */
function ours(event: MouseEvent, link: HTMLAnchorElement): boolean {
  return (
    event.button === 0 &&
    !event.defaultPrevented &&
    !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) &&
    link.origin === window.location.origin &&
    link.target === "" &&
    !link.hasAttribute("download") &&
    !/^\/(v1\/|assets\/|openapi\.json)/.test(link.pathname)
  );
}

/** Makes links of this console change the page without loading it anew. */
export function startRouter(): void {
  window.addEventListener("popstate", tell);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a");
    if (link === null || !link.hasAttribute("href") || !ours(event, link)) return;
    if (link.hash !== "" && link.pathname === window.location.pathname) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}

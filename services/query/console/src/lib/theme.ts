// Light or dark: the system's choice, unless a person chose here.

export type Theme = "system" | "light" | "dark";

const KEY = "serialtrail.theme";

/** The choice kept in this browser. */
export function keptTheme(): Theme {
  try {
    const kept = window.localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

/** Applies a choice and keeps it; a browser that keeps nothing still shows it. */
export function setTheme(theme: Theme): void {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === "system") window.localStorage.removeItem(KEY);
    else window.localStorage.setItem(KEY, theme);
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}

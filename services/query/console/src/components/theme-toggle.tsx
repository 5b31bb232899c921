import { useState } from "preact/hooks";
import { keptTheme, setTheme, type Theme } from "../lib/theme";

const NEXT: Record<Theme, Theme> = { system: "light", light: "dark", dark: "system" };
const NAMES: Record<Theme, string> = { system: "Auto", light: "Light", dark: "Dark" };

/** Goes round system, light, dark. */
export function ThemeToggle() {
  const [theme, choose] = useState(keptTheme);
  const next = () => {
    const chosen = NEXT[theme];
    setTheme(chosen);
    choose(chosen);
  };
  const label = `Colours: ${NAMES[theme]}. Change to ${NAMES[NEXT[theme]]}`;
  return (
    <button type="button" class="theme" onClick={next} aria-label={label} title={label}>
      <svg viewBox="0 0 24 24" width="16" height="16" aria-hidden="true">
        <circle cx="12" cy="12" r="8.5" fill="none" stroke="currentColor" stroke-width="1.8" />
        {theme !== "light" && (
          <path
            d={
              theme === "dark"
                ? "M12 3.5a8.5 8.5 0 0 1 0 17 8.5 8.5 0 0 1 0-17Z"
                : "M12 3.5a8.5 8.5 0 0 1 0 17Z"
            }
            fill="currentColor"
          />
        )}
      </svg>
      <span class="theme-name">{NAMES[theme]}</span>
    </button>
  );
}

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

/** Filters that fold away: unfolded at first where there is room for them. */
export function FilterBox({ set, children }: { set: number; children: ComponentChildren }) {
  const [open, setOpen] = useState(() => window.matchMedia("(min-width: 60rem)").matches);
  return (
    <details class="filter-box" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Filters{set > 0 ? `, ${set} set` : ""}</summary>
      {children}
    </details>
  );
}

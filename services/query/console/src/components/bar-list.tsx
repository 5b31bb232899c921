import type { ComponentChildren } from "preact";
import { whole } from "../lib/format";

export interface BarRow {
  key: string;
  name: ComponentChildren;
  value: number;
  /** Said after the number, small. */
  note?: string;
  to?: string;
  tone?: string;
}

/** Names with numbers and bars to compare them by; the number is always written out. */
export function BarList({ rows, label }: { rows: BarRow[]; label: string }) {
  const most = Math.max(...rows.map((row) => row.value), 1);
  return (
    <ul class="bars" aria-label={label}>
      {rows.map((row) => (
        <li key={row.key}>
          {row.to ? <a href={row.to}>{row.name}</a> : <span>{row.name}</span>}
          <span class="bars-number">
            {whole(row.value)}
            {row.note && <span class="soft tiny"> {row.note}</span>}
          </span>
          <svg class="bars-bar" height="5" width="100%" aria-hidden="true">
            <rect class="bar-ground" width="100%" height="5" rx="2" />
            <rect
              class={`bar-fill ${row.tone ?? ""}`}
              width={`${(row.value / most) * 100}%`}
              height="5"
              rx="2"
            />
          </svg>
        </li>
      ))}
    </ul>
  );
}

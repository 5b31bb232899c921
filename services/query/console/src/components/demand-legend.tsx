import { band } from "../lib/demand";

/** What the marks of the demand chart mean. */
export function DemandLegend({
  levels,
  open,
  compared,
}: {
  levels: number[];
  open: boolean;
  compared: boolean;
}) {
  const between = band(levels);
  return (
    <ul class="legend">
      <li>
        <svg width="14" height="12" aria-hidden="true">
          <rect class="history" width="14" height="12" />
        </svg>
        demand of a complete day
      </li>
      {open && (
        <li>
          <svg width="14" height="12" aria-hidden="true">
            <rect class="open-day" x="0.5" y="0.5" width="13" height="11" fill="url(#open-day)" />
          </svg>
          open day: events may still come
        </li>
      )}
      {levels.length > 0 && (
        <li>
          <svg width="18" height="12" aria-hidden="true">
            <path class="mean" d="M0 6h18" />
          </svg>
          forecast (mean)
        </li>
      )}
      {between && (
        <li>
          <svg width="14" height="12" aria-hidden="true">
            <rect class="band" width="14" height="12" />
          </svg>
          {between.name}
        </li>
      )}
      {compared && (
        <li>
          <svg width="18" height="12" aria-hidden="true">
            <path class="other-mean" d="M0 6h18" />
          </svg>
          mean of the version compared with
        </li>
      )}
    </ul>
  );
}

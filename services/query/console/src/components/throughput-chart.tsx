// Events and reads of the last hour, a bar a minute; reads are many times the events, so each has a panel.

import { useState } from "preact/hooks";
import type { Minute } from "../api/types";
import { told, whole } from "../lib/format";
import { linear, spread, ticks } from "../lib/scale";
import { useWidth } from "../lib/use-size";

const LEFT = 58;
const RIGHT = 12;
const PANEL = 148;
const GAP = 30;
const TOP = 18;
const AXIS = 20;

interface PanelProps {
  name: string;
  values: number[];
  top: number;
  width: number;
  shown: number | undefined;
  look: string;
}

function Panel({ name, values, top, width, shown, look }: PanelProps) {
  const marks = ticks(Math.max(...values, 1), 3);
  const most = marks.at(-1) ?? 1;
  const y = linear([0, most], [top + PANEL, top]);
  const step = (width - LEFT - RIGHT) / Math.max(values.length, 1);
  return (
    <g>
      <text class="chart-name" x={LEFT} y={top - 6}>
        {name}
      </text>
      {marks.map((mark) => (
        <g key={mark}>
          <line class="gridline" x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} />
          <text class="tick" x={LEFT - 6} y={y(mark) + 4} text-anchor="end">
            {whole(mark)}
          </text>
        </g>
      ))}
      {values.map((value, at) => (
        <rect
          // a minute is its place
          key={at}
          class={`${look}${shown === at ? " lit" : ""}`}
          x={LEFT + at * step + 0.5}
          width={Math.max(step - 1, 1)}
          y={y(value)}
          height={top + PANEL - y(value)}
        />
      ))}
    </g>
  );
}

export function ThroughputChart({ minutes }: { minutes: Minute[] }) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [shown, setShown] = useState<number>();
  const step = (width - LEFT - RIGHT) / Math.max(minutes.length, 1);
  const height = TOP + PANEL * 2 + GAP + AXIS;
  const at = shown === undefined ? undefined : minutes[shown];
  const peak = minutes.reduce((most, minute) => Math.max(most, minute.reads), 0);
  const label = (minute: Minute | undefined) => (minute ? (told(minute.minute)?.time.slice(0, 5) ?? "") : "");

  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT;
    const index = Math.floor(x / step);
    setShown(index >= 0 && index < minutes.length ? index : undefined);
  };

  return (
    <div class="chart" ref={ref}>
      <p class="chart-readout small" aria-hidden="true">
        {at
          ? `${label(at)} UTC: ${whole(at.events)} events, ${whole(at.reads)} reads`
          : `${label(minutes[0])} to ${label(minutes.at(-1))} UTC, a bar a minute`}
      </p>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Events and reads a minute from ${label(minutes[0])} to ${label(minutes.at(-1))} UTC; at most ${whole(peak)} reads in a minute`}
          onPointerMove={point}
          onPointerLeave={() => setShown(undefined)}
        >
          <Panel
            name="Events a minute"
            values={minutes.map((m) => m.events)}
            top={TOP}
            width={width}
            shown={shown}
            look="bar-1"
          />
          <Panel
            name="Reads a minute"
            values={minutes.map((m) => m.reads)}
            top={TOP + PANEL + GAP}
            width={width}
            shown={shown}
            look="bar-2"
          />
          {spread(minutes.length, Math.max(2, Math.floor(width / 80))).map((index) => (
            <text
              key={index}
              class="tick"
              x={LEFT + (index + 0.5) * step}
              y={height - 4}
              text-anchor={index === 0 ? "start" : "middle"}
            >
              {label(minutes[index])}
            </text>
          ))}
        </svg>
      )}
    </div>
  );
}

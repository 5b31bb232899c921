// Demand by day as bars, the forecast as its mean with a band of quantiles.

import { useState } from "preact/hooks";
import { band, type ChartDay } from "../lib/demand";
import { day as dayWords, decimal, shortDay } from "../lib/format";
import { linear, spread, ticks } from "../lib/scale";
import { useWidth } from "../lib/use-size";

const LEFT = 52;
const RIGHT = 14;
const TOP = 12;
const HEIGHT = 320;
const AXIS = 24;

interface Props {
  days: ChartDay[];
  levels: number[];
  unit: string;
}

/** The readout of one day in words. */
function said(at: ChartDay, levels: number[], unit: string): string {
  const parts = [dayWords(at.day)];
  if (at.demand) {
    parts.push(`demand ${decimal(at.demand.demand)} ${unit}${at.demand.complete ? "" : ", day still open"}`);
  }
  if (at.forecast) {
    const between = band(levels);
    const low = between && at.forecast.quantiles[between.low];
    const high = between && at.forecast.quantiles[between.high];
    parts.push(`forecast ${decimal(at.forecast.mean)} ${unit}`);
    if (low !== undefined && high !== undefined) parts.push(`${decimal(low)} to ${decimal(high)}`);
  }
  if (at.other !== undefined) parts.push(`other version ${decimal(at.other)}`);
  return parts.join(" · ");
}

export function DemandChart({ days, levels, unit }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [shown, setShown] = useState<number>();
  const between = band(levels);
  const most = Math.max(
    1,
    ...days.flatMap((at) => [
      at.demand?.demand ?? 0,
      at.forecast?.mean ?? 0,
      (between && at.forecast?.quantiles[between.high]) ?? 0,
      at.other ?? 0,
    ]),
  );
  const marks = ticks(most, 5);
  const step = Math.max(width - LEFT - RIGHT, 1) / Math.max(days.length, 1);
  const x = (index: number) => LEFT + (index + 0.5) * step;
  const y = linear([0, marks.at(-1) ?? 1], [HEIGHT, TOP]);
  const ahead = days.map((at, index) => ({ at, index })).filter(({ at }) => at.forecast !== undefined);
  const line = (value: (at: ChartDay) => number | undefined) =>
    days
      .flatMap((at, index) => {
        const found = value(at);
        return found === undefined ? [] : [`${x(index).toFixed(1)},${y(found).toFixed(1)}`];
      })
      .join(" ");
  const edge = (which: number) =>
    ahead.map(
      ({ at, index }) => `${x(index).toFixed(1)},${y(at.forecast?.quantiles[which] ?? 0).toFixed(1)}`,
    );
  const area = between ? [...edge(between.low), ...edge(between.high).reverse()].join(" ") : "";
  const firstAhead = ahead[0]?.index;

  const point = (event: PointerEvent & { currentTarget: SVGSVGElement }) => {
    const at = Math.floor((event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT) / step);
    setShown(at >= 0 && at < days.length ? at : undefined);
  };
  const hovered = shown === undefined ? undefined : days[shown];

  return (
    <div class="chart" ref={ref}>
      <p class="chart-readout small" aria-hidden="true">
        {hovered ? said(hovered, levels, unit) : `${unit} a day, local days of the market`}
      </p>
      {width > 0 && days.length > 0 && (
        <svg
          width={width}
          height={HEIGHT + AXIS}
          role="img"
          aria-label={`Demand and forecast in ${unit} from ${dayWords(days[0]?.day)} to ${dayWords(days.at(-1)?.day)}; the numbers are in the table below`}
          onPointerMove={point}
          onPointerLeave={() => setShown(undefined)}
        >
          <defs>
            <pattern
              id="open-day"
              width="5"
              height="5"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <rect class="hatch-ground" width="5" height="5" />
              <path class="hatch-line" d="M0 0v5" />
            </pattern>
          </defs>
          {marks.map((mark) => (
            <g key={mark}>
              <line class="gridline" x1={LEFT} x2={width - RIGHT} y1={y(mark)} y2={y(mark)} />
              <text class="tick" x={LEFT - 6} y={y(mark) + 4} text-anchor="end">
                {decimal(mark)}
              </text>
            </g>
          ))}
          {between && <polygon class="band" points={area} />}
          {days.map(
            (at, index) =>
              at.demand && (
                <rect
                  key={at.day}
                  class={at.demand.complete ? "history" : "open-day"}
                  fill={at.demand.complete ? undefined : "url(#open-day)"}
                  x={LEFT + index * step + (step > 4 ? 1 : 0)}
                  width={Math.max(step - (step > 4 ? 2 : 0.3), 0.7)}
                  y={y(Math.max(at.demand.demand, 0))}
                  height={HEIGHT - y(Math.max(at.demand.demand, 0))}
                />
              ),
          )}
          {firstAhead !== undefined && (
            <line
              class="cutoff"
              x1={x(firstAhead) - step / 2}
              x2={x(firstAhead) - step / 2}
              y1={TOP}
              y2={HEIGHT}
            />
          )}
          <polyline class="other-mean" points={line((at) => at.other)} />
          <polyline class="mean" points={line((at) => at.forecast?.mean)} />
          {shown !== undefined && <line class="crosshair" x1={x(shown)} x2={x(shown)} y1={TOP} y2={HEIGHT} />}
          {spread(days.length, Math.max(2, Math.floor(width / 90))).map((index) => (
            <text key={index} class="tick" x={x(index)} y={HEIGHT + 17} text-anchor="middle">
              {shortDay(days[index]?.day ?? "")}
            </text>
          ))}
        </svg>
      )}
    </div>
  );
}

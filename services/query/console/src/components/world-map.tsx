// Points and legs on the outlines of the world. Drawn in the browser, without any tile server.

import { geoPath } from "d3-geo";
import type { FeatureCollection } from "geojson";
import { useEffect, useMemo, useState } from "preact/hooks";
import { apart, type Label, placed } from "../lib/labels";
import { outlines } from "../lib/outlines";
import { type Place, projectionFor } from "../lib/projection";
import { useWidth } from "../lib/use-size";

export interface Point {
  id: string;
  at: Place;
  /** px */
  radius: number;
  /** Written beside the point. */
  text?: string;
  /** Said of it to screen readers and below the map. */
  label: string;
  look?: "inherited" | "towards";
}

export interface Line {
  id: string;
  from: Place;
  to: Place;
  dashed: boolean;
}

interface Props {
  points: Point[];
  lines?: Line[];
  /** Ids of the points and lines to be emphasised. */
  lit?: string | undefined;
  light: (id: string | undefined) => void;
  label: string;
  height?: number;
  /** Moves points apart that would hide each other. */
  spread?: boolean;
}

function Name({ label, text }: { label: Label | undefined; text: string | undefined }) {
  if (label === undefined) return null;
  return (
    <text x={label.x} y={label.y} text-anchor={label.anchor} aria-hidden="true">
      {text}
    </text>
  );
}

const STEPS = { in: 1.6, out: 1 / 1.6 };

export function WorldMap({ points, lines = [], lit, light, label, height = 400, spread = false }: Props) {
  const [ref, width] = useWidth<HTMLDivElement>();
  const [land, setLand] = useState<FeatureCollection>();
  const [failed, setFailed] = useState(false);
  const [view, setView] = useState({ zoom: 1, dx: 0, dy: 0 });
  const [drag, setDrag] = useState<{ x: number; y: number }>();

  useEffect(() => {
    let gone = false;
    outlines().then(
      (found) => !gone && setLand(found),
      () => !gone && setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, []);

  const where = points.map((point) => point.at.join(" ")).join(";");
  // `where` says whether the points moved
  const projection = useMemo(
    () =>
      projectionFor(
        points.map((point) => point.at),
        { ...view, width: Math.max(width, 1), height },
      ),
    [where, view, width, height],
  );
  const ground = useMemo(() => (land ? (geoPath(projection)(land) ?? "") : ""), [land, projection]);
  const path = geoPath(projection);
  const arc = (line: Line) => path({ type: "LineString", coordinates: [line.from, line.to] }) ?? "";

  const zoom = (by: number) =>
    setView(({ zoom: old, dx, dy }) => {
      const next = Math.min(Math.max(old * by, 0.2), 40);
      return { zoom: next, dx: (dx * next) / old, dy: (dy * next) / old };
    });
  const move = (event: PointerEvent) => {
    if (drag === undefined) return;
    setView((old) => ({ ...old, dx: old.dx + event.clientX - drag.x, dy: old.dy + event.clientY - drag.y }));
    setDrag({ x: event.clientX, y: event.clientY });
  };
  const there = points.flatMap((point) => {
    const at = projection(point.at);
    return at === null ? [] : [{ ...point, x: at[0], y: at[1] }];
  });
  const drawn = spread ? apart(there) : there;
  const names = placed(
    drawn.map((point) => ({ ...point, text: point.text ?? "" })),
    width,
    height,
  );
  const shown = points.find((point) => point.id === lit);

  return (
    <>
      <div class="map" ref={ref}>
        <svg
          height={height}
          role="group"
          aria-label={label}
          onPointerDown={(event) => setDrag({ x: event.clientX, y: event.clientY })}
          onPointerMove={move}
          onPointerUp={() => setDrag(undefined)}
          onPointerLeave={() => setDrag(undefined)}
        >
          {width > 0 && (
            <>
              <path class="land" d={ground} />
              {lines.map((line) => (
                <path
                  key={line.id}
                  class={`leg${line.dashed ? " inherited" : ""}${line.id === lit ? " lit" : ""}`}
                  d={arc(line)}
                />
              ))}
              {drawn.map((point) => (
                <g
                  key={point.id}
                  class={`stop ${point.look ?? ""}${point.id === lit ? " lit" : ""}`}
                  role="button"
                  tabIndex={0}
                  aria-label={point.label}
                  onPointerEnter={() => light(point.id)}
                  onPointerLeave={() => light(undefined)}
                  onFocus={() => light(point.id)}
                  onBlur={() => light(undefined)}
                >
                  <circle cx={point.x} cy={point.y} r={point.radius} />
                  <Name label={names.get(point.id)} text={point.text} />
                </g>
              ))}
            </>
          )}
        </svg>
        <div class="map-tools">
          <button type="button" aria-label="Zoom in" onClick={() => zoom(STEPS.in)}>
            +
          </button>
          <button type="button" aria-label="Zoom out" onClick={() => zoom(STEPS.out)}>
            −
          </button>
          <button type="button" aria-label="Fit the map" onClick={() => setView({ zoom: 1, dx: 0, dy: 0 })}>
            ⤢
          </button>
        </div>
      </div>
      <p class="map-said soft" aria-hidden="true">
        {failed && "The outlines of countries could not be loaded; places are shown without them. "}
        {shown?.label ?? "Point at a place or choose it with Tab to see what was read there"}
      </p>
    </>
  );
}

// Which part of the world a map shows.

import { type GeoProjection, geoMercator, geoNaturalEarth1 } from "d3-geo";

export type Place = [longitude: number, latitude: number];

/** Degrees of longitude beyond which the whole world is shown rather than a part. */
const WIDE = 120;
/** Closest view: px for the radius of the earth. About 60 km across the width of a map. */
const CLOSEST = 9_000;

export interface View {
  width: number;
  height: number;
  /** 1 = as fitted; larger = closer. */
  zoom: number;
  /** Moved by, px. */
  dx: number;
  dy: number;
}

/** A projection that shows all places, moved and zoomed as `view` says. */
export function projectionFor(places: Place[], view: View): GeoProjection {
  const { width, height } = view;
  const longitudes = places.map((place) => place[0]);
  const wide = Math.max(...longitudes) - Math.min(...longitudes) > WIDE;
  const projection = places.length === 0 || wide ? geoNaturalEarth1() : geoMercator();
  if (places.length === 0) {
    projection.fitSize([width, height], { type: "Sphere" });
  } else {
    const edge = Math.min(64, width / 6);
    projection.fitExtent(
      [
        [edge, Math.min(44, height / 6)],
        [width - edge, height - Math.min(44, height / 6)],
      ],
      { type: "MultiPoint", coordinates: places },
    );
    if (!(projection.scale() < CLOSEST)) {
      const middle = projection.invert?.([width / 2, height / 2]);
      const first = places[0] ?? [0, 0];
      const centre = middle && Number.isFinite(middle[0]) ? middle : first;
      projection
        .scale(CLOSEST)
        .translate([width / 2, height / 2])
        .center(centre);
    }
  }
  const [x, y] = projection.translate();
  const { zoom, dx, dy } = view;
  return projection
    .scale(projection.scale() * zoom)
    .translate([width / 2 + (x - width / 2) * zoom + dx, height / 2 + (y - height / 2) * zoom + dy])
    .clipExtent([
      [-50, -50],
      [width + 50, height + 50],
    ]);
}

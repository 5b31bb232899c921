// Outlines of countries, shipped with the console and fetched once.

import type { FeatureCollection, Geometry } from "geojson";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import file from "world-atlas/countries-50m.json?url";

type Outlines = FeatureCollection<Geometry, { name: string }>;
type World = Topology<{ countries: GeometryCollection<{ name: string }> }>;

let loading: Promise<Outlines> | undefined;

/** The outlines. A failed load is tried again at the next call. */
export function outlines(): Promise<Outlines> {
  loading ??= fetch(file)
    .then((response) => {
      if (!response.ok) throw new Error(`outlines: ${response.status}`);
      return response.json() as Promise<World>;
    })
    .then((world) => feature(world, world.objects.countries))
    .catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
  return loading;
}

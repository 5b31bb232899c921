// Scales of charts.

/** A linear map from one interval onto another. */
export function linear(from: [number, number], to: [number, number]): (value: number) => number {
  const size = from[1] - from[0];
  const factor = size === 0 ? 0 : (to[1] - to[0]) / size;
  return (value) => to[0] + (value - from[0]) * factor;
}

/** Round numbers from 0 to at least `most`, about `wanted` steps. */
export function ticks(most: number, wanted = 4): number[] {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((m) => m * power >= rough) ?? 10) * power;
  const list: number[] = [];
  for (let at = 0; at <= Math.ceil(most / step - 1e-9); at += 1)
    list.push(Number((at * step).toPrecision(12)));
  return list;
}

/** Indices of about `wanted` evenly spread labels among `length`. */
export function spread(length: number, wanted: number): number[] {
  if (length === 0) return [];
  const step = Math.max(1, Math.ceil(length / Math.max(1, wanted)));
  const list: number[] = [];
  for (let at = 0; at < length; at += step) list.push(at);
  return list;
}

/** Radius of a circle whose area tells `value`, between `least` and `most` px. */
export function radius(value: number, largest: number, least = 3, most = 18): number {
  if (largest <= 0 || value <= 0) return least;
  return Math.max(least, Math.sqrt(value / largest) * most);
}

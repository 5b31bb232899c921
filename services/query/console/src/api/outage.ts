// Which requests fail although the page already shows their data: the shell tells of it in one banner.

import { useEffect, useState } from "preact/hooks";
import type { Problem } from "./client";

export interface Outage {
  problem: Problem;
  /** When the data still shown came, ms. */
  shown: number;
}

const failing = new Map<string, Outage>();
const listeners = new Set<() => void>();

/** Says that `key` fails (or, with `undefined`, no longer does). */
export function reportOutage(key: string, outage: Outage | undefined): void {
  if (outage === undefined) {
    if (!failing.delete(key)) return;
  } else {
    failing.set(key, outage);
  }
  for (const listener of listeners) listener();
}

/** The outage with the oldest data, while there is one. */
export function useOutage(): Outage | undefined {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = () => redraw((n) => n + 1);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }, []);
  return [...failing.values()].sort((a, b) => a.shown - b.shown)[0];
}

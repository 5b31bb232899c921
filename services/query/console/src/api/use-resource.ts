// A resource of the API in a component: loads, refreshes, keeps what it has while the API is away, and
// tries again by itself. Nothing is asked while the tab is hidden.

import { useEffect, useRef, useState } from "preact/hooks";
import { getJson, type Problem, toProblem } from "./client";
import { reportOutage } from "./outage";

export interface Resource<T> {
  data: T | undefined;
  /** Why the last request failed; with `data`, what is shown is old. */
  problem: Problem | undefined;
  loading: boolean;
  /** When `data` came, ms. */
  at: number | undefined;
  retry: () => void;
}

interface Options {
  /** Ask again after this many ms. */
  every?: number;
  /** Go on showing the answer to the path before until the new one is there. */
  keep?: boolean;
}

export interface State<T> {
  path: string | undefined;
  data: T | undefined;
  problem: Problem | undefined;
  loading: boolean;
  at: number | undefined;
}

/** Wait before trial `failures + 1`, ms. */
function backoff(failures: number): number {
  return Math.min(2_000 * 2 ** Math.max(0, failures - 1), 15_000);
}

/** What is shown after `asked` failed: an answer to it that is there, never one to another question. */
export function afterFailure<T>(before: State<T>, asked: string, problem: Problem): State<T> {
  return before.path === asked
    ? { ...before, problem, loading: false }
    : { path: asked, data: undefined, at: undefined, problem, loading: false };
}

let keys = 0;

export function useResource<T>(path: string | undefined, options: Options = {}): Resource<T> {
  const { every, keep = false } = options;
  const key = useRef("");
  if (key.current === "") key.current = `resource-${++keys}`;
  const [state, setState] = useState<State<T>>({
    path: undefined,
    data: undefined,
    problem: undefined,
    loading: path !== undefined,
    at: undefined,
  });
  const [trial, setTrial] = useState(0);

  // `trial` asks again
  useEffect(() => {
    if (path === undefined) {
      setState({ path, data: undefined, problem: undefined, loading: false, at: undefined });
      return;
    }
    const asked = path;
    const ended = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    let due = false;
    let held: { data: T; at: number } | undefined;

    const later = (ms: number) => {
      due = false;
      timer = setTimeout(() => {
        if (document.hidden) due = true;
        else void ask();
      }, ms);
    };
    const ask = async () => {
      setState((before) => ({ ...before, loading: true }));
      try {
        const data = await getJson<T>(asked, ended.signal);
        failures = 0;
        held = { data, at: Date.now() };
        setState({ path: asked, data, problem: undefined, loading: false, at: held.at });
        reportOutage(key.current, undefined);
        if (every !== undefined) later(every);
      } catch (error) {
        if (ended.signal.aborted) return;
        const problem = toProblem(error);
        failures += 1;
        setState((before) => afterFailure(before, asked, problem));
        if (problem.passing) {
          if (held !== undefined) reportOutage(key.current, { problem, shown: held.at });
          later(backoff(failures));
        }
      }
    };
    const seen = () => {
      if (!document.hidden && due) {
        due = false;
        void ask();
      }
    };
    setState((before) =>
      keep || before.path === asked
        ? { ...before, problem: undefined, loading: true }
        : { path: asked, data: undefined, problem: undefined, loading: true, at: undefined },
    );
    document.addEventListener("visibilitychange", seen);
    void ask();
    return () => {
      ended.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
      reportOutage(key.current, undefined);
    };
  }, [path, every, keep, trial]);

  // The render between a new path and its effect must not show the old path's answer as the new one's.
  const old = state.path !== path && !keep;
  return {
    data: old ? undefined : state.data,
    problem: old ? undefined : state.problem,
    loading: old ? path !== undefined : state.loading,
    at: old ? undefined : state.at,
    retry: () => setTrial((n) => n + 1),
  };
}

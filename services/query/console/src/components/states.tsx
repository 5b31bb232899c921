// What stands in place of data: while it loads, when there is none, when it could not be had.

import type { ComponentChildren } from "preact";
import type { Problem } from "../api/client";
import type { Resource } from "../api/use-resource";

/** Grey lines of the height the data will have, so that nothing jumps. */
export function Skeleton({ lines = 4, height }: { lines?: number; height?: number }) {
  if (height !== undefined) {
    return <div class="skeleton block" ref={(el) => el?.style.setProperty("height", `${height}px`)} />;
  }
  return (
    <div class="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, at) => `line ${at}`).map((line) => (
        <div key={line} class="skeleton-line" />
      ))}
    </div>
  );
}

/** A page's skeleton: the heights of its cards, row by row; one alone takes the width of the page. */
export function PageSkeleton({ grid, rows }: { grid: string; rows: number[][] }) {
  return (
    <div class={`grid ${grid}`}>
      {rows.map((heights, row) =>
        heights.map((height, at) => (
          <div key={`card ${row} ${at}`} class={heights.length === 1 ? "wide" : ""}>
            <Skeleton height={height} />
          </div>
        )),
      )}
    </div>
  );
}

/** A problem as the API told it, with a button to try again. */
export function Failed({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div class="state failed" role="alert">
      <h2 class="state-title">{problem.title}</h2>
      <p>{problem.detail}</p>
      {problem.passing && <p class="soft small">This page tries again by itself.</p>}
      {!problem.passing && <p class="soft small">Check what is asked for, or search above.</p>}
      {retry && problem.passing && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** That there is nothing, and what that means. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2 class="state-title">{title}</h2>
      {children && <div class="soft">{children}</div>}
    </div>
  );
}

interface LoadedProps<T> {
  from: Resource<T>;
  skeleton: ComponentChildren;
  children: (data: T) => ComponentChildren;
}

/** The data of a resource once it is there; until then its skeleton, or why it is not. */
export function Loaded<T>({ from, skeleton, children }: LoadedProps<T>) {
  if (from.data !== undefined) {
    const refused = from.problem !== undefined && !from.problem.passing;
    return (
      <>
        {refused && from.problem && <Failed problem={from.problem} retry={from.retry} />}
        {!refused && children(from.data)}
      </>
    );
  }
  if (from.problem !== undefined) return <Failed problem={from.problem} retry={from.retry} />;
  return (
    <>
      <p class="hidden" role="status">
        Loading
      </p>
      {skeleton}
    </>
  );
}

// Small parts used on every page.

import type { ComponentChildren } from "preact";
import { local, NONE, told, utc } from "../lib/format";
import { keyOf, country as nameOf, plain, shortKey, unitLink } from "../lib/words";

const MARKS: Record<string, string> = { critical: "▲▲", high: "▲", medium: "◆", low: "●" };

/** A severity by word, mark and colour. */
export function SeverityBadge({ severity }: { severity: string }) {
  return (
    <span class={`badge ${severity}`}>
      <span aria-hidden="true">{MARKS[severity] ?? "●"}</span> {severity}
    </span>
  );
}

/** A state by word and colour; `tone` is one of the severities, `good` or `low`. */
export function Tag({ tone = "low", children }: { tone?: string; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** An instant in UTC: date above time where it stands in a table. */
export function Time({ iso, stacked }: { iso: string | null | undefined; stacked?: boolean }) {
  const at = iso ? told(iso) : undefined;
  if (!iso || at === undefined) return <span class="soft">{iso ?? NONE}</span>;
  if (!stacked) return <time dateTime={iso}>{utc(iso)}</time>;
  return (
    <time dateTime={iso} class="stacked nowrap">
      {at.date}
      <span class="soft"> {at.time} UTC</span>
    </time>
  );
}

/** An instant as the clock at the place showed it, and in UTC. */
export function LocalTime({ iso, offset }: { iso: string; offset: string }) {
  const at = told(iso, offset);
  const there = told(iso);
  if (at === undefined || there === undefined) return <Time iso={iso} />;
  return (
    <time dateTime={iso} class="stacked nowrap" title={local(iso, offset)}>
      <span>
        {at.date} {at.time} <span class="tiny">{at.zone}</span>
      </span>
      <span class="soft">
        {there.date === at.date ? "" : `${there.date} `}
        {there.time} UTC
      </span>
    </time>
  );
}

/** A link to a unit's page, by its serial or SSCC; the whole key on hover and to screen readers. */
export function UnitLink({ epc, whole, row }: { epc: string; whole?: boolean; row?: boolean }) {
  return (
    <a class={row ? "mono row-link" : "mono"} href={unitLink(epc)} title={keyOf(epc)}>
      {whole ? keyOf(epc) : shortKey(epc)}
    </a>
  );
}

/** A country by code and name. */
export function Country({ code, short }: { code: string | null | undefined; short?: boolean }) {
  if (!code) return <span class="soft">{NONE}</span>;
  if (short) return <abbr title={nameOf(code)}>{code}</abbr>;
  return (
    <>
      {nameOf(code)} <span class="soft tiny">{code}</span>
    </>
  );
}

/** A place by name, with its kind and GLN. */
export function PlaceName({
  gln,
  name,
  kind,
  country,
}: {
  gln: string | null | undefined;
  name?: string | null;
  kind?: string | null;
  country?: string | null;
}) {
  if (!gln && !name) return <span class="soft">{NONE}</span>;
  return (
    <span class="stacked">
      {name ?? <code>{gln}</code>}
      <span class="soft tiny">
        {[kind ? plain(kind) : "", country ? nameOf(country) : "", name ? gln : ""]
          .filter(Boolean)
          .join(" · ")}
      </span>
    </span>
  );
}

/** A panel with a heading. */
export function Card({
  title,
  aside,
  children,
  id,
}: {
  title: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
  id: string;
}) {
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {aside && <div class="card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

/** Pairs of a name and a value; those without a value are left out. */
export function Facts({ of }: { of: [string, ComponentChildren][] }) {
  return (
    <dl class="facts">
      {of
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A table in a box that scrolls sideways by keyboard too, where it is wider than the page. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

import { useState } from "preact/hooks";
import type { Trace } from "../api/types";
import { announce } from "../lib/announce";
import { day } from "../lib/format";
import { prefixLength, spellings, urn } from "../lib/identity";
import { namesOf } from "../lib/names";
import { country, plain, recallLink } from "../lib/words";
import { Card, Facts, Tag, Time } from "./parts";

function Copy({ text, name }: { text: string; name: string }) {
  const [done, setDone] = useState(false);
  const copy = () => {
    navigator.clipboard?.writeText(text).then(
      () => {
        setDone(true);
        announce(`${name} copied`);
      },
      () => announce("The browser did not allow copying"),
    );
  };
  return (
    <button type="button" class="quiet copy tiny" onClick={copy} aria-label={`Copy the ${name}`}>
      {done ? "Copied" : "Copy"}
    </button>
  );
}

/** Every spelling of a unit's identity. */
export function IdentityCard({ trace }: { trace: Trace }) {
  const urns = trace.journey.flatMap((read) => [
    read.read_point,
    read.biz_location,
    ...read.sources.map((source) => source.id),
  ]);
  const list = spellings(trace.epc);
  const length = prefixLength(trace.unit, urns);
  const spelled = length === undefined ? undefined : urn(trace.unit, length);
  if (spelled !== undefined) list.splice(1, 0, { name: "EPC URN", text: spelled });
  return (
    <Card id="identity" title="Identity" aside={<Tag>{trace.kind.toUpperCase()}</Tag>}>
      <dl class="facts card-body">
        {list.map(({ name, text }) => (
          <div key={name} class="spelling">
            <dt>{name}</dt>
            <dd>
              <code>{text}</code>
              <Copy text={text} name={name} />
            </dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

const BAD = new Set(["stolen", "decommissioned", "destroyed", "recalled", "withdrawn", "locked"]);

/** Product, registry entry and what was said of the lot. */
export function RegistryCard({ trace }: { trace: Trace }) {
  const { registry, product, lot_statements: statements } = trace;
  const names = namesOf(trace);
  if (registry === null && product === null) {
    return (
      <Card id="registry" title="Product and registry">
        <p class="card-body soft">
          {trace.kind === "sscc"
            ? "A container: it has no product or registry entry of its own."
            : "Neither a product nor a registry entry is known for it."}
        </p>
      </Card>
    );
  }
  const markets = registry?.markets.length ? registry.markets : (product?.markets ?? []);
  const whose = registry?.markets.length ? "of this unit" : "of the product";
  const state = registry?.status ?? (registry?.known ? "active" : "unknown");
  const lot = registry?.lot;
  const gtin = registry?.gtin ?? product?.gtin;
  return (
    <Card
      id="registry"
      title="Product and registry"
      aside={
        <Tag tone={BAD.has(state) ? "critical" : state === "unknown" ? "high" : "good"}>{plain(state)}</Tag>
      }
    >
      <div class="card-body">
        <Facts
          of={[
            [
              "Product",
              product && (
                <strong>
                  {[product.name, product.brand && `(${product.brand})`].filter(Boolean).join(" ")}
                </strong>
              ),
            ],
            ["GTIN", gtin && <code>{gtin}</code>],
            ["Serial", registry?.serial && <code>{registry.serial}</code>],
            ["Lot", lot && gtin && <a href={recallLink(gtin, lot)}>{lot}</a>],
            ["Expiry", registry?.expiry && `${day(registry.expiry)}, last good day`],
            ["Status since", registry?.status_since && <Time iso={registry.status_since} />],
            [
              "Known by",
              registry &&
                (registry.known ? plain(registry.known_by) : "nobody: never registered or commissioned"),
            ],
            ["Commissioned", registry?.commissioned_at && <Time iso={registry.commissioned_at} />],
            ["Issued by", registry?.issued_by && names.party(registry.issued_by)],
            [
              `Markets ${markets.length ? whose : ""}`,
              markets.length ? markets.map(country).join(", ") : "not limited",
            ],
            ["Profile", product?.profile],
          ]}
        />
        {statements.length > 0 && (
          <ul class="statements small">
            {statements.map((said) => (
              <li key={`${said.source} ${said.status} ${said.record_time}`}>
                Lot {said.lot}:{" "}
                <Tag tone={BAD.has(said.status ?? "") ? "critical" : "good"}>
                  {said.status ?? "no status"}
                </Tag>
                {said.status_since && (
                  <>
                    {" since "}
                    <Time iso={said.status_since} />
                  </>
                )}
                {said.status_markets.length > 0 && ` in ${said.status_markets.map(country).join(", ")}`}
                {!said.authorised && " (said by a party that may not: not in force)"}
                <span class="soft">
                  {" "}
                  by {said.source_party}, {said.source === "load" ? "loaded" : "as an event"}
                </span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </Card>
  );
}

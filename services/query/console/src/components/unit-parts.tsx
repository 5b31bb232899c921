// Custody and containment of a unit.

import type { Custody, Trace } from "../api/types";
import { count, span, whole } from "../lib/format";
import { endCause } from "../lib/words";
import { Card, Scroll, Time, UnitLink } from "./parts";
import { Empty } from "./states";

/** Who had the unit, when, and on what that rests. */
export function CustodyCard({ custody }: { custody: Custody[] }) {
  return (
    <Card id="custody" title="Custody">
      {custody.length === 0 ? (
        <Empty title="No party is known to have had it" />
      ) : (
        <Scroll label="Custody">
          <table>
            <thead>
              <tr>
                <th>Party</th>
                <th>From</th>
                <th>Until</th>
                <th>For</th>
              </tr>
            </thead>
            <tbody>
              {custody.map((held) => (
                <tr key={`${held.party} ${held.from}`}>
                  <td>
                    <span class="stacked">
                      {held.name ?? <code>{held.party}</code>}
                      <span class="soft tiny">
                        {held.basis === "named" ? "named by the event" : "operates the place of the read"}
                      </span>
                    </span>
                  </td>
                  <td>
                    <Time iso={held.from} stacked />
                  </td>
                  <td>{held.to ? <Time iso={held.to} stacked /> : <strong>still there</strong>}</td>
                  <td class="nowrap">{held.to ? span(Date.parse(held.to) - Date.parse(held.from)) : ""}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}

/** What the unit is and was in. */
export function ContainmentCard({ trace }: { trace: Trace }) {
  const { now, then } = trace.containment;
  return (
    <Card id="containment" title="Inside of">
      <p class="card-body">
        {now === null ? (
          "In no container now."
        ) : (
          <>
            Now in <UnitLink epc={now.parent} />
            {now.outer?.map((container) => (
              <span key={container}>
                {" "}
                in <UnitLink epc={container} />
              </span>
            ))}
            , since <Time iso={now.from} />.
          </>
        )}
      </p>
      {then.length > 0 && (
        <Scroll label="Containers it was in">
          <table>
            <thead>
              <tr>
                <th>Before, in</th>
                <th>From</th>
                <th>Until</th>
                <th>Ended by</th>
              </tr>
            </thead>
            <tbody>
              {then.map((stay) => (
                <tr key={`${stay.parent} ${stay.from}`}>
                  <td>
                    <UnitLink epc={stay.parent} />
                  </td>
                  <td>
                    <Time iso={stay.from} stacked />
                  </td>
                  <td>{stay.to ? <Time iso={stay.to} stacked /> : "open"}</td>
                  <td>{endCause(stay.end_cause)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </Card>
  );
}

/** What is and was in the unit, where it is a container. */
export function ContentsCard({ contents }: { contents: NonNullable<Trace["contents"]> }) {
  return (
    <Card
      id="contents"
      title="Contents"
      aside={
        <span class="soft small">
          {count(contents.inside, "unit")} inside now, {whole(contents.count)} ever
        </span>
      }
    >
      <Scroll label="Contents">
        <table>
          <thead>
            <tr>
              <th>Unit</th>
              <th>Packed</th>
              <th>Until</th>
              <th>Ended by</th>
            </tr>
          </thead>
          <tbody>
            {contents.units.map((unit) => (
              <tr key={`${unit.unit} ${unit.from}`}>
                <td>
                  <UnitLink epc={unit.epc} />
                </td>
                <td>
                  <Time iso={unit.from} stacked />
                </td>
                <td>{unit.to ? <Time iso={unit.to} stacked /> : <strong>inside</strong>}</td>
                <td>{endCause(unit.end_cause)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {contents.units.length < contents.count && (
        <p class="card-body soft small">The first {whole(contents.units.length)} are shown.</p>
      )}
    </Card>
  );
}

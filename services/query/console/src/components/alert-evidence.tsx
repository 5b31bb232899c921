import type { Alert, Read, Trace } from "../api/types";
import { finding } from "../lib/evidence";
import { namesOf } from "../lib/names";
import { country, plain } from "../lib/words";
import { LocalTime, Scroll, Time } from "./parts";

/** Evidence in words, the reads it rests on, and the events cited. */
export function AlertEvidence({ alert, trace }: { alert: Alert; trace: Trace | undefined }) {
  const names = namesOf(trace);
  const { evidence } = alert;
  if (evidence === null) return <p class="soft">This alert carries no evidence.</p>;
  if (typeof evidence === "string") return <p>{evidence}</p>;
  const { sentences, reads } = finding(evidence, names);
  const byEvent = new Map<string, Read>(trace?.journey.map((read) => [read.event_id, read]));
  const cited = alert.event_ids.filter((id) => !reads.some((read) => read.event === id));
  return (
    <>
      <ul class="sentences">
        {sentences.map((sentence) => (
          <li key={sentence}>{sentence.charAt(0).toUpperCase() + sentence.slice(1)}</li>
        ))}
      </ul>
      <h3>Events cited</h3>
      <Scroll label="Events cited">
        <table class="compact">
          <thead>
            <tr>
              <th>Time there, and UTC</th>
              <th>Step</th>
              <th>Place</th>
            </tr>
          </thead>
          <tbody>
            {reads.map((read) => {
              const known = byEvent.get(read.event);
              const offset = names.offset(read.event);
              const land = read.country ?? known?.site?.country;
              const step = read.step ?? known?.biz_step;
              return (
                <tr key={read.event}>
                  <td>
                    {offset ? (
                      <LocalTime iso={read.time} offset={offset} />
                    ) : (
                      <Time iso={read.time} stacked />
                    )}
                  </td>
                  <td>
                    <span class="stacked">
                      {plain(step) || "read"}
                      {read.inherited_from && <span class="soft tiny">through its container</span>}
                    </span>
                  </td>
                  <td>
                    <span class="stacked">
                      {names.place(read.place ?? known?.site?.gln)}
                      <span class="soft tiny">
                        {land && `${country(land)} · `}
                        <code>{read.event}</code>
                      </span>
                    </span>
                  </td>
                </tr>
              );
            })}
            {cited.map((id) => (
              <tr key={id}>
                <td colSpan={3}>
                  <code class="tiny">{id}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <details>
        <summary class="small">Evidence as stored (JSON)</summary>
        <pre>{JSON.stringify(evidence, null, 2)}</pre>
      </details>
    </>
  );
}

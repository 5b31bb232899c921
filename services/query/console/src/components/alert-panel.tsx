// One alert, opened: what it is, why it was raised, on what it rests.

import { useEffect, useRef } from "preact/hooks";
import { withParams } from "../api/client";
import type { Alert, Trace } from "../api/types";
import { useResource } from "../api/use-resource";
import { namesOf } from "../lib/names";
import { cause, plain, recallLink, retraction, rule as ruleWords } from "../lib/words";
import { AlertEvidence } from "./alert-evidence";
import { Country, Facts, SeverityBadge, Tag, Time, UnitLink } from "./parts";
import { Skeleton } from "./states";

interface Props {
  alert: Alert;
  close: () => void;
}

export function AlertPanel({ alert, close }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const trace = useResource<Trace>(withParams("/v1/trace", { id: alert.epc }));
  const names = namesOf(trace.data);
  const rule = ruleWords(alert.rule);
  const product = trace.data?.product;

  // another alert takes the focus anew
  useEffect(() => heading.current?.focus({ preventScroll: true }), [alert.alert_id]);

  return (
    <div class="panel-inner">
      <header class="panel-head">
        <div>
          <h2 tabIndex={-1} ref={heading}>
            {rule.name}
            {alert.sub_reason && <span class="soft">: {plain(alert.sub_reason)}</span>}
          </h2>
          <p class="tags">
            <SeverityBadge severity={alert.severity} />
            <Tag tone={alert.status === "open" ? "good" : "low"}>{alert.status}</Tag>
            {alert.revision > 1 && <Tag>revision {alert.revision}</Tag>}
          </p>
        </div>
        <button type="button" onClick={close}>
          Close <span class="soft tiny">Esc</span>
        </button>
      </header>
      {alert.status === "retracted" && (
        <p class="note">
          Taken back{alert.retract_reason ? `: ${retraction(alert.retract_reason)}` : ""}.
          {alert.superseded_by && (
            <>
              {" "}
              <a href={`/alerts?status=any&alert=${alert.superseded_by}`}>The alert that took its place</a>
            </>
          )}
        </p>
      )}
      <section class="panel-part">
        <h3>Why it was raised</h3>
        <p>{rule.why || "There is no description of this rule here."}</p>
        {alert.likely_cause && (
          <p class="note">
            <strong>Likely cause.</strong> {cause(alert.likely_cause)}
          </p>
        )}
      </section>
      <section class="panel-part">
        <h3>What was found</h3>
        {trace.data === undefined && trace.problem === undefined ? (
          <Skeleton lines={6} />
        ) : (
          <AlertEvidence alert={alert} trace={trace.data} />
        )}
      </section>
      <section class="panel-part">
        <h3>About</h3>
        <Facts
          of={[
            [
              alert.subject_kind === "unit" ? "Unit" : `Subject (${plain(alert.subject_kind)})`,
              <UnitLink key="unit" epc={alert.epc} whole />,
            ],
            [
              "Product",
              alert.gtin && (
                <>
                  {product?.name && <strong>{product.name} </strong>}
                  <a class="mono" href={`/alerts?gtin=${alert.gtin}`}>
                    {alert.gtin}
                  </a>
                </>
              ),
            ],
            ["Lot", alert.lot && alert.gtin && <a href={recallLink(alert.gtin, alert.lot)}>{alert.lot}</a>],
            ["Through container", alert.container && <UnitLink key="container" epc={alert.container} />],
            ["Country", alert.country && <Country code={alert.country} />],
            ["Place", alert.site && <a href={`/alerts?site=${alert.site}`}>{names.place(alert.site)}</a>],
            ["Party", alert.party && names.party(alert.party)],
            ["Event time", <Time key="event" iso={alert.event_time} />],
            ["Recorded", <Time key="record" iso={alert.record_time} />],
            ["Detected", <Time key="detected" iso={alert.detected_at} />],
            ["Profile", alert.profile && `${alert.profile}, policy ${alert.policy_version}`],
            ["Published by", names.party(alert.source_party)],
            ["Alert id", <code key="id">{alert.alert_id}</code>],
          ]}
        />
      </section>
    </div>
  );
}

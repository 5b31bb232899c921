// How the pipeline runs and what it found: the page to leave open.

import type { Overview } from "../api/types";
import { useResource } from "../api/use-resource";
import { AlertList } from "../components/alert-list";
import { BarList } from "../components/bar-list";
import { Card, Scroll, Time } from "../components/parts";
import { ServicesTable } from "../components/services-table";
import { Empty, Loaded, PageSkeleton } from "../components/states";
import { ThroughputChart } from "../components/throughput-chart";
import { count, decimal, utc, whole } from "../lib/format";
import { country, rule } from "../lib/words";

/** Between two refreshes, ms. */
const EVERY = 5_000;

const SEVERITIES = ["critical", "high", "medium", "low"];

export function OverviewPage() {
  const overview = useResource<Overview>("/v1/overview", { every: EVERY });
  return (
    <>
      <header class="page-head">
        <h1>Overview</h1>
        {overview.data && (
          <p class="soft small">
            As of {utc(overview.data.as_of)}, refreshed every {EVERY / 1000} s while this tab is seen
          </p>
        )}
      </header>
      <Loaded from={overview} skeleton={<PageSkeleton grid="overview" rows={[[78], [300, 300], [420]]} />}>
        {(data) => <Content data={data} />}
      </Loaded>
    </>
  );
}

function Figures({ data }: { data: Overview }) {
  const { totals, throughput } = data;
  const figures = [
    {
      name: "Events",
      value: whole(totals.events),
      note: `${decimal(throughput.events_per_second)} a second now`,
    },
    { name: "Reads", value: whole(totals.reads), note: `${whole(totals.inherited)} through containers` },
    {
      name: "Units",
      value: whole(totals.units),
      note: totals.exact === false ? "about: not yet counted to the end" : "with an identity of their own",
    },
    { name: "Open alerts", value: whole(totals.alerts_open), note: "all rules", to: "/alerts" },
    { name: "Refused", value: whole(totals.rejected), note: "kept with reason and bytes", to: "/rejects" },
    { name: "Stream time", time: data.stream_time, note: "rules have judged up to here" },
  ];
  return (
    <dl class="figures wide">
      {figures.map((figure) => (
        <div key={figure.name}>
          <dt>{figure.to ? <a href={figure.to}>{figure.name}</a> : figure.name}</dt>
          <dd class={figure.value === undefined ? "figure time" : "figure"}>
            {figure.value ?? <Time iso={figure.time} stacked />}
          </dd>
          <dd class="soft tiny">{figure.note}</dd>
        </div>
      ))}
    </dl>
  );
}

function Content({ data }: { data: Overview }) {
  const { by_rule, by_severity, by_country } = data.alerts;
  const severities = SEVERITIES.map((name) => ({
    name,
    open: by_severity.find((row) => row.severity === name)?.open ?? 0,
  }));
  const quiet = data.throughput.per_minute.every((minute) => minute.events === 0 && minute.reads === 0);
  return (
    <div class="grid overview">
      <Figures data={data} />
      <Card
        id="throughput"
        title="Throughput"
        aside={
          <span class="soft small">
            {decimal(data.throughput.events_per_second)} events/s ·{" "}
            {decimal(data.throughput.reads_per_second)} reads/s
          </span>
        }
      >
        {quiet ? (
          <Empty title="Nothing was captured in the last 60 minutes">
            <p>
              Events appear here as soon as partners publish; what was captured before counts in the totals.
            </p>
          </Empty>
        ) : (
          <ThroughputChart minutes={data.throughput.per_minute} />
        )}
      </Card>
      <Card id="services" title="Services">
        <ServicesTable services={data.services} />
      </Card>
      <Card id="by-rule" title="Open alerts by rule and severity" aside={<a href="/alerts">All alerts</a>}>
        {by_rule.length === 0 ? (
          <Empty title="No alerts" />
        ) : (
          <>
            <BarList
              label="Open alerts by rule"
              rows={by_rule.map((row) => ({
                key: row.rule,
                name: rule(row.rule).name,
                value: row.open,
                note: row.retracted > 0 ? `+ ${whole(row.retracted)} retracted` : "",
                to: `/alerts?rule=${row.rule}`,
              }))}
            />
            <div class="divided">
              <BarList
                label="Open alerts by severity"
                rows={severities.map((row) => ({
                  key: row.name,
                  name: row.name,
                  value: row.open,
                  tone: row.name,
                  to: `/alerts?severity=${row.name}`,
                }))}
              />
            </div>
          </>
        )}
      </Card>
      <Card id="by-country" title="Open alerts by country">
        {by_country.length === 0 ? (
          <Empty title="No alerts" />
        ) : (
          <BarList
            label="Open alerts by country"
            rows={by_country.slice(0, 12).map((row) => ({
              key: row.country ?? "",
              name: country(row.country),
              value: row.open,
              ...(row.country ? { to: `/alerts?country=${row.country}` } : {}),
            }))}
          />
        )}
      </Card>
      <div class="wide">
        <Card
          id="newest"
          title="Newest alerts"
          aside={
            <span class="soft small">{count(data.recent_alerts.length, "alert")} by time of detection</span>
          }
        >
          {data.recent_alerts.length === 0 ? (
            <Empty title="No alerts yet" />
          ) : (
            <Scroll label="Newest alerts">
              <AlertList
                alerts={data.recent_alerts}
                link={(alert) => `/alerts?alert=${alert.alert_id}`}
                caption="The alerts detected last"
              />
            </Scroll>
          )}
        </Card>
      </div>
    </div>
  );
}

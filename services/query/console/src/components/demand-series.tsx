// One series: history, forecast, its errors and versions.

import { withParams } from "../api/client";
import type { Demand, Difference, Forecasts, ForecastVersions, SeriesEntry } from "../api/types";
import { useResource } from "../api/use-resource";
import { chartDays, firstOf } from "../lib/demand";
import { day, utc } from "../lib/format";
import { country } from "../lib/words";
import { BacktestFigures } from "./backtest";
import { DemandChart } from "./demand-chart";
import { DemandLegend } from "./demand-legend";
import { DemandTable } from "./demand-table";
import { CSV, Downloads, JSON_FILE, PARQUET } from "./download";
import { VersionPicker } from "./forecast-versions";
import { Card } from "./parts";
import { Empty, Failed, Skeleton } from "./states";

// As JSON the API gives a page of days only: no file of all of them.
const DEMAND_FORMATS = [CSV, PARQUET];
const FORECAST_FORMATS = [CSV, PARQUET, JSON_FILE];
/** Days asked for: the largest page. */
const MOST_DAYS = 1000;
const RANGES: [string, string][] = [
  ["30", "30 days"],
  ["90", "90 days"],
  ["365", "a year"],
  ["0", "all"],
];

interface Props {
  entry: SeriesEntry;
  params: URLSearchParams;
  change: (changes: Record<string, string | null>) => void;
}

export function DemandSeries({ entry, params, change }: Props) {
  // The series counted in units has no unit of measure; the API calls it by this name.
  const uom = entry.uom || "units";
  const of = { gtin: entry.gtin, country: entry.country, uom };
  const version = params.get("version") ?? "";
  const compare = params.get("compare") ?? "";
  const range = params.get("days") ?? "90";
  const demandPath = withParams("/v1/demand", of);
  const forecastPath = withParams("/v1/forecasts", { ...of, version });
  const from = firstOf(entry.last_day, MOST_DAYS);
  const demand = useResource<Demand>(withParams("/v1/demand", { ...of, from, limit: MOST_DAYS }));
  const older = demand.data !== undefined && entry.first_day !== null && from !== undefined && entry.first_day < from;
  const forecasts = useResource<Forecasts>(forecastPath);
  const versions = useResource<ForecastVersions>("/v1/forecasts/versions");
  const shown = forecasts.data?.version;
  const difference = useResource<Difference>(
    compare !== "" && shown !== undefined
      ? withParams("/v1/forecasts/difference", { from: compare, to: shown, ...of })
      : undefined,
  );

  const days = demand.data?.series[0]?.days ?? [];
  const forecast = forecasts.data?.series[0];
  const levels = forecasts.data && forecast?.points.length ? forecasts.data.quantile_levels : [];
  const others = difference.data?.rows ?? [];
  const axis = chartDays(days, forecast?.points ?? [], others, Number(range) || 0);
  const none = forecasts.problem?.reason === "no_forecast_yet" ? forecasts.problem : undefined;
  const name = `${entry.gtin}-${entry.country}`;

  return (
    <div class="column">
      <Card
        id="series"
        title={
          <>
            {entry.product ?? entry.gtin} <span class="soft">in {country(entry.country)}</span>
          </>
        }
        aside={
          <fieldset class="ranges">
            <legend class="hidden">History shown</legend>
            {RANGES.map(([value, words]) => (
              <button
                key={value}
                type="button"
                aria-pressed={value === range}
                onClick={() => change({ days: value })}
              >
                {words}
              </button>
            ))}
          </fieldset>
        }
      >
        {demand.data ? (
          axis.length === 0 ? (
            <Empty title="No demand">
              <p>{demand.data.message ?? "Nothing of this product was dispensed or sold in this market."}</p>
            </Empty>
          ) : (
            <>
              <DemandChart days={axis} levels={levels} unit={uom} />
              <DemandLegend
                levels={levels}
                open={axis.some((at) => at.demand && !at.demand.complete)}
                compared={others.length > 0}
              />
              <DemandTable days={axis} levels={levels} unit={uom} />
            </>
          )
        ) : demand.problem ? (
          <Failed problem={demand.problem} retry={demand.retry} />
        ) : (
          <Skeleton height={390} />
        )}
        <div class="card-body foot">
          <span class="soft small">
            Demand as of {utc(demand.data?.as_of)}
            {older && `; the last ${MOST_DAYS} days, older ones are in the files`}
          </span>
          <Downloads label="Demand as" path={demandPath} name={`demand-${name}`} formats={DEMAND_FORMATS} />
        </div>
      </Card>
      <Card
        id="forecast"
        title="Forecast and how far to trust it"
        aside={
          forecasts.data && (
            <span class="soft small">
              version <code>{forecasts.data.version}</code>, made {utc(forecasts.data.created_at)}
            </span>
          )
        }
      >
        {versions.data && (
          <VersionPicker
            versions={versions.data.versions}
            version={version}
            compare={compare}
            change={change}
          />
        )}
        {difference.problem && <Failed problem={difference.problem} retry={difference.retry} />}
        {compare !== "" && difference.data && others.length === 0 && (
          <p class="card-body soft small">
            The two versions share no day of this series: there is nothing to compare.
          </p>
        )}
        {none ? (
          <Empty title="No forecast yet">
            <p>{none.detail}</p>
          </Empty>
        ) : forecasts.problem ? (
          <Failed problem={forecasts.problem} retry={forecasts.retry} />
        ) : forecasts.data === undefined ? (
          <Skeleton lines={4} />
        ) : forecast === undefined ? (
          <Empty title="This version has no forecast of the series" />
        ) : forecast.status === "ok" ? (
          <BacktestFigures series={forecast} levels={levels} />
        ) : (
          <Empty
            title={forecast.status === "too_short" ? "Too short to forecast" : "Nothing to forecast from"}
          >
            <p>
              {forecast.message ??
                "The history has too few days for a forecast that deserves the name. It will come as days are added."}
            </p>
          </Empty>
        )}
        {forecasts.data && (
          <div class="card-body foot">
            <span class="soft small">
              Data up to {day(forecasts.data.data_cutoff)}, {forecasts.data.horizon_days} days ahead
            </span>
            <Downloads label="Forecast as" path={forecastPath} name={`forecast-${name}`} formats={FORECAST_FORMATS} />
          </div>
        )}
      </Card>
    </div>
  );
}

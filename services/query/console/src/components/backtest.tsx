import type { Backtest, ForecastSeries } from "../api/types";
import { count, decimal, percent, signed } from "../lib/format";
import { plain } from "../lib/words";

/** How wrong earlier forecasts of the series were, with what each figure means. */
export function BacktestFigures({ series, levels }: { series: ForecastSeries; levels: number[] }) {
  const { backtest } = series;
  if (backtest === null)
    return <p class="card-body soft">No backtest: the series is too short to hold days back.</p>;
  const target = levels.length > 1 ? (levels.at(-1) ?? 1) - (levels[0] ?? 0) : undefined;
  return (
    <>
      <dl class="errors">
        {figures(backtest, target).map(({ name, value, what }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="figure">{value}</dd>
            <dd class="soft tiny">{what}</dd>
          </div>
        ))}
      </dl>
      <p class="card-body soft small">
        From {count(backtest.windows, "rolling window")} over {count(backtest.days, "day")}.{" "}
        {series.method && `Method: ${plain(series.method)}`}
        {series.season_days ? `, season of ${count(series.season_days, "day")}` : ""}
        {series.days_used ? `, fitted to ${count(series.days_used, "day")}` : ""}.
      </p>
    </>
  );
}

function figures(backtest: Backtest, target: number | undefined) {
  return [
    {
      name: "WAPE",
      value: percent(backtest.wape),
      what: "all errors together, as a share of all demand: 0 % is perfect",
    },
    {
      name: "MASE",
      value: decimal(backtest.mase, 2),
      what: "errors against simply repeating the last season: below 1 is better than that",
    },
    {
      name: "Bias",
      value: backtest.bias === null ? "–" : `${signed(backtest.bias * 100, 1)} %`,
      what: "forecast less demand, as a share of all demand: above 0 too much on the whole, below 0 too little",
    },
    {
      name: "Coverage",
      value: percent(backtest.coverage),
      what: `share of days that fell inside the band${target === undefined ? "" : `; ${Math.round(target * 100)} % is meant to`}`,
    },
  ];
}

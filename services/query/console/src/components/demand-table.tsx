import type { ChartDay } from "../lib/demand";
import { band } from "../lib/demand";
import { day as dayWords, decimal, signed } from "../lib/format";
import { Scroll, Tag } from "./parts";

/** The chart's numbers as a table, newest day first. */
export function DemandTable({ days, levels, unit }: { days: ChartDay[]; levels: number[]; unit: string }) {
  const between = band(levels);
  const compared = days.some((at) => at.other !== undefined);
  return (
    <details class="card-body">
      <summary>The same as a table</summary>
      <Scroll label="Demand and forecast by day">
        <table class="tall">
          <caption>
            In {unit}. Demand is what was sold or dispensed, less returns and repeated scans. A day without a
            number had none.
          </caption>
          <thead>
            <tr>
              <th>Day</th>
              <th class="number">Sold</th>
              <th class="number">Returned</th>
              <th class="number">Repeated</th>
              <th class="number">Demand</th>
              <th class="number">Forecast</th>
              {between && <th class="number">Band</th>}
              {compared && <th class="number">Other version</th>}
              {compared && <th class="number">Change</th>}
            </tr>
          </thead>
          <tbody>
            {[...days].reverse().map((at) => {
              const low = between && at.forecast?.quantiles[between.low];
              const high = between && at.forecast?.quantiles[between.high];
              return (
                <tr key={at.day}>
                  <td class="nowrap">
                    {dayWords(at.day)} {at.demand && !at.demand.complete && <Tag tone="medium">open</Tag>}
                  </td>
                  <td class="number">{decimal(at.demand?.sold)}</td>
                  <td class="number">{decimal(at.demand?.returned)}</td>
                  <td class="number">{decimal(at.demand?.repeated)}</td>
                  <td class="number">
                    <strong>{decimal(at.demand?.demand)}</strong>
                  </td>
                  <td class="number">{decimal(at.forecast?.mean)}</td>
                  {between && (
                    <td class="number nowrap">
                      {low === undefined || high === undefined ? "–" : `${decimal(low)} to ${decimal(high)}`}
                    </td>
                  )}
                  {compared && <td class="number">{decimal(at.other)}</td>}
                  {compared && (
                    <td class="number">
                      {at.other === undefined || !at.forecast ? "–" : signed(at.forecast.mean - at.other)}
                    </td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

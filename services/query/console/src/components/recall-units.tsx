import type { RecallSite, RecallUnit } from "../api/types";
import { plain, whereabouts } from "../lib/words";
import { Country, PlaceName, Tag, Time, UnitLink } from "./parts";

const TONES: Record<string, string> = { at_site: "good", in_transit: "medium", sold: "critical" };

/** The units of a lot, one a row. */
export function RecallUnits({ units, sites }: { units: RecallUnit[]; sites: RecallSite[] }) {
  const names = new Map(sites.map((site) => [site.site, site.name]));
  return (
    <table class="rows stacks">
      <caption class="hidden">Units of the lot</caption>
      <thead>
        <tr>
          <th>Serial</th>
          <th>Where</th>
          <th>Site</th>
          <th>Country</th>
          <th>Last step</th>
          <th>Last read</th>
          <th>In container</th>
        </tr>
      </thead>
      <tbody>
        {units.map((unit) => (
          <tr key={unit.unit}>
            <td>
              <UnitLink epc={unit.unit} row />
            </td>
            <td>
              <Tag tone={TONES[unit.whereabouts] ?? "low"}>{whereabouts(unit.whereabouts).name}</Tag>
            </td>
            <td>
              <PlaceName gln={unit.site} name={unit.site_name} />
              {unit.to_site && (
                <span class="detail soft tiny">
                  on the way to {names.get(unit.to_site) ?? <code>{unit.to_site}</code>}
                </span>
              )}
            </td>
            <td>
              <Country code={unit.country} />
            </td>
            <td data-label="Last step">{plain(unit.last_step) || <span class="soft">–</span>}</td>
            <td data-label="at">
              <Time iso={unit.last_time} stacked />
            </td>
            <td class="above" data-label="In">
              {unit.container ? <UnitLink epc={unit.container} /> : <span class="soft">–</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

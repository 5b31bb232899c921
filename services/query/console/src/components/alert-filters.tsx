import { DateFilter, TextFilter } from "./filter-fields";
import { filtersSet } from "../lib/url-state";
import { RULE_NAMES, rule } from "../lib/words";

interface Props {
  params: URLSearchParams;
  change: (changes: Record<string, string | null>) => void;
}

const SEVERITIES = ["critical", "high", "medium", "low"];
const STATUSES: [string, string][] = [
  ["", "Open"],
  ["retracted", "Retracted"],
  ["any", "Open and retracted"],
];

/** The filters of the alerts page; each change goes into the address. */
export function AlertFilters({ params, change }: Props) {
  const value = (name: string) => params.get(name) ?? "";
  const select = (name: string, label: string, options: [string, string][]) => (
    <label>
      {label}
      <select value={value(name)} onChange={(event) => change({ [name]: event.currentTarget.value })}>
        {options.map(([code, words]) => (
          <option key={code} value={code} selected={code === value(name)}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
  const shared = { params, change };
  const text = (name: string, label: string, placeholder: string) => (
    <TextFilter {...shared} name={name} label={label} placeholder={placeholder} />
  );
  const date = (name: string, label: string) => <DateFilter {...shared} name={name} label={label} />;
  const clear = () =>
    change(
      Object.fromEntries([...params.keys()].filter((name) => name !== "alert").map((name) => [name, null])),
    );
  const set = filtersSet(params);
  return (
    <form class="filters" aria-label="Filter alerts" onSubmit={(event) => event.preventDefault()}>
      {select("rule", "Rule", [
        ["", "All rules"],
        ...RULE_NAMES.map((code): [string, string] => [code, rule(code).name]),
      ])}
      {select("severity", "Severity", [
        ["", "All severities"],
        ...SEVERITIES.map((code): [string, string] => [code, code]),
      ])}
      {select("status", "Status", STATUSES)}
      {text("country", "Country", "such as DE")}
      {text("gtin", "Product", "GTIN")}
      {text("lot", "Lot", "as on the pack")}
      {text("site", "Place", "GLN")}
      {date("since", "From (event day, UTC)")}
      {date("until", "To (event day, UTC)")}
      <div class="filters-end">
        <button type="button" onClick={clear} disabled={set === 0}>
          Clear {set > 0 ? `${set} ${set === 1 ? "filter" : "filters"}` : "filters"}
        </button>
      </div>
    </form>
  );
}

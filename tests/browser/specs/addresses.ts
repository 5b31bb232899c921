import type { Demo } from "./demo";

/** An address of every page, with something of the running world on it. */
export async function addresses(demo: Demo): Promise<[name: string, address: string][]> {
  const { unit, journey } = await demo.packedUnit();
  const { gtin, lot } = await demo.recalledLot();
  const travel = await demo.alert("IMPOSSIBLE_TRAVEL");
  const container = journey.find((read) => read.path.length > 0)?.path[0] ?? "";
  const series = await demo.bestSeries();
  return [
    ["overview", "/"],
    ["alerts", "/alerts"],
    ["alert", `/alerts?rule=IMPOSSIBLE_TRAVEL&alert=${travel.alert_id}`],
    ["unit", `/unit?id=${encodeURIComponent(unit)}`],
    ["container", `/unit?id=${encodeURIComponent(container)}`],
    ["unit-form", "/unit"],
    ["unit-unknown", "/unit?id=01/09521002000016/21/NOPE"],
    ["recall", `/recall?gtin=${gtin}&lot=${encodeURIComponent(lot)}`],
    ["recall-form", "/recall"],
    ["demand", `/demand?gtin=${series.gtin}&country=${series.country}`],
    ["demand-choose", "/demand"],
    ["rejects", "/rejects"],
  ];
}

// What the tests look at: things of the running world, found through its API, never assumed.

import type { APIRequestContext } from "@playwright/test";

export interface Alert {
  alert_id: string;
  rule: string;
  sub_reason: string | null;
  epc: string;
  unit: string;
  severity: string;
  country: string | null;
  gtin: string | null;
  lot: string | null;
  event_time: string;
  detected_at: string;
  revision: number;
  status: string;
}

export interface Read {
  inherited: boolean;
  zone_offset: string;
  biz_step: string | null;
  path: string[];
  site: { gln: string; name: string | null } | null;
}

export interface Series {
  gtin: string;
  product: string | null;
  country: string;
  uom: string | null;
  demand: number;
  forecast: string;
}

export class Demo {
  constructor(private readonly request: APIRequestContext) {}

  async get<T>(path: string): Promise<T> {
    const response = await this.request.get(path);
    if (!response.ok()) throw new Error(`${path}: ${response.status()} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async alerts(query = ""): Promise<Alert[]> {
    return (await this.get<{ alerts: Alert[] }>(`/v1/alerts?limit=200${query}`)).alerts;
  }

  /** An open alert of a rule; the demo's world holds some of each that is tested. */
  async alert(rule: string): Promise<Alert> {
    const [first] = await this.alerts(`&rule=${rule}`);
    if (first === undefined) throw new Error(`this world has no open ${rule} alert`);
    return first;
  }

  async journey(unit: string): Promise<Read[]> {
    return (await this.get<{ journey: Read[] }>(`/v1/trace?id=${encodeURIComponent(unit)}`)).journey;
  }

  /** A unit that was read itself and through a container, with its reads. */
  async packedUnit(): Promise<{ unit: string; gtin: string; lot: string; journey: Read[] }> {
    for (const alert of await this.alerts()) {
      if (alert.gtin === null || alert.lot === null) continue;
      const journey = await this.journey(alert.unit);
      const both = journey.some((read) => read.inherited) && journey.some((read) => !read.inherited);
      if (both) return { unit: alert.unit, gtin: alert.gtin, lot: alert.lot, journey };
    }
    throw new Error("this world has no unit with direct and inherited reads among its alerts");
  }

  /** A lot that is recalled. */
  async recalledLot(): Promise<{ gtin: string; lot: string }> {
    for (const alert of await this.alerts("&rule=STATUS_VIOLATION")) {
      const { sub_reason, gtin, lot } = alert;
      if (sub_reason === "recalled" && gtin !== null && lot !== null) return { gtin, lot };
    }
    throw new Error("this world has no alert of a recalled lot");
  }

  async series(): Promise<Series[]> {
    return (await this.get<{ series: Series[] }>("/v1/demand/series?limit=1000")).series;
  }

  /** A series with a forecast, if there is one, else the one with most demand. */
  async bestSeries(): Promise<Series> {
    const list = (await this.series()).sort((a, b) => b.demand - a.demand);
    const best = list.find((series) => series.forecast === "ok") ?? list[0];
    if (best === undefined) throw new Error("this world has no demand: did the forecaster run?");
    return best;
  }
}

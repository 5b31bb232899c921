// What the query API answers, field by field. Times are ISO 8601 in UTC, days ISO dates.

export type Severity = "critical" | "high" | "medium" | "low";

/** One read as evidence spells it out. */
export interface EvidenceRead {
  event: string;
  time: string;
  step?: string;
  disposition?: string;
  place?: string;
  country?: string;
  party?: string;
  /** Containers, outermost first, where the read is a container's. */
  inherited_from?: string[];
}

export interface EvidenceLeg {
  from: string;
  to: string;
  left: string;
  arrived: string;
  from_place: string | null;
  to_place: string | null;
  km: number;
  kmh: number;
}

export interface EvidenceViolation {
  read: EvidenceRead;
  reason: string;
  because: {
    since?: string | null;
    source?: string | null;
    expiry?: string;
    broken?: string[];
    days?: number;
  };
}

/** The union of what the rules write; each rule uses some of it. */
export interface Evidence {
  events_total?: number;
  reads?: EvidenceRead[];
  scans?: EvidenceRead[];
  repeats?: number;
  registered?: { status: string | null; since: string | null };
  legs?: EvidenceLeg[];
  legs_total?: number;
  shifted?: { event: string; minutes: number };
  violations?: EvidenceViolation[];
  by_reason?: Record<string, number>;
  countries?: string[];
  markets?: string[];
  markets_of?: string;
  foreign_gtin?: boolean;
  grace_hours?: number;
  commissioned_by?: string;
  slip?: string;
  [other: string]: unknown;
}

export interface Alert {
  alert_id: string;
  rule: string;
  sub_reason: string | null;
  epc: string;
  unit: string;
  subject_kind: string;
  event_ids: string[];
  event_time: string;
  record_time: string;
  detected_at: string;
  status: string;
  severity: string;
  country: string | null;
  site: string | null;
  party: string | null;
  gtin: string | null;
  lot: string | null;
  profile: string | null;
  likely_cause: string | null;
  policy_version: string;
  revision: number;
  evidence: Evidence | string | null;
  retract_reason: string | null;
  superseded_by: string | null;
  source_party: string;
  /** Key of the container it was found through. */
  container?: string | null;
}

export interface AlertPage {
  alerts: Alert[];
  next: string | null;
}

export interface Match {
  kind: "unit" | "lot" | "product" | "place" | "alert";
  key: string;
  epc?: string | null;
  gtin?: string | null;
  lot?: string | null;
  serial?: string | null;
  label: string;
  /** Whether anything was ever loaded or reported about it. */
  known?: boolean;
}

export interface Identified {
  text: string;
  matches: Match[];
  hint?: string | null;
}

export interface Site {
  gln: string;
  name: string | null;
  kind: string | null;
  country: string | null;
  latitude: number | null;
  longitude: number | null;
}

export interface SourceOrDestination {
  type: string;
  id: string;
}

export interface Read {
  event_id: string;
  event_time: string;
  zone_offset: string;
  record_time: string;
  event_type: string;
  action: string | null;
  biz_step: string | null;
  disposition: string | null;
  persistent_set: string[];
  persistent_unset: string[];
  inherited: boolean;
  role: string;
  parent: string | null;
  /** Containers the read came through, outermost first. */
  path: string[];
  quantity: number | null;
  uom: string | null;
  site: Site | null;
  read_point: string | null;
  biz_location: string | null;
  party: string | null;
  party_role: string | null;
  custodian: string | null;
  owner: string | null;
  event_lot: string | null;
  event_expiry: string | null;
  sources: SourceOrDestination[];
  destinations: SourceOrDestination[];
  scan_kind: string | null;
  clock_suspect: boolean;
  beyond_horizon: boolean;
  source_party: string;
  capture_id: string | null;
}

export interface Product {
  gtin: string;
  name: string | null;
  brand: string | null;
  profile: string | null;
  markets: string[];
  issuers: string[];
}

export interface Registry {
  gtin: string | null;
  serial: string | null;
  lot: string | null;
  expiry: string | null;
  markets: string[];
  status: string | null;
  status_since: string | null;
  known: boolean;
  known_by: string | null;
  commissioned_at: string | null;
  issued_by: string | null;
  source_party: string | null;
}

export interface LotStatement {
  lot: string;
  source: string;
  expiry: string | null;
  markets: string[];
  status: string | null;
  status_since: string | null;
  status_markets: string[];
  authorised: boolean;
  record_time: string;
  source_party: string;
}

export interface Custody {
  name: string | null;
  party: string;
  from: string;
  to: string | null;
  from_event: string;
  to_event: string | null;
  basis: "named" | "place";
}

export interface Interval {
  parent: string;
  from: string;
  to: string | null;
  from_event: string;
  to_event: string | null;
  end_cause: string | null;
  /** Containers around the container, innermost first. */
  outer?: string[];
}

export interface Content {
  unit: string;
  epc: string;
  from: string;
  to: string | null;
  end_cause: string | null;
}

export interface Trace {
  unit: string;
  epc: string;
  kind: string;
  registry: Registry | null;
  product: Product | null;
  lot_statements: LotStatement[];
  journey: Read[];
  next: string | null;
  custody: Custody[];
  containment: { now: Interval | null; then: Interval[] };
  contents: { count: number; inside: number; units: Content[] } | null;
  alerts: Alert[];
}

export interface ServiceState {
  name: string;
  up: boolean;
  instances: number;
  lag: number | null;
  stream_time: string | null;
  detail: string | null;
}

export interface Minute {
  minute: string;
  events: number;
  reads: number;
}

export interface Overview {
  as_of: string;
  stream_time: string | null;
  services: ServiceState[];
  totals: {
    events: number;
    reads: number;
    inherited: number;
    units: number;
    rejected: number;
    /** No: repeats that are not merged yet are counted. */
    exact?: boolean;
    alerts_open: number;
  };
  alerts: {
    by_rule: { rule: string; open: number; retracted: number }[];
    by_severity: { severity: string; open: number }[];
    by_country: { country: string | null; open: number }[];
  };
  throughput: { per_minute: Minute[]; events_per_second: number; reads_per_second: number };
  recent_alerts: Alert[];
}

export type Whereabouts = "at_site" | "in_transit" | "sold" | "ended" | "unseen";

export interface RecallSite {
  site: string;
  name: string | null;
  kind: string | null;
  country: string | null;
  latitude: number | null;
  longitude: number | null;
  units: number;
  in_transit_to: boolean;
}

export interface RecallCountry {
  country: string | null;
  units: number;
  at_site: number;
  in_transit: number;
  sold: number;
  ended: number;
  unseen?: number;
}

export interface RecallUnit {
  epc: string;
  unit: string;
  whereabouts: Whereabouts;
  site: string | null;
  site_name: string | null;
  country: string | null;
  party: string | null;
  last_step: string | null;
  last_time: string | null;
  container: string | null;
  to_site: string | null;
}

export interface Recall {
  gtin: string;
  lot: string;
  product: { name: string | null; brand: string | null } | null;
  status: {
    status: string;
    since: string | null;
    markets: string[];
    by?: string | null;
    authorised?: boolean;
  } | null;
  as_of: string | null;
  totals: {
    units: number;
    by_whereabouts: Record<Whereabouts, number>;
    by_country: RecallCountry[];
    sites: RecallSite[];
  };
  units: RecallUnit[];
  next: string | null;
}

export interface SeriesEntry {
  gtin: string;
  product: string | null;
  country: string;
  uom: string | null;
  first_day: string | null;
  last_day: string | null;
  days: number;
  demand: number;
  forecast: "ok" | "too_short" | "empty" | "none";
}

export interface SeriesPage {
  series: SeriesEntry[];
  next: string | null;
}

export interface DemandDay {
  day: string;
  demand: number;
  sold: number;
  returned: number;
  repeated: number;
  complete: boolean;
}

export interface Demand {
  series: { gtin: string; product: string | null; country: string; uom: string | null; days: DemandDay[] }[];
  as_of: string | null;
  message?: string | null;
}

export interface Backtest {
  windows: number;
  days: number;
  wape: number | null;
  mase: number | null;
  bias: number | null;
  coverage: number | null;
}

export interface ForecastPoint {
  day: string;
  mean: number;
  quantiles: number[];
}

export interface ForecastSeries {
  gtin: string;
  product: string | null;
  country: string;
  uom: string | null;
  status: string;
  message: string | null;
  method: string | null;
  season_days: number | null;
  days_used: number | null;
  backtest: Backtest | null;
  points: ForecastPoint[];
}

export interface Forecasts {
  version: string;
  data_cutoff: string;
  as_of: string | null;
  created_at: string;
  horizon_days: number;
  quantile_levels: number[];
  series: ForecastSeries[];
}

export interface ForecastVersion {
  version: string;
  data_cutoff: string;
  as_of: string | null;
  created_at: string;
  horizon_days: number;
  series: number;
  series_ok: number;
  series_too_short: number;
  series_empty: number;
}

export interface ForecastVersions {
  versions: ForecastVersion[];
  next: string | null;
}

export interface DifferenceRow {
  gtin: string;
  country: string;
  uom: string | null;
  day: string;
  from_mean: number;
  to_mean: number;
  change: number;
}

export interface Difference {
  from: string;
  to: string;
  rows: DifferenceRow[];
  only_from: unknown[];
  only_to: unknown[];
}

export interface Reject {
  reject_id: string;
  reason: string;
  message: string;
  place: string | null;
  stage: string;
  event_id: string | null;
  unit: string | null;
  path: string[];
  capture_id: string | null;
  event_index: number | null;
  document_id: string | null;
  publisher: string | null;
  record_time: string;
  source: { topic: string; partition: number | null; offset: number | null } | null;
  original: { bytes: number; complete: boolean; text: string | null; base64: string };
}

export interface RejectPage {
  rejects: Reject[];
  next: string | null;
}

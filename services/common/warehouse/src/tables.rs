//! Names of the tables of `schemas/clickhouse`.

/// Captured events.
pub const EVENTS: &str = "events";
/// Reads.
pub const OBSERVATIONS: &str = "observations";
/// Every revision of every read.
pub const OBSERVATIONS_HISTORY: &str = "observations_history";
/// Intervals of children in containers, by child.
pub const CONTAINMENT: &str = "containment";
/// The same, by container.
pub const CONTENTS: &str = "contents";
/// Latest state of each unit in the registry.
pub const SERIALS: &str = "serials";
/// Statements about lots.
pub const LOTS: &str = "lots";
/// Alerts.
pub const ALERTS: &str = "alerts";
/// Every revision of every alert.
pub const ALERTS_HISTORY: &str = "alerts_history";
/// What was refused.
pub const REJECTED: &str = "rejected";
/// Products.
pub const PRODUCTS: &str = "products";
/// Places.
pub const LOCATIONS: &str = "locations";
/// Companies.
pub const PARTIES: &str = "parties";
/// Routes between places.
pub const LANES: &str = "lanes";
/// Master data as documents gave it.
pub const MASTER_DATA: &str = "master_data";
/// Demand by local day.
pub const DAILY_DEMAND: &str = "daily_demand";
/// How far the forecaster has read.
pub const DEMAND_PROGRESS: &str = "demand_progress";
/// Versions of the forecast.
pub const FORECAST_VERSIONS: &str = "forecast_versions";
/// Series of a version, with their errors.
pub const FORECAST_SERIES: &str = "forecast_series";
/// Days of a version's series.
pub const FORECASTS: &str = "forecasts";
/// Named queries of the EPCIS query interface.
pub const NAMED_QUERIES: &str = "named_queries";
/// Subscriptions to them.
pub const SUBSCRIPTIONS: &str = "subscriptions";
/// How far each subscription was delivered.
pub const SUBSCRIPTION_PROGRESS: &str = "subscription_progress";

/// Inserts of several years, begun or whole.
pub const LANDINGS: &str = "landings";

/// All of them.
pub const ALL: &[&str] = &[
    EVENTS,
    OBSERVATIONS,
    OBSERVATIONS_HISTORY,
    CONTAINMENT,
    CONTENTS,
    SERIALS,
    LOTS,
    ALERTS,
    ALERTS_HISTORY,
    REJECTED,
    PRODUCTS,
    LOCATIONS,
    PARTIES,
    LANES,
    MASTER_DATA,
    DAILY_DEMAND,
    DEMAND_PROGRESS,
    FORECAST_VERSIONS,
    FORECAST_SERIES,
    FORECASTS,
    NAMED_QUERIES,
    SUBSCRIPTIONS,
    SUBSCRIPTION_PROGRESS,
    LANDINGS,
];

/// Tables whose rows, read with FINAL, are a function of the set of inputs: what two runs over the same
/// inputs must agree on. Histories depend on the order of arrival.
pub const SETTLED: &[&str] = &[
    EVENTS,
    OBSERVATIONS,
    CONTAINMENT,
    CONTENTS,
    SERIALS,
    LOTS,
    ALERTS,
    REJECTED,
    PRODUCTS,
    LOCATIONS,
    PARTIES,
    LANES,
];

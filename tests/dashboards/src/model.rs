//! A dashboard file as Grafana 10.4 and later reads it, as far as these dashboards use it.

use serde::Deserialize;
use serde_json::Value;

/// Type of the data source plugin of ClickHouse.
pub const CLICKHOUSE: &str = "grafana-clickhouse-datasource";
/// Type of the data source plugin of Prometheus.
pub const PROMETHEUS: &str = "prometheus";

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Dashboard {
    /// Name in addresses, `/d/<uid>`.
    pub uid: String,
    /// Heading.
    pub title: String,
    /// The question it answers.
    pub description: String,
    /// Version of the file format.
    pub schema_version: u32,
    /// Dashboards link to each other by the tag `serialtrail`.
    pub tags: Vec<String>,
    /// Time range at the start.
    pub time: TimeRange,
    /// Links in the head.
    pub links: Vec<Link>,
    /// Variables.
    pub templating: Templating,
    /// Rows and panels, from above.
    pub panels: Vec<Panel>,
}

/// A time range as Grafana writes it, for example `now-30d` to `now`.
#[derive(Debug, Clone, Deserialize)]
pub struct TimeRange {
    /// Begin.
    pub from: String,
    /// End.
    pub to: String,
}

/// A link in the head of a dashboard.
#[derive(Debug, Clone, Deserialize)]
pub struct Link {
    /// `dashboards` (by tag) or `link`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is written on it.
    pub title: String,
    /// Where it leads; empty for `dashboards`.
    pub url: String,
    /// Whose tags it lists.
    pub tags: Vec<String>,
}

/// The list of variables.
#[derive(Debug, Clone, Deserialize)]
pub struct Templating {
    /// In the order they are filled.
    pub list: Vec<Variable>,
}

/// A variable.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variable {
    /// As in `$name`.
    pub name: String,
    /// `query`, `custom`, `textbox` or `datasource`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What is written beside it.
    pub label: String,
    /// What it chooses.
    #[serde(default)]
    pub description: String,
    /// Where its options come from: text, or an object of the plugin.
    pub query: Value,
    /// Of a query.
    pub datasource: Option<DataSource>,
    /// Several may be chosen.
    #[serde(default)]
    pub multi: bool,
    /// All may be chosen.
    #[serde(default)]
    pub include_all: bool,
    /// What stands for all; without it all options are listed.
    pub all_value: Option<String>,
    /// Fixed options.
    #[serde(default)]
    pub options: Vec<Choice>,
}

impl Variable {
    /// The SQL of a ClickHouse query variable.
    #[must_use]
    pub fn sql(&self) -> Option<&str> {
        let clickhouse = self.datasource.as_ref()?.kind == CLICKHOUSE;
        clickhouse.then(|| self.query["rawSql"].as_str())?
    }
}

/// An option of a variable.
#[derive(Debug, Clone, Deserialize)]
pub struct Choice {
    /// What is filled in.
    pub value: String,
}

/// Which data source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DataSource {
    /// Plugin.
    #[serde(rename = "type")]
    pub kind: String,
    /// Here always a variable.
    pub uid: String,
}

/// A panel, or the heading of a row.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Panel {
    /// Number within the dashboard.
    pub id: u32,
    /// `row`, `stat`, `timeseries`, `table` or `barchart`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Heading.
    pub title: String,
    /// What it means and what to do.
    #[serde(default)]
    pub description: String,
    /// Where it stands.
    pub grid_pos: Grid,
    /// Of all its targets.
    pub datasource: Option<DataSource>,
    /// How fields are shown.
    pub field_config: Option<FieldConfig>,
    /// Options of its kind.
    #[serde(default)]
    pub options: Value,
    /// What it asks.
    #[serde(default)]
    pub targets: Vec<Target>,
    /// Least width of a time bucket, for example `1d`.
    pub interval: Option<String>,
}

/// A rectangle in a grid of 24 columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Grid {
    /// Height.
    pub h: u32,
    /// Width.
    pub w: u32,
    /// From the left.
    pub x: u32,
    /// From above.
    pub y: u32,
}

/// How fields are shown.
#[derive(Debug, Clone, Deserialize)]
pub struct FieldConfig {
    /// Of all fields.
    pub defaults: FieldDefaults,
    /// Of single ones.
    pub overrides: Vec<Override>,
}

/// How all fields are shown.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldDefaults {
    /// Unit, by Grafana's id.
    pub unit: Option<String>,
    /// What stands where there is no data.
    pub no_value: Option<String>,
    /// Name of a series.
    pub display_name: Option<String>,
}

/// How one field is shown.
#[derive(Debug, Clone, Deserialize)]
pub struct Override {
    /// Which.
    pub matcher: Matcher,
    /// What is set.
    pub properties: Vec<Property>,
}

/// Chooses fields.
#[derive(Debug, Clone, Deserialize)]
pub struct Matcher {
    /// Here always `byName`.
    pub id: String,
    /// Name of the field.
    pub options: String,
}

/// A setting of a field.
#[derive(Debug, Clone, Deserialize)]
pub struct Property {
    /// Which.
    pub id: String,
    /// To what.
    pub value: Value,
}

/// A question to a data source.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Letter within the panel.
    pub ref_id: String,
    /// Whom.
    pub datasource: DataSource,
    /// SQL, of ClickHouse.
    pub raw_sql: Option<String>,
    /// 0 time series, 1 table; of ClickHouse.
    pub format: Option<u32>,
    /// `timeseries` or `table`; of ClickHouse.
    pub query_type: Option<String>,
    /// Of Prometheus.
    pub expr: Option<String>,
    /// Name of a series; of Prometheus.
    pub legend_format: Option<String>,
}

impl Target {
    /// Whether rows become series over time.
    #[must_use]
    pub fn is_time_series(&self) -> bool {
        self.format == Some(0)
    }
}

impl Dashboard {
    /// The panels that ask something.
    pub fn asking(&self) -> impl Iterator<Item = &Panel> {
        self.panels.iter().filter(|panel| panel.kind != "row")
    }
}

-- Demand by local day, and what is expected of it. Written by the forecaster alone.
-- A day is recomputed as a whole from the reads that stand; of one day the highest revision counts, and
-- a day whose demand was taken back stays as a row of 0.
CREATE TABLE IF NOT EXISTS daily_demand {on_cluster}
(
    gtin                   String,
    country                LowCardinality(String) COMMENT 'of the site',
    uom                    LowCardinality(String) COMMENT 'unit of measure of class quantities; empty = units',
    day                    Date COMMENT 'local, by the event''s zone offset',
    demand                 Float64 COMMENT 'sold - returned - repeated',
    sold                   Float64 COMMENT 'dispensed or sold, every such read',
    returned               Float64,
    repeated               Float64 COMMENT 'second sales of units with a DUPLICATE_SCAN',
    complete               Bool COMMENT 'stream time has passed the day and its grace; false = open',
    as_of                  DateTime64(6, 'UTC') COMMENT 'stream time up to which all reads had landed',
    revision               UInt64,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(revision)}
ORDER BY (gtin, country, uom, day)
SETTINGS {deduplication};

-- How far the forecaster has read the history of reads and alerts: which days were touched since.
CREATE TABLE IF NOT EXISTS demand_progress {on_cluster}
(
    source                 LowCardinality(String) COMMENT 'table whose rows were read',
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64 COMMENT 'last offset seen',
    revision               UInt64
)
ENGINE = {replacing(revision)}
ORDER BY (source, kafka_topic, kafka_partition)
SETTINGS {deduplication};

-- A version is there when its row is here. It never changes but for confirmed_at.
CREATE TABLE IF NOT EXISTS forecast_versions {on_cluster}
(
    version                String COMMENT 'data cutoff and a hash of configuration and data',
    data_cutoff            Date COMMENT 'last day whose demand was used',
    as_of                  DateTime64(6, 'UTC') COMMENT 'stream time up to which all reads had landed',
    created_at             DateTime64(6, 'UTC'),
    confirmed_at           DateTime64(6, 'UTC') COMMENT 'when a pass last found this version to be that of the data; the latest is the one confirmed last',
    horizon_days           UInt16,
    quantile_levels        Array(Float64),
    configuration          String COMMENT 'JSON',
    series                 UInt32,
    series_ok              UInt32,
    series_too_short       UInt32,
    series_empty           UInt32
)
ENGINE = {replacing(confirmed_at)}
ORDER BY version
SETTINGS {deduplication};

CREATE TABLE IF NOT EXISTS forecast_series {on_cluster}
(
    version                String,
    gtin                   String,
    country                LowCardinality(String),
    uom                    LowCardinality(String),
    status                 LowCardinality(String) COMMENT 'ok, too_short or empty',
    message                String,
    method                 LowCardinality(String),
    season_days            UInt16,
    days_used              UInt32,
    first_day              Nullable(Date),
    windows                UInt16 COMMENT 'origins of the rolling backtest; 0 = too short for one',
    days_compared          UInt32,
    wape                   Nullable(Float64) COMMENT 'sum of absolute errors / sum of demand',
    mase                   Nullable(Float64) COMMENT 'mean absolute error / that of the seasonal naive forecast in sample',
    bias                   Nullable(Float64) COMMENT 'sum of (forecast - demand) / sum of demand',
    coverage               Nullable(Float64) COMMENT 'share of days between the lowest and the highest quantile'
)
ENGINE = {replacing()}
ORDER BY (version, gtin, country, uom)
SETTINGS {deduplication};

CREATE TABLE IF NOT EXISTS forecasts {on_cluster}
(
    version                String,
    gtin                   String,
    country                LowCardinality(String),
    uom                    LowCardinality(String),
    day                    Date,
    days_ahead             UInt16 COMMENT 'from the data cutoff, from 1',
    mean                   Float64,
    quantiles              Array(Float64) COMMENT 'one a level of the version''s quantile_levels'
)
ENGINE = {replacing()}
ORDER BY (version, gtin, country, uom, day)
SETTINGS {deduplication};

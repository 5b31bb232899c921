-- Reference data: every version of each record; of one version the latest load (highest offset of the
-- one-partition topic) stands. `valid_from` 1970-01-01 means always.
CREATE TABLE IF NOT EXISTS products {on_cluster}
(
    gtin                   String,
    valid_from             DateTime64(6, 'UTC'),
    name                   String,
    brand                  LowCardinality(String),
    profile                LowCardinality(String),
    markets                Array(LowCardinality(String)) COMMENT 'empty = anywhere',
    issuers                Array(String) COMMENT 'empty = anyone',
    attributes             Map(String, String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           UInt64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(kafka_offset)}
ORDER BY (gtin, valid_from)
SETTINGS {deduplication};

CREATE TABLE IF NOT EXISTS locations {on_cluster}
(
    gln                    String,
    valid_from             DateTime64(6, 'UTC'),
    name                   String,
    party                  LowCardinality(String),
    kind                   LowCardinality(String),
    country                LowCardinality(String),
    latitude               Nullable(Float64),
    longitude              Nullable(Float64),
    radius_km              Nullable(Float64),
    attributes             Map(String, String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           UInt64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(kafka_offset)}
ORDER BY (gln, valid_from)
SETTINGS {deduplication};

CREATE TABLE IF NOT EXISTS parties {on_cluster}
(
    gln                    String,
    valid_from             DateTime64(6, 'UTC'),
    name                   String,
    role                   LowCardinality(String),
    reports                Bool,
    attributes             Map(String, String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           UInt64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(kafka_offset)}
ORDER BY (gln, valid_from)
SETTINGS {deduplication};

CREATE TABLE IF NOT EXISTS lanes {on_cluster}
(
    from_gln               String,
    to_gln                 String,
    valid_from             DateTime64(6, 'UTC'),
    limit_days             Nullable(Float64),
    attributes             Map(String, String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           UInt64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(kafka_offset)}
ORDER BY (from_gln, to_gln, valid_from)
SETTINGS {deduplication};

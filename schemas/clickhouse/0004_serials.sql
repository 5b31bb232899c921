-- The serial registry: its latest view of each unit.
CREATE TABLE IF NOT EXISTS serials {on_cluster}
(
    unit                   String,
    kind                   LowCardinality(String),
    gtin                   LowCardinality(String),
    serial                 String,
    lot                    String,
    expiry                 String COMMENT 'ISO date',
    markets                Array(LowCardinality(String)) COMMENT 'the unit''s own; empty inherits',
    status                 LowCardinality(String),
    status_since           Nullable(DateTime64(6, 'UTC')),
    known                  Bool,
    known_by               LowCardinality(String) COMMENT 'registry, commissioning or transformation',
    commissioned_at        Nullable(DateTime64(6, 'UTC')),
    issued_by              LowCardinality(String),
    source_event           String,
    parent                 String COMMENT 'container by the latest packing; empty = loose',
    attributes             Map(String, String),
    revision               UInt64,
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_lot (gtin, lot) TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = {replacing(revision)}
ORDER BY unit
SETTINGS {deduplication};

-- Statements about lots (loads, recalls), by who makes them. Each reaches the sink once a partition of
-- `enriched`; the copies are one row.
CREATE TABLE IF NOT EXISTS lots {on_cluster}
(
    gtin                   LowCardinality(String),
    lot                    String,
    source                 String COMMENT 'load, or the event that says so',
    version                UInt64,
    state                  LowCardinality(String) COMMENT 'asserted or retracted',
    expiry                 String COMMENT 'ISO date',
    markets                Array(LowCardinality(String)) COMMENT 'empty inherits',
    status                 LowCardinality(String) COMMENT 'active, recalled or withdrawn',
    status_since           Nullable(DateTime64(6, 'UTC')) COMMENT 'null = since before the first event',
    status_markets         Array(LowCardinality(String)) COMMENT 'where it holds; empty = everywhere',
    authorised             Bool COMMENT 'the publisher may speak for the product',
    attributes             Map(String, String),
    record_time            DateTime64(6, 'UTC'),
    source_party           LowCardinality(String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(version)}
ORDER BY (gtin, lot, source)
SETTINGS {deduplication};

-- Intervals of a child in a container, by child. Identity: (child, parent, from_event).
CREATE TABLE IF NOT EXISTS containment {on_cluster}
(
    child                  String,
    parent                 String,
    from_event             String COMMENT 'packing event',
    from_time              DateTime64(6, 'UTC'),
    to_time                Nullable(DateTime64(6, 'UTC')) COMMENT 'null while inside; the interval excludes it',
    to_event               String,
    end_cause              LowCardinality(String) COMMENT 'unpacked, unpacked_all, packed_elsewhere, terminal_read or new_life',
    revision               UInt64,
    state                  LowCardinality(String) COMMENT 'asserted or retracted',
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(revision)}
ORDER BY (child, parent, from_event)
SETTINGS {deduplication};

-- The same rows by container: what was inside.
CREATE TABLE IF NOT EXISTS contents {on_cluster}
(
    child                  String,
    parent                 String,
    from_event             String COMMENT 'packing event',
    from_time              DateTime64(6, 'UTC'),
    to_time                Nullable(DateTime64(6, 'UTC')) COMMENT 'null while inside; the interval excludes it',
    to_event               String,
    end_cause              LowCardinality(String) COMMENT 'unpacked, unpacked_all, packed_elsewhere, terminal_read or new_life',
    revision               UInt64,
    state                  LowCardinality(String) COMMENT 'asserted or retracted',
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(revision)}
ORDER BY (parent, child, from_event)
SETTINGS {deduplication};

-- What was refused, with its original bytes in parts. Identity: (reject_id, part).
CREATE TABLE IF NOT EXISTS rejected {on_cluster}
(
    reject_id              String,
    part                   UInt32,
    parts                  UInt32,
    stage                  LowCardinality(String),
    reason                 LowCardinality(String),
    message                String,
    place                  String COMMENT 'field path, line and column, or key',
    event_id               String,
    unit                   String,
    path                   Array(String) COMMENT 'containers, for loops and hop limits',
    capture_id             String,
    event_index            Nullable(Int32) COMMENT 'position in the document, from 0',
    document_id            String,
    record_time            DateTime64(6, 'UTC'),
    source_topic           LowCardinality(String),
    source_partition       Nullable(Int32),
    source_offset          Nullable(Int64),
    original               String COMMENT 'bytes of this part' CODEC(ZSTD(1)),
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_capture capture_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_record_time record_time TYPE minmax GRANULARITY 1
)
ENGINE = {replacing()}
ORDER BY (reject_id, part)
SETTINGS {deduplication};

-- Master data as documents gave it (EPCIS 2.0 header, vocabulary elements): what HASATTR, EQATTR and WD
-- queries ask. Of one element the latest document (highest offset of the one-partition topic) stands.
CREATE TABLE IF NOT EXISTS master_data {on_cluster}
(
    vocabulary             LowCardinality(String) COMMENT 'urn:epcglobal:epcis:vtype:...',
    id                     String COMMENT 'as given',
    id_key                 String COMMENT 'the same for every spelling of the identifier',
    attributes             Array(Tuple(String, String)) COMMENT 'name as given, value; a name may stand twice',
    children               Array(String) COMMENT 'as given',
    source_party           LowCardinality(String),
    record_time            DateTime64(6, 'UTC'),
    capture_id             String,
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           UInt64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(kafka_offset)}
ORDER BY (vocabulary, id)
SETTINGS {deduplication};

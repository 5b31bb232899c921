-- An insert whose rows lie in several years becomes visible a year at a time. Whoever follows a table by
-- the offsets of its rows would pass over those that come last. Before such an insert into a table that is
-- followed, the sink says here that it begins, and afterwards that it is whole; inserts of one year need
-- no line. Of one partition one range at most is begun: the highest revision stands.
CREATE TABLE IF NOT EXISTS landings {on_cluster}
(
    table_name             LowCardinality(String),
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    revision               UInt64 COMMENT 'twice the first offset, one more once the range is whole',
    first_offset           Int64,
    last_offset            Int64,
    whole                  Bool COMMENT 'every row up to the last offset is visible'
)
ENGINE = {replacing(revision)}
ORDER BY (table_name, kafka_topic, kafka_partition)
SETTINGS {deduplication};

-- How far a partition has landed, without reading every row; and rows of late offsets, without reading
-- those of early ones.
ALTER TABLE events {on_cluster}
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';
ALTER TABLE events {on_cluster}
    ADD INDEX IF NOT EXISTS by_offset kafka_offset TYPE minmax GRANULARITY 1,
    ADD PROJECTION IF NOT EXISTS ends
    (
        SELECT kafka_topic, kafka_partition, max(kafka_offset)
        GROUP BY kafka_topic, kafka_partition
    );

-- What the EPCIS query interface narrows events down by: keys, so that every spelling of an identifier
-- is found by every other. Rows of before have none of them and are found by other conditions only,
-- until they are captured again.
ALTER TABLE events {on_cluster}
    ADD COLUMN IF NOT EXISTS epc_keys Array(String) COMMENT 'unit keys of epcList, parentID, childEPCs, inputEPCList and outputEPCList, each once',
    ADD COLUMN IF NOT EXISTS class_keys Array(String) COMMENT 'class keys of all quantity lists, each once',
    ADD COLUMN IF NOT EXISTS read_point_key String COMMENT 'key of readPoint.id',
    ADD COLUMN IF NOT EXISTS biz_location_key String COMMENT 'key of bizLocation.id',
    ADD INDEX IF NOT EXISTS by_epc epc_keys TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_class class_keys TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_read_point read_point_key TYPE bloom_filter(0.01) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS by_biz_location biz_location_key TYPE bloom_filter(0.01) GRANULARITY 1;

-- Which captures of an event id were refused is asked by event id.
ALTER TABLE rejected {on_cluster}
    ADD INDEX IF NOT EXISTS by_event event_id TYPE bloom_filter(0.01) GRANULARITY 1;

-- Named queries of the EPCIS query interface. Identity: name; the highest revision stands.
CREATE TABLE IF NOT EXISTS named_queries {on_cluster}
(
    name                   String,
    revision               UInt64 COMMENT 'microseconds of the change, raised above the one before',
    deleted                Bool,
    query                  String COMMENT 'JSON: the query object as given',
    created_at             DateTime64(6, 'UTC')
)
ENGINE = {replacing(revision)}
ORDER BY name
SETTINGS {deduplication};

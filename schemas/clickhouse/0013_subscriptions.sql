-- Subscriptions to named queries (EPCIS 2.0 §12.5, webhooks). Identity: id; the highest revision stands.
CREATE TABLE IF NOT EXISTS subscriptions {on_cluster}
(
    id                     String,
    query_name             String,
    query_created_at       DateTime64(6, 'UTC') COMMENT 'of the query it was made for: another of the same name is another query',
    revision               UInt64 COMMENT 'microseconds of the change, raised above the one before',
    deleted                Bool,
    definition             String COMMENT 'JSON: the subscription as given, its secret with it',
    created_at             DateTime64(6, 'UTC')
)
ENGINE = {replacing(revision)}
ORDER BY id
SETTINGS {deduplication};

-- How far each was delivered. Written by the instance that delivers it.
CREATE TABLE IF NOT EXISTS subscription_progress {on_cluster}
(
    id                     String,
    revision               UInt64 COMMENT 'microseconds of the change, raised above the one before',
    position               String COMMENT 'next offset of each partition of the captured events; what lies before it was taken by the receiver, or did not match',
    executed_at            DateTime64(6, 'UTC') COMMENT 'when the query was last asked for it, the epoch before the first time',
    notified_at            DateTime64(6, 'UTC') COMMENT 'when the receiver last answered 2xx, the epoch before the first time'
)
ENGINE = {replacing(revision)}
ORDER BY id
SETTINGS {deduplication};

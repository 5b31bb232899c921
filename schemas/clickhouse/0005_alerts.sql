-- Alerts. Identity: alert_id, a hash of (rule, subject, anchor); the subject leads the sort key, so the
-- alerts of one unit are one range. What people decide about an alert is kept elsewhere.
CREATE TABLE IF NOT EXISTS alerts {on_cluster}
(
    alert_id               String,
    rule                   LowCardinality(String),
    sub_reason             LowCardinality(String),
    subject                String COMMENT 'unit key, or key of a site, device, lane, lot',
    subject_kind           LowCardinality(String),
    epc                    String COMMENT 'canonical GS1 Digital Link of the subject',
    revision               UInt64,
    state                  LowCardinality(String) COMMENT 'asserted or retracted: the detector''s word',
    retract_reason         LowCardinality(String),
    superseded_by          String,
    severity               LowCardinality(String),
    anchor_event           String,
    event_ids              Array(String),
    event_time             DateTime64(6, 'UTC') COMMENT 'of the anchor',
    record_time            DateTime64(6, 'UTC') COMMENT 'of the anchor',
    trigger_captured_at    DateTime64(6, 'UTC') COMMENT 'wall clock of the gateway, epoch when a timer raised it; latency only',
    detected_at            DateTime64(6, 'UTC') COMMENT 'wall clock of the detector',
    country                LowCardinality(String),
    site                   LowCardinality(String),
    party                  LowCardinality(String),
    gtin                   LowCardinality(String),
    lot                    String,
    profile                LowCardinality(String),
    evidence               String COMMENT 'canonical JSON',
    likely_cause           LowCardinality(String),
    policy_version         LowCardinality(String),
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    capture_id             String,
    document_id            String,
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6),
    INDEX by_id alert_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_rule rule TYPE set(32) GRANULARITY 4,
    INDEX by_gtin gtin TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_lot lot TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX by_event_time event_time TYPE minmax GRANULARITY 1,
    INDEX by_detected_at detected_at TYPE minmax GRANULARITY 1
)
ENGINE = {replacing(revision)}
ORDER BY (subject, alert_id)
SETTINGS {deduplication};

-- Every revision of every alert.
CREATE TABLE IF NOT EXISTS alerts_history {on_cluster}
(
    alert_id               String,
    rule                   LowCardinality(String),
    sub_reason             LowCardinality(String),
    subject                String COMMENT 'unit key, or key of a site, device, lane, lot',
    subject_kind           LowCardinality(String),
    epc                    String COMMENT 'canonical GS1 Digital Link of the subject',
    revision               UInt64,
    state                  LowCardinality(String) COMMENT 'asserted or retracted: the detector''s word',
    retract_reason         LowCardinality(String),
    superseded_by          String,
    severity               LowCardinality(String),
    anchor_event           String,
    event_ids              Array(String),
    event_time             DateTime64(6, 'UTC') COMMENT 'of the anchor',
    record_time            DateTime64(6, 'UTC') COMMENT 'of the anchor',
    trigger_captured_at    DateTime64(6, 'UTC') COMMENT 'wall clock of the gateway, epoch when a timer raised it; latency only',
    detected_at            DateTime64(6, 'UTC') COMMENT 'wall clock of the detector',
    country                LowCardinality(String),
    site                   LowCardinality(String),
    party                  LowCardinality(String),
    gtin                   LowCardinality(String),
    lot                    String,
    profile                LowCardinality(String),
    evidence               String COMMENT 'canonical JSON',
    likely_cause           LowCardinality(String),
    policy_version         LowCardinality(String),
    source_party           LowCardinality(String),
    visible_to             Array(LowCardinality(String)),
    capture_id             String,
    document_id            String,
    kafka_topic            LowCardinality(String),
    kafka_partition        Int32,
    kafka_offset           Int64,
    kafka_index            UInt32,
    ingested_at            DateTime64(6, 'UTC') DEFAULT now64(6)
)
ENGINE = {replacing(revision)}
ORDER BY (subject, alert_id, revision, kafka_topic, kafka_partition, kafka_offset)
SETTINGS {deduplication};

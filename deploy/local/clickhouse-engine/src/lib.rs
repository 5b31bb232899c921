//! serialtrail-clickhouse-local

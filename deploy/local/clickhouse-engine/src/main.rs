//! serialtrail-clickhouse-local
fn main() {}

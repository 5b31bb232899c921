//! serialtrail-bench
fn main() {}

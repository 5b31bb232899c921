//! serialtrail-query
fn main() {}

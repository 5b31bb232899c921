//! serialtrail-enricher
fn main() {}

//! serialtrail-sink
fn main() {}

//! serialtrail-detector
fn main() {}

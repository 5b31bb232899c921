//! serialtrail-cli
fn main() {}

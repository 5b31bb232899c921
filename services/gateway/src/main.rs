//! serialtrail-gateway
fn main() {}

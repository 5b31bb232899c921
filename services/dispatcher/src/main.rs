//! serialtrail-dispatcher
fn main() {}

//! `serialtrail-notifier`: alerts to Alertmanager and webhooks.
fn main() {}

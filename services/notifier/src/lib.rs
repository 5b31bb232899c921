//! Alerts to people: topic `alerts` to Alertmanager and webhooks.

//! What a request may read: the one place that decides it.
//!
//! This version serves one operator. It listens on loopback unless told otherwise, and whoever reaches
//! it may read everything; [`Access::new`]'s caller warns where the address can be reached from
//! elsewhere. Every handler gets its ClickHouse client from [`Access::client`] and from nowhere else,
//! so a request of a partner can be given the client of a role whose row policies hide what is not
//! visible to them, without a change to any statement.

use clickhouse::Client;
use serialtrail_runtime::config::ClickHouseSettings;

/// Hands out the client a request reads with.
#[derive(Debug, Clone)]
pub struct Access {
    everything: Client,
}

impl Access {
    /// Access to the deployment's database. Nothing is sent yet.
    #[must_use]
    pub fn new(settings: &ClickHouseSettings) -> Self {
        Self {
            everything: serialtrail_warehouse::client(settings),
        }
    }

    /// The client to read with: of the operator, who sees everything.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.everything
    }
}

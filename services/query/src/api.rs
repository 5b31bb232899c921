//! What the routes share: one of each, made at the start of the process.

use crate::access::Access;
use crate::epcis::Epcis;
use crate::feed::Feed;
use crate::overview::Overview;
use axum::extract::FromRef;
use serialtrail_runtime::{Settings, Shutdown};
use std::path::PathBuf;

/// Everything a handler may need; cloning it clones handles.
#[derive(Debug, Clone)]
pub struct Api {
    /// What a request reads with.
    pub access: Access,
    /// The overview and what it remembers for a moment.
    pub overview: Overview,
    /// What the EPCIS interface remembers between requests.
    pub epcis: Epcis,
    /// New alerts, for all that listen.
    pub feed: Feed,
    /// Folder of the built console.
    pub console: PathBuf,
    /// Ends open streams.
    pub shutdown: Shutdown,
}

impl Api {
    /// The API of a deployment. Nothing is sent yet.
    #[must_use]
    pub fn new(settings: &Settings, shutdown: Shutdown) -> Self {
        let access = Access::new(&settings.clickhouse);
        Self {
            overview: Overview::new(settings, access.clone()),
            epcis: Epcis::default(),
            feed: Feed::new(access.clone(), shutdown.clone()),
            access,
            console: settings.query.console.clone(),
            shutdown,
        }
    }
}

impl FromRef<Api> for Access {
    fn from_ref(api: &Api) -> Self {
        api.access.clone()
    }
}

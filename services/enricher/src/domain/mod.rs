//! Plain functions on plain data: containment in time, departures, facts, observations.

pub(crate) mod departures;
pub(crate) mod facts;
pub(crate) mod flags;
pub(crate) mod intervals;
pub(crate) mod observation;
pub(crate) mod supports;

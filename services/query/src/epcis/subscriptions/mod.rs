//! Subscriptions to named queries (EPCIS 2.0 §8.2.5, §12.5): by webhook and by WebSocket.
//!
//! Invariants:
//! 1. A webhook subscription goes on behind an event only once its receiver answered 2xx, and how far it
//!    is stands in ClickHouse before the next is sent: after a restart, or where an answer was lost,
//!    events come again and none is left out. Within what was not taken yet nothing is remembered.
//! 2. Each subscription is a task of its own; nothing it waits for while it sends is shared. What was
//!    not taken is let go and read again for the next attempt.
//! 3. A subscription is delivered by one instance ([`runner::Share`]); one that finds that another
//!    delivers it too says so and goes on behind it.
//! 4. The wall clock decides when a schedule is due and what is written down, nothing else.
//!
//! | module | subject |
//! |---|---|
//! | [`controls`], [`schedule`] | what a subscriber asks for |
//! | [`resource`] | `/queries/{queryName}/subscriptions` |
//! | [`standing`] | what of a query was captured since, as documents |
//! | [`runner`], [`delivery`], [`webhook`] | webhooks |
//! | [`socket`] | WebSockets |
//! | [`store`] | the tables |

pub mod controls;
pub mod delivery;
pub mod resource;
pub mod runner;
pub mod schedule;
pub mod socket;
pub mod standing;
pub mod store;
pub mod webhook;

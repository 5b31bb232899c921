//! What is made of other things, and what is fixed to a thing: captured in both bindings, traced, and
//! answered again by the query interface.
#![allow(clippy::unwrap_used)]

mod answers;
mod associations;
mod scenario;
mod transformations;

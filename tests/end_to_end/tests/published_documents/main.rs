//! Every document of the published vectors through the running pipeline: each lands whole, or is refused
//! with its reason and kept; sent again it changes nothing; what landed is answered again, valid and the
//! same.
//!
//! What is expected follows from each file: the events counted in it; refusal of what its publisher calls
//! invalid and of what is no capture; a conflict where an event id was given to another event before.
//! [`stated`] names every other file, with why. The table of all files is written to
//! `target/published-documents.txt`.
#![allow(clippy::unwrap_used)]

mod documents;
mod expected;
mod landed;
mod pipeline;
mod stated;
mod vectors;

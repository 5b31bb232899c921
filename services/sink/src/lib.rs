//! serialtrail-sink

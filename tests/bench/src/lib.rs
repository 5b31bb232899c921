//! serialtrail-bench

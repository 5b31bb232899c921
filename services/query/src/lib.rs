//! serialtrail-query

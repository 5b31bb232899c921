//! serialtrail-enricher

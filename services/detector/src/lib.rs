//! serialtrail-detector

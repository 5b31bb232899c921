//! serialtrail-cli

//! serialtrail-testkit

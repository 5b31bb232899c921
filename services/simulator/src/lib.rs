//! serialtrail-simulator

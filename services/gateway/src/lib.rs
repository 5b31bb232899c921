//! serialtrail-gateway

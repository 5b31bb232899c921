//! serialtrail-dispatcher

//! serialtrail-warehouse

//! serialtrail-end-to-end

//! serialtrail-epcis

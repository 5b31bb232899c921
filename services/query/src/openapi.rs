//! The API's description, OpenAPI 3.1, as served at `/openapi.json`.

/// `schemas/openapi/query.json`.
pub const DOCUMENT: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../schemas/openapi/query.json"
));

/// `schemas/openapi/epcis.json`: the EPCIS query interface, as served at `/openapi/epcis.json`.
pub const EPCIS: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../schemas/openapi/epcis.json"
));

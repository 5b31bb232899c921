//! What Application Identifiers are called: in older links and in messages.

/// The AI behind a convenience name of GS1 Digital Link 1.0 (`/gtin/…/ser/…`),
/// still met in older links.
pub(crate) fn of_alias(name: &str) -> Option<&'static str> {
    Some(match name {
        "gtin" => "01",
        "sscc" => "00",
        "gdti" => "253",
        "gcn" => "255",
        "ginc" => "401",
        "gsin" => "402",
        "gln" => "414",
        "payTo" => "415",
        "party" => "417",
        "grai" => "8003",
        "giai" => "8004",
        "itip" => "8006",
        "cpid" => "8010",
        "gmn" => "8013",
        "gsrnp" => "8017",
        "gsrn" => "8018",
        "cpv" => "22",
        "lot" => "10",
        "ser" => "21",
        "tpx" => "235",
        "glnx" => "254",
        "cpsn" => "8011",
        "srin" => "8019",
        "refno" => "8020",
        _ => return None,
    })
}

/// What an AI's value is called in a message.
pub(crate) fn name(ai: &str) -> &'static str {
    match ai {
        "00" => "SSCC",
        "01" | "02" | "03" => "GTIN",
        "10" => "batch/lot",
        "17" => "expiry date",
        "21" => "serial number",
        "22" => "consumer product variant",
        "235" => "third party serial",
        "253" => "GDTI",
        "254" => "GLN extension",
        "255" => "GCN",
        "401" => "GINC",
        "402" => "GSIN",
        "410" | "411" | "412" | "413" | "414" | "415" | "416" => "GLN",
        "417" => "party GLN",
        "8003" => "GRAI",
        "8004" => "GIAI",
        "8006" => "ITIP",
        "8010" => "CPID",
        "8011" => "CPID serial number",
        "8013" => "GMN",
        "8017" | "8018" => "GSRN",
        "8019" => "service relation instance number",
        _ => "value",
    }
}

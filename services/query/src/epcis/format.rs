//! Identifiers and vocabulary of an event's tree in the spelling that was asked for (EPCIS 2.0 §12.7,
//! `GS1-EPC-Format`, `GS1-CBV-XML-Format`).

use super::negotiate::{CbvFormat, EpcFormat};
use serde_json::Value;
use serialtrail_epcis::{Vocabulary, normalise};
use serialtrail_gs1::parse_identifier;

/// An identifier in the spelling asked for. What has no GS1 key, and what cannot be told in that
/// spelling, stays as it is: a Digital Link does not say how long its company prefix is, so no URN can
/// be made of it.
#[must_use]
pub fn identifier(text: &str, format: EpcFormat) -> String {
    if format != EpcFormat::DigitalLink
        || !text
            .get(..8)
            .is_some_and(|s| s.eq_ignore_ascii_case("urn:epc:"))
    {
        return text.to_owned();
    }
    match parse_identifier(text) {
        Ok(key) if key.is_gs1() => key.digital_link(),
        _ => text.to_owned(),
    }
}

fn translate(value: &mut Value, format: EpcFormat) {
    match value {
        Value::String(text) => *text = identifier(text, format),
        Value::Array(items) => items.iter_mut().for_each(|item| translate(item, format)),
        _ => {}
    }
}

/// Every identifier of the standard's fields; extensions, ILMD and the event's own id stay.
pub fn epcs(event: &mut Value, format: EpcFormat) {
    for name in [
        "epcList",
        "childEPCs",
        "inputEPCList",
        "outputEPCList",
        "parentID",
    ] {
        if let Some(value) = event.get_mut(name) {
            translate(value, format);
        }
    }
    for (list, name) in [
        ("quantityList", "epcClass"),
        ("childQuantityList", "epcClass"),
        ("inputQuantityList", "epcClass"),
        ("outputQuantityList", "epcClass"),
        ("bizTransactionList", "bizTransaction"),
        ("sourceList", "source"),
        ("destinationList", "destination"),
    ] {
        let items = event.get_mut(list).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            if let Some(value) = item.get_mut(name) {
                translate(value, format);
            }
        }
    }
    for name in ["readPoint", "bizLocation"] {
        if let Some(value) = event.get_mut(name).and_then(|place| place.get_mut("id")) {
            translate(value, format);
        }
    }
}

/// Words of the vocabulary as addresses, for XML.
pub fn words(event: &mut Value, format: CbvFormat) {
    if format == CbvFormat::AsWritten {
        return;
    }
    let spell = |value: Option<&mut Value>, vocabulary| {
        if let Some(Value::String(text)) = value {
            *text = word(text, vocabulary, format);
        }
    };
    spell(event.get_mut("bizStep"), Vocabulary::BizStep);
    spell(event.get_mut("disposition"), Vocabulary::Disposition);
    if let Some(declared) = event.get_mut("errorDeclaration") {
        spell(declared.get_mut("reason"), Vocabulary::ErrorReason);
    }
    for list in ["set", "unset"] {
        let list = event
            .get_mut("persistentDisposition")
            .and_then(|p| p.get_mut(list));
        for value in list.and_then(Value::as_array_mut).into_iter().flatten() {
            spell(Some(value), Vocabulary::Disposition);
        }
    }
    for (list, vocabulary) in [
        ("bizTransactionList", Vocabulary::BizTransactionType),
        ("sourceList", Vocabulary::SourceDestinationType),
        ("destinationList", Vocabulary::SourceDestinationType),
    ] {
        let items = event.get_mut(list).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            spell(item.get_mut("type"), vocabulary);
        }
    }
}

/// A word's address (CBV 2.0 §7.1 and after); a value of one's own stays.
fn word(text: &str, vocabulary: Vocabulary, format: CbvFormat) -> String {
    let (urn, web) = match vocabulary {
        Vocabulary::BizStep => ("bizstep", "BizStep"),
        Vocabulary::Disposition => ("disp", "Disp"),
        Vocabulary::BizTransactionType => ("btt", "BTT"),
        Vocabulary::SourceDestinationType => ("sdt", "SDT"),
        Vocabulary::ErrorReason => ("er", "ER"),
        Vocabulary::Component | Vocabulary::MeasurementType | Vocabulary::SensorAlert => {
            return text.to_owned();
        }
    };
    match normalise(vocabulary, text) {
        Some(word) if !word.contains(':') => match format {
            CbvFormat::Urn => format!("urn:epcglobal:cbv:{urn}:{word}"),
            CbvFormat::WebUri => format!("https://ref.gs1.org/cbv/{web}-{word}"),
            CbvFormat::AsWritten => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn urns_become_digital_links_and_nothing_else_changes() {
        let mut event = json!({
            "epcList": ["urn:epc:id:sgtin:9521234.054321.A", "urn:example:1", "https://example.com/01/09521234543213/21/A"],
            "quantityList": [{"epcClass": "urn:epc:idpat:sgtin:9521234.054321.*"}],
            "readPoint": {"id": "urn:epc:id:sgln:9521234.00001.0"},
            "bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:9521234000013:1"}],
            "example:epc": "urn:epc:id:sgtin:9521234.054321.A",
        });
        let before = event.clone();
        for format in [EpcFormat::AsCaptured, EpcFormat::Urn] {
            epcs(&mut event, format);
            assert_eq!(event, before);
        }
        epcs(&mut event, EpcFormat::DigitalLink);
        let expected = json!({
            "epcList": ["https://id.gs1.org/01/09521234543213/21/A", "urn:example:1", "https://example.com/01/09521234543213/21/A"],
            "quantityList": [{"epcClass": "https://id.gs1.org/01/09521234543213"}],
            "readPoint": {"id": "https://id.gs1.org/414/9521234000013"},
            "bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:9521234000013:1"}],
            "example:epc": "urn:epc:id:sgtin:9521234.054321.A",
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn words_become_addresses_of_either_kind() {
        let given = json!({
            "bizStep": "shipping",
            "disposition": "https://example.com/own",
            "sourceList": [{"type": "owning_party", "source": "urn:x:y"}],
            "persistentDisposition": {"set": ["in_transit"]},
        });
        let mut urn = given.clone();
        words(&mut urn, CbvFormat::Urn);
        assert_eq!(urn["bizStep"], "urn:epcglobal:cbv:bizstep:shipping");
        assert_eq!(urn["disposition"], "https://example.com/own");
        assert_eq!(
            urn["sourceList"][0]["type"],
            "urn:epcglobal:cbv:sdt:owning_party"
        );
        let mut web = given.clone();
        words(&mut web, CbvFormat::WebUri);
        assert_eq!(
            web["persistentDisposition"]["set"][0],
            "https://ref.gs1.org/cbv/Disp-in_transit"
        );
        let mut same = given.clone();
        words(&mut same, CbvFormat::AsWritten);
        assert_eq!(same, given);
    }
}

//! Every spelling of a unit is the same key, whichever road it came.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serialtrail_gs1::{
    DigitalLink, EpcScheme, EpcTag, IdPattern, IdReason, PrefixLength, PureIdentity, TagScheme,
    TagUri, parse_element_string, parse_identifier, parse_key,
};

/// 1 to 28 characters of set 82.
const TEXT: &str = "[!\"%-/:-?A-Z_a-z0-9]{1,28}";

/// Any identity of a scheme with a GS1 key.
fn identity() -> impl Strategy<Value = PureIdentity> {
    let schemes: Vec<EpcScheme> = EpcScheme::ALL
        .into_iter()
        .filter(|scheme| scheme.has_company_prefix())
        .collect();
    let texts = (TEXT, "[A-Z0-9#/-]{1,18}", "[1-9][0-9]{0,11}", "[0-9]{1,12}");
    let numbers = ("[1-9][0-9]{11}", "[0-9]{12}", 6usize..=12, 1u8..=99);
    (prop::sample::select(schemes), texts, numbers).prop_map(
        |(scheme, (text, part, number, digits), (prefix, reference, length, piece))| {
            let reference = |total: usize| reference[..total - length].to_owned();
            let text = |most: usize| text[..text.len().min(most)].to_owned();
            let further = match scheme {
                EpcScheme::Sgtin | EpcScheme::Lgtin => vec![reference(13), text(20)],
                EpcScheme::Upui => vec![reference(13), text(28)],
                EpcScheme::Itip => {
                    let pair = format!("{piece:02}");
                    vec![reference(13), pair.clone(), pair, text(20)]
                }
                EpcScheme::Sscc | EpcScheme::Gsrn | EpcScheme::Gsrnp => vec![reference(17)],
                EpcScheme::Gsin => vec![reference(16)],
                EpcScheme::Pgln => vec![reference(12)],
                EpcScheme::Sgln => vec![reference(12), text(20)],
                EpcScheme::Grai => vec![reference(12), text(16)],
                EpcScheme::Gdti => vec![reference(12), text(17)],
                EpcScheme::Sgcn => vec![reference(12), digits],
                EpcScheme::Cpi => vec![part, number],
                _ => vec![text(30 - length)],
            };
            let mut components = vec![prefix[..length].to_owned()];
            components.extend(further);
            PureIdentity::new(scheme, &components).unwrap()
        },
    )
}

/// Its element string, as people write it and as a scanner sends it.
fn element_strings(identity: &PureIdentity) -> (String, String) {
    let elements = identity.element_string().unwrap();
    (
        elements.to_string(),
        format!("]d2{}", elements.unbracketed('\u{1d}')),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn every_spelling_of_a_unit_is_one_key(identity in identity(), stem in "https://[a-z]{1,8}\\.example(/[a-z]{1,5}){0,2}") {
        let epc = identity.epc();
        let (bracketed, scanned) = element_strings(&identity);
        let elements = parse_element_string(&scanned).unwrap();
        let link = DigitalLink::build(Some(&stem), &elements).unwrap();
        prop_assert_eq!(&link.epc(), &epc);
        prop_assert_eq!(link.elements().unwrap(), elements);
        for spelling in [
            identity.to_string(), bracketed, scanned, epc.digital_link(), epc.event_hash_link(),
            epc.to_string(), link.to_string(), link.canonical(),
        ] {
            prop_assert_eq!(parse_identifier(&spelling), Ok(epc.clone()), "{}", spelling);
        }
        prop_assert_eq!(parse_key(&epc.key()), Ok(epc.clone()));
        prop_assert_eq!(epc.element_string().unwrap().key(), Ok(epc.clone()));

        // Back to the URI only with the length of the company prefix.
        prop_assert_eq!(PureIdentity::of(&epc, identity.prefix_length()), Ok(identity.clone()));
        prop_assert_eq!(PureIdentity::of(&epc, None).unwrap_err().reason, IdReason::PrefixLengthUnknown);
    }

    #[test]
    fn every_tag_of_a_unit_is_its_key(identity in identity()) {
        let epc = identity.epc();
        let mut plus = false;
        for scheme in TagScheme::all() {
            if scheme.epc_scheme() != identity.scheme() || scheme.has_date() || scheme.has_hostname() {
                continue;
            }
            if !scheme.is_plus() {
                let refused = EpcTag::of(scheme, 0, &epc, None).unwrap_err();
                prop_assert_eq!(refused.reason, IdReason::PrefixLengthUnknown);
            }
            match EpcTag::of(scheme, 0, &epc, identity.prefix_length()) {
                Ok(tag) => {
                    plus |= scheme.is_plus();
                    let read = EpcTag::decode(&tag.to_binary().unwrap()).unwrap();
                    prop_assert_eq!(&read.epc(), &epc, "{}", scheme);
                    prop_assert_eq!(EpcTag::from_hex(&tag.to_hex().unwrap()).unwrap().epc(), epc.clone());
                    prop_assert_eq!(parse_identifier(&read.digital_link().unwrap().to_string()), Ok(epc.clone()));
                    prop_assert_eq!(read.element_string().unwrap().key(), Ok(epc.clone()));
                    prop_assert_eq!(read.pure_identity(identity.prefix_length()), Ok(identity.clone()));
                    if let Ok(uri) = TagUri::new(scheme, 0, identity.clone(), Default::default()) {
                        prop_assert_eq!(parse_identifier(&uri.to_string()), Ok(epc.clone()));
                    }
                }
                // What TDS 1.x has too few bits for, or no characters.
                Err(e) => prop_assert!(!scheme.is_plus() && e.reason == IdReason::DoesNotFit, "{} {}", scheme, e),
            }
        }
        // TDS 2.x holds every serial of every scheme it has.
        let of_tds_2 = TagScheme::all().any(|s| s.is_plus() && s.epc_scheme() == identity.scheme());
        prop_assert_eq!(plus, of_tds_2);
    }
}

#[test]
fn a_class_has_a_pattern_and_no_identity() {
    let prefix = PrefixLength::new(7).unwrap();
    for (key, pattern) in [
        ("01/09521234543213", "urn:epc:idpat:sgtin:9521234.054321.*"),
        ("8003/00614141123452", "urn:epc:idpat:grai:0614141.12345.*"),
        ("253/0614141123452", "urn:epc:idpat:gdti:0614141.12345.*"),
        ("8010/06141415PQ7", "urn:epc:idpat:cpi:0614141.5PQ7.*"),
    ] {
        let epc = parse_key(key).unwrap();
        assert!(epc.is_class(), "{key}");
        let found = IdPattern::of(&epc, Some(prefix)).unwrap();
        assert_eq!(found.to_string(), pattern);
        assert_eq!(parse_identifier(pattern), Ok(epc.clone()));
        let refused = PureIdentity::of(&epc, Some(prefix)).unwrap_err();
        assert_eq!(refused.reason, IdReason::Malformed, "{key}");
        assert_eq!(
            IdPattern::of(&epc, None).unwrap_err().reason,
            IdReason::PrefixLengthUnknown
        );
    }
}

#[test]
fn what_has_no_company_prefix_needs_no_length() {
    for text in [
        "urn:epc:id:gid:952056.2718.1414",
        "urn:epc:id:bic:CSQU3054383",
        "urn:epc:id:imovn:9176187",
        "urn:epc:id:usdod:CAGEY.5678",
    ] {
        let epc = parse_identifier(text).unwrap();
        assert_eq!(PureIdentity::of(&epc, None).unwrap().to_string(), text);
        assert!(epc.element_string().is_none(), "{text}");
        assert_eq!(epc.digital_link(), text);
    }
}

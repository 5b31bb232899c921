//! What holds for every EPC URI, every tag and every string of bytes.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serialtrail_gs1::{
    EpcScheme, EpcTag, EpcUri, PlusTag, PrefixLength, PureIdentity, TagScheme, TagUri, ai,
    check_digit, parse_identifier,
};

/// 1 to 20 characters of set 82.
const TEXT: &str = "[!\"%-/:-?A-Z_a-z0-9]{1,20}";
/// A number without leading zeros that every scheme holds.
const NUMBER: &str = "0|[1-9][0-9]{0,8}";

/// Any identity of a coding scheme of TDS 1.x, which that scheme holds.
fn identity(scheme: TagScheme) -> impl Strategy<Value = PureIdentity> {
    let digits = "[0-9]{24}";
    let numeric = scheme.name().ends_with("-96") || scheme == TagScheme::Itip110;
    let parts = (
        "[0-9]{12}",
        digits,
        TEXT,
        NUMBER,
        6usize..=12,
        "[A-Z0-9-]{1,18}",
    );
    (parts, "[0-9A-HJ-NP-Z]{5,6}", 1u8..=99, "[0-9]{1,12}").prop_map(
        move |((prefix, digits, text, number, length, part), cage, piece, serial)| {
            let epc = scheme.epc_scheme();
            let prefix = &prefix[..length];
            let reference = |total: usize| digits[..total - length].to_owned();
            let most = match epc {
                EpcScheme::Grai => 16,
                EpcScheme::Gdti => 17,
                EpcScheme::Giai => 30 - length,
                _ => 20,
            };
            let text = if numeric {
                number.clone()
            } else if scheme == TagScheme::Gdti113 {
                serial.clone()
            } else {
                text[..text.len().min(most)].to_owned()
            };
            let own = prefix.to_owned();
            let components = match epc {
                EpcScheme::Sgtin => vec![own, reference(13), text],
                EpcScheme::Itip => {
                    let piece = format!("{piece:02}");
                    vec![own, reference(13), piece.clone(), piece, text]
                }
                EpcScheme::Sscc | EpcScheme::Gsrn | EpcScheme::Gsrnp => vec![own, reference(17)],
                EpcScheme::Sgln | EpcScheme::Grai | EpcScheme::Gdti => {
                    vec![own, reference(12), text]
                }
                EpcScheme::Sgcn => vec![own, reference(12), serial],
                EpcScheme::Giai => vec![own, text],
                EpcScheme::Cpi if numeric => {
                    vec![
                        own,
                        number[..number.len().min(15 - length)].to_owned(),
                        format!("1{number}"),
                    ]
                }
                EpcScheme::Cpi => vec![own, part, format!("1{number}")],
                EpcScheme::Gid => vec![
                    number[..number.len().min(8)].to_owned(),
                    number[..number.len().min(7)].to_owned(),
                    number,
                ],
                EpcScheme::Usdod => vec![cage, number],
                _ => vec![cage, part.clone(), format!("#{part}")],
            };
            PureIdentity::new(epc, &components).unwrap()
        },
    )
}

fn classic() -> impl Strategy<Value = TagUri> {
    let schemes: Vec<_> = TagScheme::all().filter(|s| !s.is_plus()).collect();
    (prop::sample::select(schemes), 0u8..8).prop_flat_map(|(scheme, filter)| {
        let filter = if scheme == TagScheme::Gid96 {
            0
        } else {
            filter
        };
        identity(scheme).prop_map(move |identity| {
            TagUri::new(scheme, filter, identity, Default::default()).unwrap()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_tag_of_tds_1_is_its_bits_and_its_uri(tag in classic()) {
        let uri = tag.to_string();
        prop_assert_eq!(uri.parse::<TagUri>(), Ok(tag.clone()));
        let tag = EpcTag::from(tag);
        let bytes = tag.to_binary().unwrap();
        prop_assert_eq!(bytes.len() % 2, 0);
        prop_assert_eq!(EpcTag::decode(&bytes), Ok(tag.clone()));
        let mut longer = bytes.clone();
        longer.extend([0, 0]);
        prop_assert_eq!(EpcTag::decode(&longer), Ok(tag.clone()));
        longer[bytes.len() + 1] = 1;
        prop_assert!(EpcTag::decode(&longer).is_err());
        // The key and the length of the prefix give the identity back.
        let identity = tag.pure_identity(None).unwrap();
        let epc = tag.epc();
        prop_assert_eq!(parse_identifier(&identity.to_string()), Ok(epc.clone()));
        prop_assert_eq!(parse_identifier(&uri), Ok(epc.clone()));
        let gtin_8 = identity.company_prefix().is_some_and(|p| p.starts_with("00000"));
        if !gtin_8 {
            prop_assert_eq!(PureIdentity::of(&epc, identity.prefix_length()), Ok(identity));
        }
    }

    #[test]
    fn a_tag_of_tds_2_is_its_bits(
        digits in "[0-9]{13}", serial in TEXT, lot in TEXT, filter in 0u8..8,
        host in "[a-z][a-z0-9-]{0,12}(\\.[a-z]{2,4}){0,2}(\\.co\\.uk|\\.com|\\.tech|\\.com\\.au)?",
        day in 1u8..=28, dated in any::<bool>(), hosted in any::<bool>(), data in any::<bool>(),
    ) {
        let gtin = format!("{digits}{}", check_digit(&digits).unwrap());
        let epc = parse_identifier(&format!("(01){gtin}(21){}", serial.replace('(', "\\("))).unwrap();
        let scheme = match (dated, hosted) {
            (false, false) => TagScheme::SgtinPlus,
            (true, false) => TagScheme::DsgtinPlus,
            (false, true) => TagScheme::SgtinPlusPlus,
            (true, true) => TagScheme::DsgtinPlusPlus,
        };
        let mut tag = PlusTag::new(scheme, filter, &epc).unwrap();
        if dated {
            tag = tag.with_date("17", &format!("2712{day:02}")).unwrap();
        }
        if hosted {
            tag = tag.with_hostname(&host).unwrap();
        }
        if data {
            tag = tag.with_data("10", &lot).unwrap();
        }
        let tag = EpcTag::from(tag);
        match tag.to_binary() {
            Ok(bytes) => {
                prop_assert_eq!(EpcTag::decode(&bytes), Ok(tag.clone()));
                prop_assert_eq!(tag.epc(), epc);
            }
            Err(e) => prop_assert_eq!(e.code(), "does_not_fit"),
        }
    }

    #[test]
    fn any_bytes_are_a_tag_or_a_reason(
        header in prop::sample::select((0x2cu8..=0x41).chain(0xe6..=0xff).collect::<Vec<_>>()),
        rest in prop::collection::vec(any::<u8>(), 0..66),
        small in any::<bool>(),
    ) {
        let mut bytes = vec![header];
        // Small values pass more checks than random ones.
        bytes.extend(rest.iter().map(|b| if small { b & 0x11 } else { *b }));
        if let Ok(tag) = EpcTag::decode(&bytes) {
            let again = tag.to_binary().unwrap();
            prop_assert_eq!(EpcTag::decode(&again), Ok(tag.clone()));
            let key = tag.epc().to_string();
            prop_assert_eq!(parse_identifier(&key), Ok(tag.epc()));
            if let EpcTag::Classic(_) = tag {
                let zeros = bytes.iter().rev().take_while(|b| **b == 0).count();
                prop_assert!(again.starts_with(&bytes[..bytes.len() - zeros]));
            }
        }
    }

    #[test]
    fn any_text_is_an_epc_uri_or_a_reason(
        form in prop::sample::select(vec!["id", "class", "tag", "raw", "pat", "idpat"]),
        scheme in prop::sample::select(EpcScheme::ALL.map(EpcScheme::name).to_vec()),
        suffix in prop::sample::select(vec!["", "-96", "-198", "-var", "-195"]),
        body in "[0-9A-Z.*%\\[\\]=x-]{0,40}",
    ) {
        let text = format!("urn:epc:{form}:{scheme}{suffix}:{body}");
        if let Ok(uri) = text.parse::<EpcUri>() {
            prop_assert_eq!(uri.to_string().parse::<EpcUri>(), Ok(uri.clone()));
            if let Ok(epc) = uri.epc() {
                let key = epc.to_string();
                prop_assert_eq!(parse_identifier(&key), Ok(epc));
            }
        }
    }

    #[test]
    fn every_length_of_the_prefix_comes_back(digits in "[1-9][0-9]{12}", serial in TEXT, length in 6usize..=12) {
        let gtin = format!("{digits}{}", check_digit(&digits).unwrap());
        let epc = parse_identifier(&format!("01/{gtin}/21/{serial}")).unwrap();
        let prefix = PrefixLength::new(length).unwrap();
        let identity = PureIdentity::of(&epc, Some(prefix)).unwrap();
        prop_assert_eq!(identity.prefix_length(), Some(prefix));
        prop_assert_eq!(identity.epc(), epc.clone());
        prop_assert_eq!(identity.to_string().parse::<PureIdentity>(), Ok(identity));
        prop_assert_eq!(PureIdentity::of(&epc, None).unwrap_err().code(), "prefix_length_unknown");
    }

    #[test]
    fn a_value_a_tag_takes_comes_back(
        ai in prop::sample::select(every_ai()), text in "[!\"%-/:-?A-Z_a-z0-9]{1,20}",
        digits in "[0-9]{1,20}", lower in "[0-9a-f]{1,12}", upper in "[0-9A-Z.:-]{1,20}",
    ) {
        let unit = parse_identifier("(00)095201234567891235").unwrap();
        for value in [text, digits, lower, upper] {
            let tag = PlusTag::new(TagScheme::SsccPlus, 0, &unit).unwrap();
            if let Ok(tag) = tag.with_data(ai, &value) {
                let tag = EpcTag::from(tag);
                let bytes = tag.to_binary().unwrap();
                prop_assert_eq!(EpcTag::decode(&bytes), Ok(tag));
            }
        }
    }
}

/// Every AI.
fn every_ai() -> Vec<&'static str> {
    ai::all().iter().map(|ai| ai.code).collect()
}

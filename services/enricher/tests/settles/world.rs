//! Small worlds of events over a handful of units, so that everything collides.

use proptest::prelude::*;
use serialtrail_records::{
    EpcisEvent, ErrorDeclaration, Location, Product, ReferenceMessage, RegistryEntry,
};
use serialtrail_stream::reference::ReferenceTable;

pub(crate) const GTIN: &str = "04012345111118";
pub(crate) const MAKER: &str = "4012345000009";
pub(crate) const SITES: [&str; 2] = ["9521321000018", "9521321000025"];

/// Units 0..6 are packs, the rest containers.
pub(crate) const UNITS: usize = 11;

pub(crate) fn unit(number: usize) -> String {
    if number < 6 {
        format!("01/{GTIN}/21/{number}")
    } else {
        sscc(number)
    }
}

/// An SSCC key with its check digit.
pub(crate) fn sscc(number: usize) -> String {
    let digits = format!("3401234500{number:07}");
    let check = serialtrail_gs1::check_digit(&digits).unwrap();
    format!("00/{digits}{check}")
}

pub(crate) fn table() -> ReferenceTable {
    let mut table = ReferenceTable::default();
    let product = Product {
        gtin: GTIN.into(),
        profile: "pharma".into(),
        issuers: vec![MAKER.into()],
        ..Product::default()
    };
    table.apply(b"p", ReferenceMessage::Product(product));
    for (at, gln) in SITES.iter().enumerate() {
        let site = Location {
            gln: (*gln).into(),
            country: ["DE", "FR"][at].into(),
            party: Some(MAKER.into()),
            ..Location::default()
        };
        table.apply(gln.as_bytes(), ReferenceMessage::Location(site));
    }
    table
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    Pack(usize, Vec<usize>),
    Unpack(usize, Vec<usize>),
    UnpackAll(usize),
    List(usize, Vec<usize>),
    Read(Vec<usize>, &'static str),
    Commission(Vec<usize>),
}

/// One version of one event, as captured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: usize,
    pub(crate) time: i64,
    pub(crate) record_time: i64,
    pub(crate) party: usize,
    pub(crate) declaration: bool,
    pub(crate) what: What,
}

impl Event {
    /// Event ids sort like their numbers.
    pub(crate) fn event_id(&self) -> String {
        format!("urn:e:{:03}", self.id)
    }

    /// Equal for equal content, whoever captured it and when.
    pub(crate) fn content(&self) -> String {
        format!("{:?} {}", self.what, self.time)
    }

    pub(crate) fn party_name(&self) -> String {
        [MAKER, "operator", "6666666000008"][self.party].to_owned()
    }

    pub(crate) fn record(&self) -> EpcisEvent {
        let keys = |units: &[usize]| units.iter().map(|u| unit(*u)).collect::<Vec<_>>();
        let mut event = EpcisEvent {
            event_id: self.event_id(),
            content_hash: self.content(),
            event_type: "AggregationEvent".into(),
            event_time: self.time,
            event_time_zone_offset: "+01:00".into(),
            record_time: self.record_time,
            read_point: Some(format!("414/{}", SITES[self.id % 2])),
            source_party: self.party_name(),
            capture_id: "job".into(),
            original: self.content().into_bytes(),
            ..EpcisEvent::default()
        };
        let (action, step) = match &self.what {
            What::Pack(..) => ("ADD", "packing"),
            What::Unpack(..) | What::UnpackAll(_) => ("DELETE", "unpacking"),
            What::List(..) => ("OBSERVE", "shipping"),
            What::Read(_, step) => ("OBSERVE", *step),
            What::Commission(_) => ("ADD", "commissioning"),
        };
        event.action = Some(action.into());
        event.biz_step = Some(step.into());
        match &self.what {
            What::Pack(parent, children)
            | What::Unpack(parent, children)
            | What::List(parent, children) => {
                event.parent_id = Some(unit(*parent));
                event.child_epcs = keys(children);
            }
            What::UnpackAll(parent) => event.parent_id = Some(unit(*parent)),
            What::Read(units, _) | What::Commission(units) => {
                event.event_type = "ObjectEvent".into();
                event.epc_list = keys(units);
                if matches!(self.what, What::Commission(_)) {
                    event.lot = Some(format!("L{}", self.id));
                }
            }
        }
        event.error_declaration = self.declaration.then(ErrorDeclaration::default);
        event
    }
}

fn units(from: usize, to: usize) -> impl Strategy<Value = Vec<usize>> {
    proptest::collection::btree_set(from..to, 1..4).prop_map(|s| s.into_iter().collect())
}

fn what() -> impl Strategy<Value = What> {
    let container = 6..UNITS;
    prop_oneof![
        6 => (container.clone(), units(0, UNITS)).prop_filter_map("itself", |(p, mut c)| {
            c.retain(|c| *c != p);
            (!c.is_empty()).then_some(What::Pack(p, c))
        }),
        2 => (container.clone(), units(0, UNITS)).prop_filter_map("itself", |(p, mut c)| {
            c.retain(|c| *c != p);
            (!c.is_empty()).then_some(What::Unpack(p, c))
        }),
        1 => container.clone().prop_map(What::UnpackAll),
        1 => (container, units(0, 6)).prop_map(|(p, c)| What::List(p, c)),
        3 => units(6, UNITS).prop_map(|u| What::Read(u, "shipping")),
        3 => units(6, UNITS).prop_map(|u| What::Read(u, "receiving")),
        1 => units(0, UNITS).prop_map(|u| What::Read(u, "retail_selling")),
        2 => units(0, UNITS).prop_map(What::Commission),
    ]
}

/// Events with their own ids, some captured twice, some in conflicting versions, some withdrawn by
/// their publisher or by someone else.
pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = (
        what(),
        0i64..12,
        0i64..6,
        0usize..3,
        0u8..12,
        what(),
        0i64..12,
        0i64..6,
        0usize..3,
    );
    proptest::collection::vec(one, 2..22).prop_map(|all| {
        let mut events = Vec::new();
        for (id, (what, time, record_time, party, fate, other, other_time, later, by)) in
            all.into_iter().enumerate()
        {
            let event = Event {
                id,
                time,
                record_time,
                party,
                declaration: false,
                what,
            };
            match fate {
                0 => events.push(Event {
                    record_time: later,
                    ..event.clone()
                }),
                1 => events.push(Event {
                    what: other,
                    time: other_time,
                    record_time: later,
                    party: by,
                    ..event.clone()
                }),
                2 => events.push(Event {
                    declaration: true,
                    ..event.clone()
                }),
                3 => events.push(Event {
                    declaration: true,
                    party: by,
                    ..event.clone()
                }),
                _ => {}
            }
            events.push(event);
        }
        events
    })
}

/// Registry entries for some packs, each with one or two versions.
pub(crate) fn entries() -> impl Strategy<Value = Vec<RegistryEntry>> {
    proptest::collection::vec((0usize..6, 1i64..4, 0u8..3), 0..4).prop_map(|all| {
        all.into_iter()
            .map(|(pack, version, lot)| RegistryEntry {
                unit: unit(pack),
                lot: Some(format!("R{lot}")),
                status: "active".into(),
                source_party: "operator".into(),
                version,
                ..RegistryEntry::default()
            })
            .collect()
    })
}

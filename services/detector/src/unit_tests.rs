use super::*;
use proptest::prelude::*;
use serialtrail_records::UnitFacts;
use serialtrail_records::state_detector::{DetectorProduct, DetectorRead};
use serialtrail_stream::testing::TestContext;

const UNIT: &str = "01/09521234543213/21/ABC123";

fn told(event: usize, revision: i64, time: i64, step: &str) -> DetectorRead {
    DetectorRead {
        event_id: format!("event-{event}"),
        revision,
        asserted: revision % 3 != 0,
        event_time: time,
        biz_step: Some(step.into()),
        path: (0..event).map(|n| format!("container-{n}")).collect(),
        latitude: Some(52.5),
        source_party: "maker".into(),
        ..DetectorRead::default()
    }
}

#[derive(Debug, Clone)]
enum Step {
    Take(Box<DetectorRead>),
    Prune(Micros),
    Fact(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let steps = prop::sample::select(vec!["receiving", "commissioning", "dispensing"]);
    let read = (0usize..6, 0i64..9, 0i64..100, steps);
    prop_oneof![
        6 => read.prop_map(|(event, revision, time, step)| {
            Step::Take(Box::new(told(event, revision, time, step)))
        }),
        1 => (0i64..100).prop_map(Step::Prune),
        1 => (0i64..9).prop_map(Step::Fact),
    ]
}

/// What is kept for ever of the reads above.
fn outlives(read: &DetectorRead) -> bool {
    read.asserted && read.biz_step.as_deref() != Some("receiving")
}

proptest! {
    #[test]
    fn what_is_kept_is_what_the_owned_record_would_be_written_as(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let codec = Codec::offline().unwrap();
        let mut ctx = TestContext::new(0);
        let mut model = DetectorUnit {
            products: vec![DetectorProduct { markets: vec!["DE".into(); 3], ..DetectorProduct::default() }],
            ..DetectorUnit::default()
        };
        ctx.put(&head_key(UNIT), &codec.encode(&model).unwrap());
        let (mut memory, mut value) = (Memory::default(), Vec::new());
        for step in steps {
            let said = DetectorReads {
                reads: match &step {
                    Step::Take(read) => vec![(**read).clone()],
                    _ => Vec::new(),
                },
            };
            let said = codec.encode(&said).unwrap();
            let said: Reads<'_> = codec.decode_borrowed::<DetectorReads, _>(&said).unwrap();
            let mut unit = Unit::load(UNIT, &mut memory, &codec, &mut ctx).unwrap();
            match step {
                Step::Take(read) => {
                    let news = unit.take(said.reads[0].value().clone());
                    let known = model.reads.iter_mut().find(|r| r.event_id == read.event_id);
                    prop_assert_eq!(news, known.as_ref().is_none_or(|r| read.revision > r.revision));
                    match known {
                        Some(known) if news => *known = *read,
                        Some(_) => {}
                        None => model.reads.push(*read),
                    }
                }
                Step::Prune(before) => {
                    unit.prune(before);
                    model.reads.retain(|r| r.event_time >= before || outlives(r));
                }
                Step::Fact(revision) => {
                    unit.head.facts = Encoded::new(Facts {
                        revision,
                        gtin: Some("09521234543213"),
                        ..Facts::default()
                    });
                    let gtin = Some("09521234543213".into());
                    model.facts = UnitFacts { revision, gtin, ..UnitFacts::default() };
                }
            }
            unit.save(&mut value, &codec, &mut ctx).unwrap();
            prop_assert_eq!(&ctx.state()[&head_key(UNIT)], &codec.encode(&model).unwrap());
        }
    }
}

#[test]
fn a_units_lot_is_named_as_its_index_names_it_and_anew_when_its_facts_change() {
    let codec = Codec::offline().unwrap();
    let mut memory = Memory::default();
    let mut unit = Unit::load(UNIT, &mut memory, &codec, &mut TestContext::new(0)).unwrap();
    assert_eq!(unit.lot(), None);
    unit.head.facts = Encoded::new(Facts {
        gtin: Some("09521234543213"),
        lot: Some("L/1"),
        ..Facts::default()
    });
    assert_eq!(unit.lot().as_deref(), Some("09521234543213/L/1"));
    unit.head.indexed_lot = Some("09521234543213/L/1");
    assert_eq!(unit.lot().as_deref(), unit.head.indexed_lot);
    unit.head.indexed_lot = Some("09521234543213/L/12");
    assert_eq!(unit.lot().as_deref(), Some("09521234543213/L/1"));
}

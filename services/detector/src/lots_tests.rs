use super::*;
use proptest::prelude::*;
use serialtrail_stream::testing::TestContext;

const NAMES: [&str; 3] = [
    "09521234543213/L1",
    "09521234543213/L2",
    "09521234543220/L1",
];

/// An index whose pages are written with each unit, as a model.
fn add_at_once(unit: &str, name: &str, codec: &Codec, ctx: &mut TestContext) {
    let mut lot: DetectorLot = match ctx.get(&lot_key(name)).unwrap() {
        Some(value) => codec.decode(value).unwrap(),
        None => DetectorLot::default(),
    };
    let mut page = Page::load(lot.units / PAGE_UNITS, name, codec, ctx).unwrap();
    page.index.units.push(unit.to_owned());
    page.save(name, codec, ctx).unwrap();
    lot.units += 1;
    ctx.put(&lot_key(name), &codec.encode(&lot).unwrap());
}

fn state_at_once(said: LotStatus, codec: &Codec, ctx: &mut TestContext) {
    let key = lot_key(&format!("{}/{}", said.gtin, said.lot));
    let mut lot: DetectorLot = match ctx.get(&key).unwrap() {
        Some(value) => codec.decode(value).unwrap(),
        None => DetectorLot::default(),
    };
    if lot::state(&mut lot.statements, said) {
        ctx.put(&key, &codec.encode(&lot).unwrap());
    }
}

fn said(name: &str, version: i64) -> LotStatus {
    let (gtin, lot) = name.split_once('/').unwrap();
    LotStatus {
        gtin: gtin.into(),
        lot: lot.into(),
        source: "load".into(),
        version,
        asserted: true,
        authorised: true,
        status: "recalled".into(),
        ..LotStatus::default()
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// So many units enter a lot.
    Add(usize, usize),
    State(usize, i64),
    EndOfWindow,
    AnotherProcess,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..NAMES.len(), 1usize..70).prop_map(|(lot, count)| Step::Add(lot, count)),
        2 => (0..NAMES.len(), 0i64..4).prop_map(|(lot, version)| Step::State(lot, version)),
        2 => Just(Step::EndOfWindow),
        1 => Just(Step::AnotherProcess),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_as_if_every_change_were_written_at_once(
        steps in proptest::collection::vec(step(), 0..30),
    ) {
        let codec = Codec::offline().unwrap();
        let (mut here, mut there) = (TestContext::new(0), TestContext::new(0));
        let mut lots = Lots::default();
        let mut number = 0;
        for step in steps.into_iter().chain([Step::EndOfWindow]) {
            match step {
                Step::Add(lot, count) => {
                    for _ in 0..count {
                        number += 1;
                        let unit = format!("unit-{number}");
                        lots.add_unit(&unit, NAMES[lot], &codec, &mut here).unwrap();
                        add_at_once(&unit, NAMES[lot], &codec, &mut there);
                    }
                    let last = (lots.count(NAMES[lot], &codec, &mut here).unwrap() - 1) / PAGE_UNITS;
                    for page in 0..=last {
                        prop_assert_eq!(
                            lots.units(page, NAMES[lot], &codec, &mut here).unwrap(),
                            Page::load(page, NAMES[lot], &codec, &mut there).unwrap().index.units
                        );
                    }
                }
                Step::State(lot, version) => {
                    let said = said(NAMES[lot], version);
                    let mut work = Vec::new();
                    lots.state(said.clone(), &mut work, &codec, &mut here).unwrap();
                    state_at_once(said, &codec, &mut there);
                }
                Step::EndOfWindow => {
                    lots.save(&codec, &mut here).unwrap();
                    prop_assert_eq!(&here, &there);
                }
                Step::AnotherProcess => {
                    lots.save(&codec, &mut here).unwrap();
                    lots = Lots::default();
                }
            }
        }
    }
}

#[test]
fn a_lot_is_written_once_at_the_windows_end() {
    let codec = Codec::offline().unwrap();
    let mut ctx = TestContext::new(0);
    let mut lots = Lots::default();
    lots.add_unit("a", NAMES[0], &codec, &mut ctx).unwrap();
    lots.view(NAMES[1], &codec, &mut ctx).unwrap();
    assert!(ctx.state().is_empty());
    lots.save(&codec, &mut ctx).unwrap();
    let keys: Vec<_> = ctx.state().keys().collect();
    assert_eq!(
        keys,
        [b"l/09521234543213/L1".as_slice(), b"x/0/09521234543213/L1"]
    );
}

#[test]
fn lots_in_hand_are_bounded() {
    let codec = Codec::offline().unwrap();
    let mut ctx = TestContext::new(0);
    let mut lots = Lots::default();
    for lot in 0..=MOST {
        lots.add_unit("a", &format!("09521234543213/L{lot}"), &codec, &mut ctx)
            .unwrap();
    }
    lots.save(&codec, &mut ctx).unwrap();
    assert!(lots.in_hand.is_empty());
}

#[test]
fn a_statement_is_seen_at_once_and_its_units_are_put_down_to_be_judged_again() {
    let codec = Codec::offline().unwrap();
    let mut ctx = TestContext::new(0);
    let mut lots = Lots::default();
    lots.add_unit("a", NAMES[0], &codec, &mut ctx).unwrap();
    let mut work = Vec::new();
    assert!(
        lots.state(said(NAMES[0], 1), &mut work, &codec, &mut ctx)
            .unwrap()
    );
    assert_eq!((work.len(), work[0].next), (1, 0));
    let view = lots.view(NAMES[0], &codec, &mut ctx).unwrap();
    assert_eq!(view.measures[0].status, "recalled");
    assert!(
        !lots
            .state(said(NAMES[0], 1), &mut work, &codec, &mut ctx)
            .unwrap()
    );
    assert!(
        !lots
            .state(said(NAMES[1], 1), &mut work, &codec, &mut ctx)
            .unwrap(),
        "no units"
    );
}

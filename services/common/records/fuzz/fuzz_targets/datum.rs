//! Bytes of a Kafka value: what is a record stays the same when written and read again.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serialtrail_records::codec::{AvroRecord, Codec};
use serialtrail_records::{
    EnrichedMessage, EpcisEvent, EventMessage, LoadMessage, PartnerEvent, ReferenceMessage,
    UnitMessage, state_detector, state_dispatcher, state_enricher,
};

static CODEC: LazyLock<Codec> = LazyLock::new(|| Codec::offline().expect("own schemas parse"));

fn again<T: AvroRecord>(bytes: &[u8]) {
    if let Ok(record) = CODEC.decode::<T>(bytes) {
        let once = CODEC.encode(&record).expect("what was read is written");
        let read = CODEC.decode::<T>(&once).expect("what was written is read");
        assert_eq!(CODEC.encode(&read).expect("and written again"), once);
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (id, datum) = input;
    let bytes = [&[0, 0, 0, 0, id % 38][..], datum].concat();
    let _ = EventMessage::decode(&CODEC, &bytes);
    let _ = LoadMessage::decode(&CODEC, &bytes);
    let _ = UnitMessage::decode(&CODEC, &bytes);
    let _ = EnrichedMessage::decode(&CODEC, &bytes);
    let _ = ReferenceMessage::decode(&CODEC, &bytes);
    again::<EpcisEvent>(&bytes);
    again::<PartnerEvent>(&bytes);
    again::<state_detector::DetectorUnit>(&bytes);
    again::<state_dispatcher::DispatchedEvent>(&bytes);
    again::<state_enricher::UnitState>(&bytes);
    again::<state_enricher::ChildPage>(&bytes);
});

//! What an event does to a unit, as bits of the unit's index of reads.

use crate::lent::{ReadBody, Support};

/// The unit is a parent that something is packed into.
pub(crate) const PACKS: i32 = 1;
/// The unit is a parent from which everything is unpacked.
pub(crate) const EMPTIES: i32 = 1 << 1;
/// The read says `receiving`.
pub(crate) const RECEIVES: i32 = 1 << 2;
/// The unit comes into being: an ObjectEvent ADD names it, or it is an output.
pub(crate) const COMMISSIONS: i32 = 1 << 3;
/// The unit is packed into a parent.
pub(crate) const PACKED: i32 = 1 << 4;
/// The unit is unpacked from a parent.
pub(crate) const UNPACKED: i32 = 1 << 5;
/// The unit's life, or its stay in any container, ends: a direct terminal read.
pub(crate) const ENDS: i32 = 1 << 6;

/// What decides where the unit was and when it became empty.
pub(crate) const OF_CONTAINERS: i32 = PACKS | EMPTIES | RECEIVES | COMMISSIONS;
/// What decides when the unit left its parents.
pub(crate) const OF_CHILDREN: i32 = PACKED | UNPACKED | ENDS;

/// Whether the event's list of children says what is in its parent. An association does not
/// (EPCIS 2.0 §7.4.7): what is fixed to a thing, or to a place, is independent of what it is packed
/// into, and lasts when that ends.
pub(crate) fn aggregates(body: &ReadBody<'_>) -> bool {
    body.event_type == "AggregationEvent"
}

/// `dispensing` (unless only part of the pack), `retail_selling`, `destroying`.
pub(crate) fn is_terminal(body: &ReadBody<'_>) -> bool {
    match body.biz_step {
        Some("retail_selling" | "destroying") => true,
        Some("dispensing") => body.disposition != Some("partially_dispensed"),
        _ => false,
    }
}

/// Bits of a read: what its direct support does, and what its best support says.
pub(crate) fn flags(direct: Option<&Support<'_>>, best: Option<&Support<'_>>) -> i32 {
    let mut flags = 0;
    if best.is_some_and(|best| best.body.biz_step == Some("receiving")) {
        flags |= RECEIVES;
    }
    let Some(direct) = direct else {
        return flags;
    };
    let body = &direct.body;
    let action = body.action;
    match direct.role {
        "parent" if aggregates(body) && action == Some("ADD") => flags |= PACKS,
        "parent" if aggregates(body) && direct.all_children => flags |= EMPTIES,
        "child" if aggregates(body) && direct.parent.is_some() => match action {
            Some("ADD") => flags |= PACKED,
            Some("DELETE") => flags |= UNPACKED,
            _ => {}
        },
        "epc" if body.event_type == "ObjectEvent" && action == Some("ADD") => flags |= COMMISSIONS,
        "output" => flags |= COMMISSIONS,
        _ => {}
    }
    if is_terminal(body) {
        flags |= ENDS;
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use serialtrail_records::avro::Encoded;
    use std::rc::Rc;

    fn direct<'a>(
        event_type: &'a str,
        action: &'a str,
        role: &'a str,
        step: &'a str,
    ) -> Support<'a> {
        Support {
            role,
            parent: (role == "child").then_some("00/1"),
            body: Rc::new(Encoded::new(ReadBody {
                event_type,
                action: Some(action),
                biz_step: Some(step),
                ..ReadBody::default()
            })),
            ..Support::default()
        }
    }

    #[test]
    fn an_event_does_to_each_unit_what_its_role_says() {
        for (support, all, expected) in [
            (
                direct("AggregationEvent", "ADD", "parent", "packing"),
                false,
                PACKS,
            ),
            (
                direct("AggregationEvent", "DELETE", "parent", "unpacking"),
                true,
                EMPTIES,
            ),
            (
                direct("AggregationEvent", "DELETE", "parent", "unpacking"),
                false,
                0,
            ),
            (
                direct("TransactionEvent", "ADD", "parent", "shipping"),
                false,
                0,
            ),
            (
                direct("AggregationEvent", "ADD", "child", "packing"),
                false,
                PACKED,
            ),
            (
                direct("AggregationEvent", "DELETE", "child", "unpacking"),
                false,
                UNPACKED,
            ),
            (
                direct("AggregationEvent", "OBSERVE", "child", "shipping"),
                false,
                0,
            ),
            (
                direct("ObjectEvent", "ADD", "epc", "commissioning"),
                false,
                COMMISSIONS,
            ),
            (
                direct("ObjectEvent", "OBSERVE", "epc", "receiving"),
                false,
                RECEIVES,
            ),
            (
                direct("TransformationEvent", "", "output", "creating"),
                false,
                COMMISSIONS,
            ),
            // An input may be consumed in part only (EPCIS 2.0 §7.4.6).
            (
                direct("TransformationEvent", "", "input", "creating"),
                false,
                0,
            ),
            (
                direct("AssociationEvent", "ADD", "parent", "assembling"),
                false,
                0,
            ),
            (
                direct("AssociationEvent", "DELETE", "parent", "disassembling"),
                true,
                0,
            ),
            (
                direct("AssociationEvent", "ADD", "child", "assembling"),
                false,
                0,
            ),
            (
                direct("AssociationEvent", "DELETE", "child", "disassembling"),
                false,
                0,
            ),
            (
                direct("ObjectEvent", "DELETE", "epc", "destroying"),
                false,
                ENDS,
            ),
        ] {
            let support = Support {
                all_children: all,
                ..support
            };
            assert_eq!(
                flags(Some(&support), Some(&support)),
                expected,
                "{support:?}"
            );
        }
    }

    #[test]
    fn a_pack_dispensed_in_part_is_not_ended() {
        let mut support = direct("ObjectEvent", "OBSERVE", "epc", "dispensing");
        assert_eq!(flags(Some(&support), Some(&support)), ENDS);
        support.body = Rc::new(Encoded::new(ReadBody {
            disposition: Some("partially_dispensed"),
            ..support.body.value().clone()
        }));
        assert_eq!(flags(Some(&support), Some(&support)), 0);
    }
}

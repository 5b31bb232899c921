//! The SimpleEventQuery (EPCIS 2.0 §8.2.7.1): its parameters as values, and what each of them means.
//!
//! [`SimpleEventQuery::from_pairs`] reads the query string of the REST binding,
//! [`SimpleEventQuery::from_json`] the `query` object of a named query; both end in the same
//! [`Condition`]s. [`SimpleEventQuery::matches`] is the one meaning of them: whoever narrows events
//! down by other means first (a database, an index) asks it last.
//!
//! | module | subject |
//! |---|---|
//! | `condition` | the conditions as plain data |
//! | `parse`, `names`, `given` | parameters to conditions |
//! | `matches`, `field`, `sensor` | conditions against one event |
//! | `pattern` | what an identifier or EPC pattern matches |
//! | `units` | amounts in different units of measure |

mod condition;
mod field;
mod given;
mod matches;
mod names;
mod parse;
mod pattern;
mod sensor;
#[cfg(test)]
mod tests;
mod units;

pub use condition::{
    Comparison, Condition, EpcField, FieldName, Operand, PlaceField, Scope, SensorNumber,
    TimeField, TypedField, VocabularyField, WordField,
};
pub use pattern::{EpcPattern, Glob};

use serialtrail_gs1::Epc;

/// A query: conditions that must all hold, and the order and number of what is answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SimpleEventQuery {
    /// All of them must hold.
    pub conditions: Vec<Condition>,
    /// `orderBy`.
    pub order_by: Option<OrderBy>,
    /// `orderDirection` is `ASC`; without one it is `DESC`.
    pub ascending: bool,
    /// `eventCountLimit` or `maxEventCount`.
    pub count: Option<Count>,
    /// `perPage`, of the REST binding only.
    pub per_page: Option<u32>,
}

/// What results are ordered by.
#[derive(Clone, Debug, PartialEq)]
pub enum OrderBy {
    /// `eventTime`.
    EventTime,
    /// `recordTime`.
    RecordTime,
    /// An extension field of the event.
    Field(FieldName),
}

/// How many events are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// `eventCountLimit`: the first so many.
    First(u64),
    /// `maxEventCount`: more than so many is a QueryTooLargeException.
    AtMost(u64),
}

/// Why a parameter is none: what the standard calls a QueryParameterException.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {message}")]
pub struct QueryError {
    /// Name of the parameter.
    pub parameter: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// What master data says, for the parameters that ask for it (`WD_…`, `HASATTR_…`, `EQATTR_…`).
pub trait MasterData {
    /// Whether a place is a direct or indirect descendant of another (EPCIS 2.0 §6.5).
    fn is_descendant(&self, place: &Epc, ancestor: &Epc) -> bool;

    /// Values of a master data attribute of a vocabulary element, by the element's identifier as the
    /// event gives it and the attribute's name as the query gives it; empty where there is none. A
    /// business step or disposition of the CBV comes as its web address, however the event spells it.
    fn attribute(&self, element: &str, attribute: &str) -> Vec<String>;
}

/// No master data at all: nothing descends from anything, nothing has an attribute.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoMasterData;

impl MasterData for NoMasterData {
    fn is_descendant(&self, _: &Epc, _: &Epc) -> bool {
        false
    }

    fn attribute(&self, _: &str, _: &str) -> Vec<String> {
        Vec::new()
    }
}

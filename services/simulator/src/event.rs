//! One simulated event, before it is spelled as EPCIS.

/// Microseconds since the Unix epoch.
pub(crate) type Micros = i64;

/// One hour in microseconds.
pub(crate) const HOUR: Micros = 3_600_000_000;
/// One minute in microseconds.
pub(crate) const MINUTE: Micros = 60_000_000;
/// One day in microseconds.
pub(crate) const DAY: Micros = 24 * HOUR;

/// What kind of event it is, and the identifiers (pure identity URNs) it names.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// ObjectEvent over units.
    Object {
        /// ADD, OBSERVE or DELETE.
        action: &'static str,
        /// epcList.
        epcs: Vec<String>,
        /// quantityList: (class URN, quantity).
        classes: Vec<(String, f64)>,
    },
    /// AggregationEvent.
    Aggregation {
        /// ADD, OBSERVE or DELETE.
        action: &'static str,
        /// parentID.
        parent: String,
        /// childEPCs; empty in a DELETE means everything.
        children: Vec<String>,
    },
    /// TransactionEvent.
    Transaction {
        /// ADD, OBSERVE or DELETE.
        action: &'static str,
        /// epcList.
        epcs: Vec<String>,
        /// bizTransactionList: (type, id).
        transactions: Vec<(&'static str, String)>,
    },
}

/// One event of the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Name of the event inside the simulation; also its eventID where the publisher gives one.
    pub id: String,
    /// Whether the publisher writes an eventID (else the event hash identifies it).
    pub publishes_id: bool,
    /// Event time as the publisher's clock shows it.
    pub time: Micros,
    /// Publishing party, index into the world's parties.
    pub party: usize,
    /// Place, index into the world's locations.
    pub place: usize,
    /// Shape and identifiers.
    pub shape: Shape,
    /// bizStep.
    pub step: &'static str,
    /// disposition.
    pub disposition: Option<&'static str>,
    /// Lot and expiry named at commissioning.
    pub lot: Option<(String, String)>,
    /// Destination location of a shipment, index into the world's locations.
    pub destination: Option<usize>,
    /// Set when this record withdraws the event of the same id: declaration time.
    pub declared_in_error: Option<Micros>,
    /// How long the upload is held back beyond the ordinary batch.
    pub held_back: Micros,
}

impl Event {
    /// Units the event names directly.
    pub fn units(&self) -> impl Iterator<Item = &String> {
        let (parent, list): (Option<&String>, &[String]) = match &self.shape {
            Shape::Object { epcs, .. } | Shape::Transaction { epcs, .. } => (None, epcs),
            Shape::Aggregation {
                parent, children, ..
            } => (Some(parent), children),
        };
        parent.into_iter().chain(list)
    }
}

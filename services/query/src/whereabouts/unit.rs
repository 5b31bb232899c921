//! The state of each unit of a range, as one statement.

use super::{Range, Scope};
use crate::select::Select;
use clickhouse::Row;
use serde::Deserialize;
use serialtrail_gs1::{Epc, place_gln};

/// Units whose state one statement works out.
pub const SCANNED: u64 = 50_000;

/// The reads of a range that hold, each with the position it has in its unit's history.
///
/// Fields of `said` are joined by a character no identifier holds; the first is the position, so that
/// the greatest text is the last read. A read by somebody other than a consumer comes after any scan
/// of a consumer. A unit is in the parent that a read names, save where it is taken out of it, or only
/// fixed to it: an association packs nothing (EPCIS 2.0 §7.4.7).
const READS: &str = r"
SELECT unit, (toUInt8(lot != ''), lot) AS lot_said, event_lot,
    concat(
        if(scan_kind = 'consumer', '0', '1'), leftPad(toString(toUnixTimestamp64Micro(event_time)), 17, '0'),
        event_id, '\x1f', biz_step, '\x1f', disposition, '\x1f', site, '\x1f', country, '\x1f',
        if(custodian = '', party, custodian), '\x1f',
        if(biz_step = 'unpacking' OR action = 'DELETE'
            OR (direct AND (role != 'child' OR event_type = 'AssociationEvent')), '', parent), '\x1f',
        arrayFirst(d -> d.1 = 'location', destinations).2) AS said,
    toUnixTimestamp64Micro(event_time) AS at,
    if(biz_step = 'retail_selling' OR (biz_step = 'dispensing' AND disposition != 'partially_dispensed'),
        at, 0) AS sold_at,
    if(biz_step = 'receiving' AND disposition = 'returned', at, 0) AS returned_at,
    if(hasAny(persistent_unset, ['dispensed', 'inactive', 'retail_sold']), at, 0) AS undone_at,
    if(biz_step = 'decommissioning', at, 0) AS decommissioned_at,
    biz_step = 'destroying' OR disposition = 'destroyed'
        OR hasAny(persistent_set, ['destroyed', 'exported']) AS is_gone,
    (toUInt8(0), unit_status) AS status_said
FROM (
    SELECT * FROM observations
    WHERE unit > {after:String} AND unit <= {until:String} AND startsWith(unit, {product:String}) {of_lot}
    ORDER BY unit, event_id, revision DESC
    LIMIT 1 BY unit, event_id
)
WHERE state = 'asserted'";

/// Narrows down to units which the registry or any read says are of the lot. What the lot of each is, is
/// decided by what is believed now, so all reads of such a unit are read, whatever lot they name.
const OF_LOT: &str = "AND unit IN (
        SELECT unit FROM serials
        WHERE unit > {after:String} AND unit <= {until:String} AND startsWith(unit, {product:String})
            AND lot = {lot:String}
        UNION ALL
        SELECT unit FROM observations
        WHERE unit > {after:String} AND unit <= {until:String} AND startsWith(unit, {product:String})
            AND (lot = {lot:String} OR (lot = '' AND event_lot = {lot:String})))";

/// What the registry says of the units of a range. It is believed over what reads say of lot and status:
/// a read too old to be judged again keeps what was believed of its unit then.
const REGISTRY: &str = r"
SELECT unit, (toUInt8(if(lot = '', 0, 2)), lot) AS lot_said, '' AS event_lot, '' AS said, toInt64(0) AS at, toInt64(0) AS sold_at,
    toInt64(0) AS returned_at, toInt64(0) AS undone_at, toInt64(0) AS decommissioned_at,
    false AS is_gone, (toUInt8(1), toString(status)) AS status_said
FROM serials FINAL
WHERE unit > {after:String} AND unit <= {until:String} AND startsWith(unit, {product:String})
    AND (known OR status != '') {of_lot}";

/// One row a unit.
const NOW: &str = r"
SELECT unit, if(fact_lot = '', printed_lot, fact_lot) AS lot, whereabouts, p[2] AS last_step,
    p[4] AS site, p[5] AS country, p[6] AS party, p[7] AS container,
    if(whereabouts = 'in_transit', p[8], '') AS destination,
    toInt64OrZero(substring(p[1], 2, 17)) AS last_time
FROM (
    SELECT unit, max(lot_said).2 AS fact_lot, max(event_lot) AS printed_lot, splitByChar('\x1f', max(said)) AS p,
        max(sold_at) AS sold, max(returned_at) AS returned, max(undone_at) AS undone,
        max(decommissioned_at) AS decommissioned, max(is_gone) AS gone,
        max(status_said).2 AS registered,
        registered IN ('destroyed', 'exported', 'decommissioned') AS registered_gone,
        registered = 'dispensed' AS registered_sold,
        multiIf(
            gone OR registered_gone OR (decommissioned > 0 AND decommissioned >= undone), 'ended',
            sold > 0 AND sold >= returned AND sold >= undone, 'sold',
            registered_sold AND returned = 0 AND undone = 0, 'sold',
            p[1] = '', 'unseen',
            p[2] IN ('shipping', 'departing', 'transporting') OR (p[3] = 'in_transit'
                AND p[2] NOT IN ('receiving', 'arriving', 'accepting', 'storing', 'stocking', 'void_shipping')),
                'in_transit',
            'at_site') AS whereabouts
    FROM ({reads} UNION ALL {registry})
    GROUP BY unit
    {having}
)";

/// A unit as one row of [`Now`].
#[derive(Debug, Clone, Default, PartialEq, Row, Deserialize)]
pub struct NowRow {
    /// Key.
    pub unit: String,
    /// Lot; by the registry, else by its reads, else as printed on it.
    pub lot: String,
    /// One of [`super::WHEREABOUTS`].
    pub whereabouts: String,
    /// bizStep of the last read.
    pub last_step: String,
    /// GLN of the last read's place.
    pub site: String,
    /// Country of the last read's place.
    pub country: String,
    /// Party that has it: named by the last read, else operating the place.
    pub party: String,
    /// Immediate container it was last read in or packed into.
    pub container: String,
    /// Where it is shipped to, as the event spells it.
    pub destination: String,
    /// Event time of the last read, microseconds UTC; 0 = never read.
    pub last_time: i64,
}

impl NowRow {
    /// Key of the unit.
    #[must_use]
    pub fn key(&self) -> Epc {
        Epc::from_record(&*self.unit)
    }

    /// GLN of where it is shipped to.
    #[must_use]
    pub fn to_site(&self) -> Option<String> {
        place_gln(&self.destination)
    }
}

/// The statement of a scope and range: `sql` yields the columns of [`NowRow`], `select` its values.
#[derive(Debug, Clone)]
pub struct Now {
    /// Text with its parameters.
    pub sql: String,
    /// Values of the parameters.
    pub select: Select,
}

impl Now {
    /// Units of a range of a scope.
    #[must_use]
    pub fn of(scope: &Scope, range: &Range) -> Self {
        let select = Select::new()
            .bind("after", range.after.as_str())
            .bind("until", range.until.as_str())
            .bind("product", format!("01/{}/2", scope.gtin));
        match &scope.lot {
            None => Self {
                sql: statement("", ""),
                select,
            },
            Some(lot) => Self {
                sql: statement(
                    OF_LOT,
                    "HAVING fact_lot = {lot:String} OR (fact_lot = '' AND printed_lot = {lot:String})",
                ),
                select: select.bind("lot", lot.as_str()),
            },
        }
    }

    /// One unit of any kind.
    #[must_use]
    pub fn of_unit(unit: &Epc) -> Self {
        let one = |text: &str| {
            text.replace(
                "unit > {after:String} AND unit <= {until:String} AND startsWith(unit, {product:String})",
                "unit = {unit:String}",
            )
        };
        Self {
            sql: one(&statement("", "")),
            select: Select::new().bind("unit", unit.key()),
        }
    }
}

fn statement(of_lot: &str, having: &str) -> String {
    NOW.replace("{reads}", &READS.replace("{of_lot}", of_lot))
        .replace("{registry}", &REGISTRY.replace("{of_lot}", of_lot))
        .replace("{having}", having)
}

//! What a unit was in, and what was in it.

use super::link;
use crate::alerts::some;
use crate::problem::Problem;
use crate::select::{Pace, Select};
use crate::time::iso;
use clickhouse::{Client, Row};
use serde::Deserialize;
use serde_json::{Value, json};
use serialtrail_gs1::Epc;

/// Intervals shown of one child.
const INTERVALS: i64 = 1000;
/// Containers looked up outwards: as deep as reads are inherited.
const NESTING: usize = 8;

/// An interval as stored.
#[derive(Debug, Clone, PartialEq, Row, Deserialize)]
pub(super) struct Interval {
    child: String,
    parent: String,
    from_event: String,
    from_time: i64,
    to_time: Option<i64>,
    to_event: String,
    end_cause: String,
}

const COLUMNS: &str = "child, parent, from_event, from_time, to_time, to_event, end_cause";

impl Interval {
    fn json(self) -> Value {
        json!({
            "parent": link(self.parent),
            "from": iso(self.from_time),
            "to": self.to_time.map(iso),
            "from_event": self.from_event,
            "to_event": some(self.to_event),
            "end_cause": some(self.end_cause),
        })
    }
}

/// Intervals of the unit as a child, by their begin.
pub(super) async fn of_child(client: &Client, unit: &Epc) -> Result<Vec<Interval>, Problem> {
    intervals(client, &unit.key()).await
}

async fn intervals(client: &Client, child: &str) -> Result<Vec<Interval>, Problem> {
    let sql = format!(
        "SELECT {COLUMNS} FROM containment FINAL WHERE {{where}} \
         ORDER BY from_time, parent, from_event LIMIT {{limit:UInt64}}"
    );
    let select = Select::new()
        .and("child = {child:String}")
        .and("state = 'asserted'")
        .bind("child", child)
        .bind("limit", INTERVALS);
    Ok(select.query(client, &sql, Pace::Answer).fetch_all().await?)
}

/// Takes out the interval the unit is in now: the latest that has not ended.
fn now(intervals: &mut Vec<Interval>) -> Option<Interval> {
    let at = intervals
        .iter()
        .rposition(|interval| interval.to_time.is_none())?;
    Some(intervals.remove(at))
}

/// `now` with the containers around the container, innermost first, and `then`.
pub(super) async fn json(client: &Client, mut list: Vec<Interval>) -> Result<Value, Problem> {
    let current = match now(&mut list) {
        None => Value::Null,
        Some(interval) => {
            let outer = outer(client, &interval).await?;
            let mut json = interval.json();
            json["outer"] = outer.into_iter().map(link).collect();
            json
        }
    };
    let then: Vec<Value> = list.into_iter().map(Interval::json).collect();
    Ok(json!({ "now": current, "then": then }))
}

async fn outer(client: &Client, innermost: &Interval) -> Result<Vec<String>, Problem> {
    let mut seen = vec![innermost.child.clone(), innermost.parent.clone()];
    while seen.len() <= NESTING {
        let Some(child) = seen.last() else { break };
        let mut list = intervals(client, child).await?;
        match now(&mut list) {
            Some(next) if !seen.contains(&next.parent) => seen.push(next.parent),
            _ => break,
        }
    }
    Ok(seen.split_off(2))
}

#[derive(Row, Deserialize)]
struct Count {
    count: u64,
    inside: u64,
}

/// What was in the unit, where it is a container: how many, how many still, and the first of them.
pub(super) async fn contents(
    client: &Client,
    unit: &Epc,
    limit: u16,
) -> Result<Option<Value>, Problem> {
    let select = Select::new()
        .and("parent = {parent:String}")
        .and("state = 'asserted'")
        .bind("parent", unit.key());
    let sql = "SELECT uniqExact(child) AS count, uniqExactIf(child, isNull(to_time)) AS inside \
               FROM contents FINAL WHERE {where}";
    let count: Count = select.query(client, sql, Pace::Answer).fetch_one().await?;
    if count.count == 0 {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM contents FINAL WHERE {{where}} \
         ORDER BY child, from_time, from_event LIMIT {{limit:UInt64}}"
    );
    let page = select.bind("limit", i64::from(limit));
    let rows: Vec<Interval> = page.query(client, &sql, Pace::Answer).fetch_all().await?;
    let units: Vec<Value> = rows
        .into_iter()
        .map(|row| {
            json!({
                "unit": row.child,
                "epc": link(row.child.as_str()),
                "from": iso(row.from_time),
                "to": row.to_time.map(iso),
                "from_event": row.from_event,
                "to_event": some(row.to_event),
                "end_cause": some(row.end_cause),
            })
        })
        .collect();
    Ok(Some(
        json!({ "count": count.count, "inside": count.inside, "units": units }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_in_the_container_it_was_put_into_last_and_not_taken_out_of() {
        let interval = |parent: &str, from_time, to_time| Interval {
            child: "c".into(),
            parent: parent.into(),
            from_event: String::new(),
            from_time,
            to_time,
            to_event: String::new(),
            end_cause: String::new(),
        };
        let mut list = vec![interval("a", 1, Some(3)), interval("b", 4, None)];
        assert_eq!(now(&mut list).unwrap().parent, "b");
        assert_eq!(list.len(), 1);
        assert_eq!(now(&mut list), None);
    }
}

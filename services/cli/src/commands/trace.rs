//! `serialtrail trace`: the journey of a unit.

use crate::context::Context;
use crate::query::{QueryApi, columns, table, text, unless_unread};
use serde_json::Value;
use std::io::Write;
use std::process::ExitCode;

/// Reads a page.
const PAGE: &str = "1000";
/// Things in a container that are listed; `--json` has more.
const LISTED: usize = 10;

/// Arguments of `serialtrail trace`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// EPC URN, Digital Link, key (01/<gtin>/21/<serial>, 00/<sscc>) or element string of the unit
    #[arg(value_name = "ID")]
    pub id: String,
}

/// Prints what is known about a unit: for people, or the query service's JSON with the whole journey.
///
/// # Errors
/// The query service does not answer, the identifier is malformed, or nothing is known about the unit.
pub async fn run(args: Args, context: &Context) -> anyhow::Result<ExitCode> {
    let trace = whole(&QueryApi::new(context.settings()?)?, &args.id).await?;
    let text = if context.json {
        format!("{trace}\n")
    } else {
        report(&trace)
    };
    unless_unread(std::io::stdout().write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

/// A trace with all pages of its journey.
async fn whole(api: &QueryApi, id: &str) -> anyhow::Result<Value> {
    let first = [("id", id.to_owned()), ("limit", PAGE.to_owned())];
    let mut trace = api.json("/v1/trace", &first).await?;
    while let Some(cursor) = trace["next"].as_str() {
        let [id, limit] = first.clone();
        let mut page = api
            .json("/v1/trace", &[id, limit, ("cursor", cursor.to_owned())])
            .await?;
        if let (Some(all), Value::Array(more)) =
            (trace["journey"].as_array_mut(), page["journey"].take())
        {
            all.extend(more);
        }
        trace["next"] = page["next"].take();
    }
    Ok(trace)
}

fn list<'v>(value: &'v Value, field: &str) -> &'v [Value] {
    value[field]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Texts of a list, joined.
fn joined(value: &Value, field: &str) -> String {
    let texts: Vec<&str> = list(value, field)
        .iter()
        .filter_map(Value::as_str)
        .collect();
    texts.join(" ")
}

/// Named facts that are there, `name value, …`.
fn facts(value: &Value, fields: &[(&str, &str)]) -> String {
    let there = fields.iter().filter_map(|(field, name)| {
        let value = text(value, field);
        (!value.is_empty()).then(|| format!("{name}{value}"))
    });
    there.collect::<Vec<_>>().join(", ")
}

fn report(trace: &Value) -> String {
    let mut head = vec![vec![
        text(trace, "kind").to_owned(),
        text(trace, "epc").to_owned(),
    ]];
    let mut say = |what: &str, text: String| head.push(vec![what.to_owned(), text]);
    say("key", text(trace, "unit").to_owned());
    let product = &trace["product"];
    if product.is_object() {
        let fields = [
            ("name", ""),
            ("brand", ""),
            ("gtin", "GTIN "),
            ("profile", "profile "),
        ];
        let markets = match joined(product, "markets") {
            markets if markets.is_empty() => String::new(),
            markets => format!(", markets {markets}"),
        };
        say("product", facts(product, &fields) + &markets);
    }
    let registry = &trace["registry"];
    if registry.is_object() {
        let fields = [
            ("lot", "lot "),
            ("expiry", "expiry "),
            ("status", "status "),
            ("known_by", "known by "),
            ("commissioned_at", "commissioned "),
        ];
        say("registry", facts(registry, &fields));
    } else {
        say("registry", "no entry".to_owned());
    }
    for lot in list(trace, "lot_statements") {
        let fields = [
            ("lot", ""),
            ("status", ""),
            ("status_since", "since "),
            ("source_party", "by "),
        ];
        say("lot", facts(lot, &fields));
    }
    let now = &trace["containment"]["now"];
    if now.is_object() {
        let outer = list(now, "outer").iter().filter_map(Value::as_str);
        let outer: String = outer.map(|container| format!(", in {container}")).collect();
        say(
            "inside",
            facts(now, &[("parent", ""), ("from", "since ")]) + &outer,
        );
    }
    for then in list(&trace["containment"], "then") {
        let fields = [
            ("parent", ""),
            ("from", "from "),
            ("to", "to "),
            ("end_cause", ""),
        ];
        say("was inside", facts(then, &fields));
    }
    for custody in list(trace, "custody") {
        let party = match text(custody, "name") {
            "" => text(custody, "party").to_owned(),
            name => format!("{name} ({})", text(custody, "party")),
        };
        let times = facts(custody, &[("from", "from "), ("to", "to ")]);
        say("custody", format!("{party}, {times}"));
    }
    let mut report = columns(&head);
    report.push_str(&contents(&trace["contents"]));
    report.push_str(&journey(list(trace, "journey")));
    report.push_str(&alerts(list(trace, "alerts")));
    report
}

fn contents(contents: &Value) -> String {
    if !contents.is_object() {
        return String::new();
    }
    let (count, inside) = (&contents["count"], &contents["inside"]);
    let mut rows = Vec::new();
    for unit in list(contents, "units").iter().take(LISTED) {
        let times = facts(unit, &[("from", "from "), ("to", "to "), ("end_cause", "")]);
        rows.push(vec!["  ".to_owned() + text(unit, "epc"), times]);
    }
    let more = if list(contents, "units").len() > LISTED {
        "  …\n"
    } else {
        ""
    };
    format!(
        "\ncontents: {count} units, {inside} of them inside now\n{}{more}",
        columns(&rows)
    )
}

fn journey(reads: &[Value]) -> String {
    if reads.is_empty() {
        return "\njourney: no read holds\n".to_owned();
    }
    let head = [
        "event time",
        "step",
        "disposition",
        "place",
        "country",
        "seen",
    ];
    let row = |read: &Value| {
        let site = &read["site"];
        let place = [
            text(site, "name"),
            text(site, "gln"),
            text(read, "read_point"),
        ];
        let place = place
            .into_iter()
            .find(|place| !place.is_empty())
            .unwrap_or_default();
        let mut seen = if read["inherited"] == true {
            format!("through {}", joined(read, "path").replace(' ', " > "))
        } else {
            "directly".to_owned()
        };
        if read["clock_suspect"] == true {
            seen.push_str(", clock suspect");
        }
        [
            text(read, "event_time").to_owned(),
            text(read, "biz_step").to_owned(),
            text(read, "disposition").to_owned(),
            place.to_owned(),
            text(site, "country").to_owned(),
            seen,
        ]
    };
    let plural = if reads.len() == 1 { "" } else { "s" };
    format!(
        "\njourney: {} read{plural}\n{}",
        reads.len(),
        table(head, reads.iter().map(row))
    )
}

fn alerts(alerts: &[Value]) -> String {
    if alerts.is_empty() {
        return "\nalerts: none\n".to_owned();
    }
    let rows: Vec<Vec<String>> = alerts
        .iter()
        .map(|alert| {
            let status = match text(alert, "retract_reason") {
                "" => text(alert, "status").to_owned(),
                reason => format!("{} ({reason})", text(alert, "status")),
            };
            let what = facts(alert, &[("rule", ""), ("sub_reason", "")]);
            vec![
                text(alert, "event_time").to_owned(),
                what,
                text(alert, "severity").to_owned(),
                status,
            ]
        })
        .collect();
    format!("\nalerts\n{}", columns(&rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_says_where_the_unit_is_how_it_was_seen_and_what_is_wrong() {
        let trace = json!({
            "unit": "01/1/21/A", "epc": "https://id.gs1.org/01/1/21/A", "kind": "sgtin",
            "registry": {"lot": "L1", "status": "active", "known_by": "registry"},
            "product": {"name": "Examplin", "markets": ["DE", "FR"]},
            "lot_statements": [{"lot": "L1", "status": "recalled"}],
            "containment": {
                "now": {"parent": "case", "from": "t1", "outer": ["pallet"]},
                "then": [{"parent": "tray", "from": "t0", "to": "t1", "end_cause": "unpacked"}],
            },
            "custody": [{"party": "952", "name": "Maker", "from": "t0", "to": null}],
            "contents": null,
            "journey": [
                {"event_time": "t0", "biz_step": "packing", "site": {"name": "Plant", "country": "DE"}, "inherited": false},
                {"event_time": "t2", "biz_step": "shipping", "site": null, "read_point": "urn:x:y", "inherited": true,
                 "path": ["pallet", "case"], "clock_suspect": true},
            ],
            "alerts": [{"rule": "STATUS_VIOLATION", "sub_reason": "recalled", "severity": "high", "status": "open"}],
        });
        let text = report(&trace);
        for line in [
            "product     Examplin, markets DE FR",
            "registry    lot L1, status active, known by registry",
            "lot         L1, recalled",
            "inside      case, since t1, in pallet",
            "was inside  tray, from t0, to t1, unpacked",
            "custody     Maker (952), from t0",
            "journey: 2 reads",
            "t0          packing                Plant    DE       directly",
            "t2          shipping               urn:x:y           through pallet > case, clock suspect",
            "STATUS_VIOLATION, recalled",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_unit_that_is_only_registered_has_no_journey() {
        let text = report(&json!({"kind": "sgtin", "registry": null}));
        assert!(
            text.contains("registry  no entry") && text.contains("no read holds"),
            "{text}"
        );
        assert!(text.ends_with("alerts: none\n"));
    }

    #[test]
    fn a_container_says_how_much_is_in_it_and_lists_the_first() {
        let units: Vec<Value> = (0..12)
            .map(|n| json!({"epc": format!("u{n}"), "from": "t0"}))
            .collect();
        let text = contents(&json!({"count": 40, "inside": 39, "units": units}));
        assert!(text.contains("40 units, 39 of them inside"), "{text}");
        assert!(
            text.contains("u9") && !text.contains("u10") && text.ends_with("…\n"),
            "{text}"
        );
    }
}

//! `GET /v1/identify`: what a scanner or a person may have meant.
//!
//! The text is read in every way it can be ([`readings`]); what is known here comes first. An ambiguous
//! text (`<gtin> X`: a serial or a lot?) is settled by what exists; where neither does, both stay.

mod known;
mod readings;

pub use readings::{Candidate, Kind, Readings, readings};

use crate::parameters::Parameters;
use crate::problem::Problem;
use axum::http::Uri;
use clickhouse::Client;
use known::Facts;
use serde_json::{Value, json};

/// Parameters this resource knows.
pub const PARAMETERS: &[&str] = &["text"];

/// Answers the request.
///
/// # Errors
/// See [`Problem`].
pub async fn answer(client: &Client, uri: &Uri) -> Result<Value, Problem> {
    let given = Parameters::read(uri, PARAMETERS)?;
    let text = given.text("text").ok_or_else(|| {
        Problem::parameter(
            "text",
            "give what was scanned or typed as text=, percent-encoded",
        )
    })?;
    let Readings { candidates, hint } = readings(text);
    let facts = known::look_up(client, &candidates).await?;
    let matches: Vec<Value> = settled(candidates.into_iter().zip(facts).collect())
        .into_iter()
        .map(|(candidate, facts)| facts.json(candidate))
        .collect();
    Ok(json!({ "text": text, "matches": matches, "hint": hint }))
}

/// What is known first; of an ambiguous text only what is known, if anything is.
fn settled(mut found: Vec<(Candidate, Facts)>) -> Vec<(Candidate, Facts)> {
    if found.iter().any(|(c, facts)| c.ambiguous && facts.known) {
        found.retain(|(c, facts)| !c.ambiguous || facts.known);
    }
    found.sort_by_key(|(_, facts)| !facts.known);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, known: &[bool]) -> Vec<String> {
        let candidates = readings(text).candidates;
        assert_eq!(candidates.len(), known.len(), "{text}: {candidates:?}");
        let facts = known.iter().map(|known| Facts {
            known: *known,
            ..Facts::default()
        });
        settled(candidates.into_iter().zip(facts).collect())
            .into_iter()
            .map(|(candidate, _)| candidate.key)
            .collect()
    }

    #[test]
    fn what_exists_settles_what_an_ambiguous_text_means() {
        let text = "09521234543213 A1";
        let (unit, lot) = ("01/09521234543213/21/A1", "01/09521234543213/10/A1");
        assert_eq!(found(text, &[false, true]), [lot]);
        assert_eq!(found(text, &[true, false]), [unit]);
        assert_eq!(found(text, &[true, true]), [unit, lot], "there are both");
        assert_eq!(found(text, &[false, false]), [unit, lot], "who knows");
    }

    #[test]
    fn what_a_scan_says_beside_the_unit_comes_after_it() {
        let scan = "(01)09521234543213(21)A1(10)L7";
        let (unit, lot) = ("01/09521234543213/21/A1", "01/09521234543213/10/L7");
        assert_eq!(found(scan, &[true, true]), [unit, lot]);
        assert_eq!(found(scan, &[false, false]), [unit, lot]);
    }
}

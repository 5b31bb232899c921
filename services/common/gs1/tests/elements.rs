//! Element strings and scans against the vectors of GS1's syntax engine.
#![allow(clippy::unwrap_used)]

mod vectors;

use serde_json::Value;
use serialtrail_gs1::{
    CheckDigit, ElementString, Symbology, generate_scan, parse_element_string, process_scan,
};

/// Runs a check over a file's lines, and says how many passed.
fn each(file: &str, check: impl Fn(&Value) -> Result<(), String>) {
    let lines = vectors::lines(&format!("gs1-syntax-engine-vectors/{file}.jsonl"));
    let failed: Vec<String> = lines
        .iter()
        .filter_map(|line| check(line).err().map(|e| format!("{line}: {e}")))
        .collect();
    if !lines.is_empty() {
        println!(
            "{file}.jsonl: {}/{}",
            lines.len() - failed.len(),
            lines.len()
        );
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Taken or refused as the line says.
fn as_said<T>(line: &Value, found: &Result<T, serialtrail_gs1::IdError>) -> Result<(), String> {
    match (line["ok"] == true, found) {
        (true, Err(e)) => Err(format!("refused: {e}")),
        (false, Ok(_)) => Err("taken".to_owned()),
        _ => Ok(()),
    }
}

fn text<'a>(line: &'a Value, key: &str) -> &'a str {
    line[key].as_str().unwrap()
}

/// An element string read again from both its forms is the same.
fn comes_back(elements: &ElementString) -> Result<(), String> {
    for form in [
        elements.to_string(),
        elements.unbracketed('^'),
        elements.unbracketed('\u{1d}'),
    ] {
        if parse_element_string(&format!("^{form}"))
            .or_else(|_| parse_element_string(&form))
            .as_ref()
            != Ok(elements)
        {
            return Err(format!("{form} is another"));
        }
    }
    Ok(())
}

#[test]
fn bracketed_element_strings_become_unbracketed() {
    each("ai_parse_bracketed", |line| {
        let found = parse_element_string(text(line, "input"));
        as_said(line, &found)?;
        let Ok(elements) = found else { return Ok(()) };
        comes_back(&elements)?;
        let built = format!("^{}", elements.unbracketed('^'));
        (built == text(line, "expect")).then_some(()).ok_or(built)
    });
}

#[test]
fn unbracketed_element_strings_are_taken_and_refused() {
    each("ai_process_unbracketed", |line| {
        let found = parse_element_string(text(line, "input"));
        as_said(line, &found)?;
        found.map_or(Ok(()), |elements| comes_back(&elements))
    });
}

#[test]
fn values_are_held_to_the_rules_of_their_ai() {
    each("ai_linter_table", |line| {
        let expected = text(line, "expect");
        match parse_element_string(text(line, "ai")) {
            Ok(_) if expected == "OK" => Ok(()),
            // The message names the linter's own code, one word of theirs is misspelt.
            Err(e)
                if e.message.contains(
                    &expected
                        .replace("EXIPIRATION", "EXPIRATION")
                        .replace('_', " ")
                        .to_ascii_lowercase(),
                ) =>
            {
                Ok(())
            }
            found => Err(format!("{found:?}")),
        }
    });
}

#[test]
fn associations_are_as_the_standard_has_them() {
    each("ai_validate_associations", |line| {
        let found = parse_element_string(text(line, "ai"))
            .and_then(|elements| elements.check_associations().map(|()| elements));
        as_said(line, &found)
    });
}

fn symbology(name: &str) -> Option<Symbology> {
    Some(match name {
        "QR" => Symbology::QrCode,
        "DM" => Symbology::DataMatrix,
        "DotCode" => Symbology::DotCode,
        "DataBarExpanded" => Symbology::DataBarExpanded,
        "DataBarOmni" => Symbology::DataBarOmni,
        "DataBarLimited" => Symbology::DataBarLimited,
        "GS1_128_CCA" => Symbology::Gs1128,
        "GS1_128_CCC" => Symbology::Gs1128CompositeC,
        "UPCA" => Symbology::UpcA,
        "UPCE" => Symbology::UpcE,
        "EAN13" => Symbology::Ean13,
        "EAN8" => Symbology::Ean8,
        "NONE" => return None,
        _ => panic!("no symbology is named {name}"),
    })
}

#[test]
fn scans_are_taken_apart() {
    each("scandata_process", |line| {
        let found = process_scan(text(line, "input"));
        as_said(line, &found)?;
        let Ok(scan) = found else { return Ok(()) };
        let message = scan.message.to_string();
        let right = Some(scan.symbology) == symbology(text(line, "symbology"))
            && message == text(line, "expect");
        right
            .then_some(())
            .ok_or(format!("{:?} {message}", scan.symbology))
    });
}

#[test]
fn messages_are_sent_as_scanners_send_them() {
    each("scandata_generate", |line| {
        let digit = match line["flags"]["AddCheckDigit"].as_str() {
            Some("true") => CheckDigit::Added,
            _ => CheckDigit::Given,
        };
        // Without a symbology there is nothing to send.
        let found = symbology(text(line, "symbology"))
            .and_then(|symbology| generate_scan(symbology, text(line, "input"), digit).ok());
        (found.as_deref() == line["expect"].as_str())
            .then_some(())
            .ok_or(format!("{found:?}"))
    });
}

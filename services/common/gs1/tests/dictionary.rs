//! The table of Application Identifiers against GS1's published dictionary.
#![allow(clippy::unwrap_used)]

mod vectors;

use serialtrail_gs1::ai::{self, Ai};

/// An AI written as the dictionary writes its line, without spacing.
fn as_published(ai: &Ai) -> String {
    let mut line = String::new();
    if ai.predefined_length {
        line.push('*');
    }
    if ai.attribute {
        line.push('?');
    }
    for c in ai.components {
        let shape = if c.min == c.max {
            format!("{:?}{}", c.set, c.max)
        } else {
            assert_eq!(c.min, 1, "{ai}");
            format!("{:?}..{}", c.set, c.max)
        };
        let shape = if c.optional {
            format!("[{shape}]")
        } else {
            shape
        };
        line.push_str(&format!(" {shape}"));
        for linter in c.linters {
            line.push_str(&format!(",{}", linter.name));
        }
    }
    if !ai.requires.is_empty() {
        let groups: Vec<String> = ai.requires.iter().map(|g| g.join("+")).collect();
        line.push_str(&format!(" req={}", groups.join(",")));
    }
    if !ai.excludes.is_empty() {
        line.push_str(&format!(" ex={}", ai.excludes.join(",")));
    }
    if let Some(sequences) = ai.primary_key {
        let sequences: Vec<String> = sequences.iter().map(|s| s.join(",")).collect();
        line.push_str(" dlpkey");
        if !sequences.is_empty() {
            line.push_str(&format!("={}", sequences.join("|")));
        }
    }
    format!("{} # {}", line.trim(), ai.title)
        .trim_end_matches([' ', '#'])
        .to_owned()
}

/// A line of the dictionary in one spacing and one order of its attributes.
fn normal(body: &str) -> String {
    let (facts, title) = body.split_once("# ").unwrap_or((body, ""));
    let mut words: Vec<&str> = facts.split_whitespace().collect();
    let rank = |w: &&str| match w.split('=').next() {
        Some("req") => 1,
        Some("ex") => 2,
        Some("dlpkey") => 3,
        _ => 0,
    };
    words.sort_by_key(rank);
    format!("{} # {}", words.join(" "), title.trim())
        .trim_end_matches([' ', '#'])
        .to_owned()
}

#[test]
fn every_line_of_the_published_dictionary_is_in_the_table() {
    let Some(text) = vectors::text("gs1-syntax-dictionary/gs1-syntax-dictionary.txt") else {
        return;
    };
    let mut seen = Vec::new();
    let mut lines = 0;
    for line in text
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        let (ais, body) = line.split_once(' ').unwrap();
        let (first, last) = ais.split_once('-').unwrap_or((ais, ais));
        for number in first.parse::<u16>().unwrap()..=last.parse::<u16>().unwrap() {
            let code = format!("{number:0width$}", width = first.len());
            let ai = ai::lookup(&code).unwrap_or_else(|| panic!("({code}) is missing"));
            assert_eq!(as_published(ai), normal(body), "({code})");
            seen.push(code);
        }
        lines += 1;
    }
    let ours: Vec<&str> = ai::all().iter().map(|ai| ai.code).collect();
    assert_eq!(ours, seen);
    println!(
        "gs1-syntax-dictionary.txt: {lines}/{lines} lines, {} AIs",
        seen.len()
    );
}

#[test]
fn associations_and_qualifiers_name_ais_that_exist() {
    for ai in ai::all() {
        let named = ai.requires.iter().flat_map(|g| g.iter());
        let qualifiers = ai.primary_key.into_iter().flatten().flat_map(|s| s.iter());
        for pattern in named.chain(ai.excludes).chain(qualifiers) {
            let digits = pattern.trim_end_matches('n');
            assert!(
                ai::all()
                    .iter()
                    .any(|a| a.code.len() == pattern.len() && a.code.starts_with(digits)),
                "{ai} names {pattern}"
            );
        }
    }
}

//! Our side, in this process.

use crate::cpu;
use crate::figures::Spread;
use crate::task::Task;
use anyhow::Context;
use serialtrail_epcis::{
    BodyKind, Capture, DocumentError, Format, Limits, Tree, event_hash, event_tree, parse_body,
};
use serialtrail_gs1::{Epc, EpcTag, IdError, parse_identifier};
use std::hint::black_box;

fn document(text: &str) -> Result<Capture, DocumentError> {
    parse_body(text.as_bytes(), BodyKind::Document, &Limits::default())
}

fn identifier(task: Task, text: &str) -> Result<Epc, IdError> {
    match task {
        Task::Tags => Ok(EpcTag::from_hex(text)?.epc()),
        _ => parse_identifier(text),
    }
}

/// What comes out of each text, empty where it is refused: of a document `ok`, of hashes one for each
/// event, of an identifier its key.
#[must_use]
pub fn results(task: Task, texts: &[String]) -> Vec<String> {
    let whole = |text: &String| match document(text) {
        Ok(capture) if capture.events.iter().all(|event| event.outcome.is_ok()) => "ok".to_owned(),
        _ => String::new(),
    };
    let hashes = |text: &String| -> Vec<String> {
        let events = document(text).map(|capture| capture.events);
        let events = events.unwrap_or_default().into_iter();
        events
            .map(|event| {
                event
                    .outcome
                    .map_or_else(|_| String::new(), |e| e.content_hash)
            })
            .collect()
    };
    match task {
        Task::JsonLd | Task::Xml => texts.iter().map(whole).collect(),
        Task::Hash | Task::HashDocument => texts.iter().flat_map(hashes).collect(),
        Task::ElementStrings | Task::DigitalLinks | Task::Tags => texts
            .iter()
            .map(|text| {
                identifier(task, text).map_or_else(|_| String::new(), |epc| epc.to_string())
            })
            .collect(),
    }
}

/// CPU-seconds of one pass over `texts`, of several repetitions that take `seconds` at least each,
/// after a pass that does not count.
///
/// # Errors
/// Something that should be valid is not.
pub fn measure(task: Task, texts: &[String], seconds: f64, repeat: u32) -> anyhow::Result<Spread> {
    Ok(match task {
        Task::JsonLd | Task::Xml | Task::HashDocument => passes(seconds, repeat, || {
            for text in texts {
                let _ = black_box(document(black_box(text)));
            }
        }),
        Task::Hash => {
            let trees = trees(texts)?;
            passes(seconds, repeat, || {
                for tree in &trees {
                    black_box(event_hash(&tree.event, &tree.context));
                }
            })
        }
        Task::ElementStrings | Task::DigitalLinks | Task::Tags => passes(seconds, repeat, || {
            for text in texts {
                let _ = black_box(identifier(task, black_box(text)));
            }
        }),
    })
}

fn trees(texts: &[String]) -> anyhow::Result<Vec<Tree>> {
    let mut trees = Vec::new();
    for text in texts {
        for event in document(text)?.events {
            let context = event.context.as_deref();
            let tree = event_tree(event.original.as_bytes(), Format::JsonLd, context);
            trees.push(tree.context("an event of a valid document")?);
        }
    }
    Ok(trees)
}

/// CPU-seconds of one `pass`, as [`measure`] says.
pub fn passes(seconds: f64, repeat: u32, mut pass: impl FnMut()) -> Spread {
    pass();
    let mut one = || {
        let (begin, mut count) = (cpu::own(), 0u32);
        loop {
            pass();
            count += 1;
            let took = cpu::own() - begin;
            if took >= seconds {
                return took / f64::from(count);
            }
        }
    };
    Spread::of((0..repeat.max(1)).map(|_| one()).collect())
}

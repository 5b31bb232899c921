//! What is read. Everything is generated from a seed, under company prefixes of GS1's example range.

mod documents;
mod identifiers;

use crate::task::Task;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

/// Events in a document.
pub const EVENTS: usize = 100;

/// The input of one task.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Input {
    /// What is timed: all valid.
    pub valid: Vec<String>,
    /// What must be refused; not timed.
    pub refused: Vec<String>,
}

/// All inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    json: Input,
    xml: Input,
    elements: Input,
    links: Input,
    tags: Input,
}

impl Corpus {
    /// So many documents of [`EVENTS`] events, and so many identifiers of each spelling.
    ///
    /// # Errors
    /// An event generated here cannot be written as XML, or a unit not as a tag.
    pub fn new(seed: u64, documents: usize, identifiers: usize) -> anyhow::Result<Self> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (json, xml) = documents::inputs(&mut random, documents)?;
        Ok(Self {
            json,
            xml,
            elements: identifiers::elements(&mut random, identifiers),
            links: identifiers::links(&mut random, identifiers),
            tags: identifiers::tags(&mut random, identifiers)?,
        })
    }

    /// The input of a task.
    #[must_use]
    pub fn input(&self, task: Task) -> &Input {
        match task {
            Task::JsonLd | Task::Hash | Task::HashDocument => &self.json,
            Task::Xml => &self.xml,
            Task::ElementStrings => &self.elements,
            Task::DigitalLinks => &self.links,
            Task::Tags => &self.tags,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ours;

    #[test]
    fn a_seed_gives_the_same_corpus_again() {
        assert_eq!(
            Corpus::new(7, 2, 50).unwrap(),
            Corpus::new(7, 2, 50).unwrap()
        );
        assert_ne!(
            Corpus::new(7, 2, 50).unwrap(),
            Corpus::new(8, 2, 50).unwrap()
        );
    }

    #[test]
    fn what_is_valid_is_read_and_what_is_not_is_refused() {
        let corpus = Corpus::new(1, 2, 200).unwrap();
        for task in Task::ALL {
            let input = corpus.input(task);
            assert!(!input.refused.is_empty(), "{task:?}");
            for (text, result) in input.valid.iter().zip(ours::results(task, &input.valid)) {
                assert!(!result.is_empty(), "{task:?}: {text}");
            }
            if task.unit() == "events" {
                continue;
            }
            for (text, result) in input
                .refused
                .iter()
                .zip(ours::results(task, &input.refused))
            {
                assert_eq!(result, "", "{task:?}: {text}");
            }
        }
        for task in [Task::JsonLd, Task::Xml] {
            let refused = ours::results(task, &corpus.input(task).refused);
            assert!(refused.iter().all(String::is_empty), "{task:?}");
        }
    }

    #[test]
    fn xml_and_json_say_the_same_events() {
        let corpus = Corpus::new(1, 2, 1).unwrap();
        let hashes = |task| ours::results(Task::HashDocument, &corpus.input(task).valid);
        assert_eq!(hashes(Task::JsonLd), hashes(Task::Xml));
        assert_eq!(hashes(Task::Xml).len(), 2 * EVENTS);
    }
}

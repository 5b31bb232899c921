//! Both sides together.

use crate::avro;
use crate::corpus::{Corpus, EVENTS, Input};
use crate::figures::Spread;
use crate::large::{self, Large};
use crate::ours;
use crate::peers::{PEERS, Peer, Place};
use crate::task::Task;
use crate::text::{heading, spread, table};
use serde::{Deserialize, Serialize};
use serialtrail_gs1::parse_identifier;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What to measure.
#[derive(Debug, Clone, clap::Args)]
pub struct Options {
    /// Tasks, separated by commas; default: all
    #[arg(long, value_enum, value_delimiter = ',', value_name = "TASK,...")]
    pub only: Vec<Task>,
    /// Everything small; the figures say little
    #[arg(long)]
    pub quick: bool,
    /// Repetitions
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub repeat: u32,
    /// CPU-seconds of one repetition, at least
    #[arg(long, default_value_t = 1.0)]
    pub seconds: f64,
    /// Documents, of 100 events each
    #[arg(long, default_value_t = 20)]
    pub documents: usize,
    /// Identifiers of each spelling
    #[arg(long, default_value_t = 2_000)]
    pub identifiers: usize,
    /// Megabytes of a long document in each binding; 0: none
    #[arg(long, default_value_t = 1_000, value_name = "MB")]
    pub large: u64,
    /// Seed of everything read
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Avro records of each kind; 0: none
    #[arg(long, default_value_t = 1_000)]
    pub records: usize,
    /// Avro records and nothing else
    #[arg(long)]
    pub avro: bool,
    /// Our side only
    #[arg(long)]
    pub no_peers: bool,
    /// Where the figures go
    #[arg(long, default_value = "target/bench/codecs.json", value_name = "FILE")]
    pub out: PathBuf,
}

/// Everything measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// The binary is optimised.
    pub optimised: bool,
    /// Events in a document.
    pub events_per_document: usize,
    /// Each task.
    pub rows: Vec<Row>,
    /// A long document in each binding.
    pub large: Vec<Large>,
    /// Avro records.
    pub avro: Vec<avro::Cost>,
}

/// One task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// Which.
    pub task: Task,
    /// Events or identifiers in one pass.
    pub units: usize,
    /// Bytes in one pass.
    pub bytes: usize,
    /// Units a CPU-second, ours.
    pub ours: Spread,
    /// The others.
    pub peers: Vec<Beside>,
}

/// One peer at one task.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Beside {
    /// As its registry names it.
    pub library: String,
    /// What it leaves out.
    pub without: String,
    /// What it did, or why it is absent.
    pub outcome: Result<Did, String>,
}

/// What a peer did.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Did {
    /// Its version, and what it ran on.
    pub version: String,
    /// Units a CPU-second.
    pub per_cpu_s: Spread,
    /// How many times as many are ours, by the medians.
    pub ratio: f64,
    /// Results compared: as many as are valid, and as many as must be refused.
    pub compared: Compared,
}

/// Whether two sides agree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// Valid, and the same result.
    pub equal: usize,
    /// Valid, and another result.
    pub differing: usize,
    /// Valid, and the peer refuses it.
    pub refused_by_peer: usize,
    /// To be refused, and both do.
    pub refused_by_both: usize,
    /// To be refused, and the peer takes it.
    pub taken_by_peer: usize,
    /// The first text or result that is not the same.
    pub example: Option<String>,
}

/// Measures.
///
/// # Errors
/// The corpus cannot be made or written. A peer that fails is part of the figures.
pub fn run(root: &Path, options: &Options) -> anyhow::Result<Figures> {
    let (documents, identifiers, seconds, repeat) = if options.quick {
        (2, 500, 0.05, 1)
    } else {
        (
            options.documents,
            options.identifiers,
            options.seconds,
            options.repeat,
        )
    };
    let corpus = Corpus::new(options.seed, documents.max(1), identifiers.max(1))?;
    let place = Place {
        installed: root.join("target/bench/peers"),
        drivers: root.join("tests/bench/peers"),
        corpus: root.join("target/bench/corpus"),
        vectors: Place::vectors(root),
        seconds,
        repeat,
    };
    std::fs::create_dir_all(&place.corpus)?;
    let wanted =
        |task: &Task| !options.avro && (options.only.is_empty() || options.only.contains(task));
    let mut figures = Figures {
        optimised: !cfg!(debug_assertions),
        events_per_document: EVENTS,
        rows: Vec::new(),
        large: Vec::new(),
        avro: Vec::new(),
    };
    for task in Task::ALL.into_iter().filter(wanted) {
        let input = corpus.input(task);
        let units = ours::results(task, &input.valid).len()
            * if matches!(task, Task::JsonLd | Task::Xml) {
                EVENTS
            } else {
                1
            };
        eprintln!("{}: {units} {}", task.title(), task.unit());
        let pass = ours::measure(task, &input.valid, seconds, repeat)?;
        let ours = per_second(&pass.runs, units);
        let peers = PEERS.iter().filter(|p| p.task == task && !options.no_peers);
        let peers = peers
            .map(|peer| beside(peer, &place, input, units, &ours))
            .collect();
        figures.rows.push(Row {
            task,
            units,
            bytes: input.valid.iter().map(String::len).sum(),
            ours,
            peers,
        });
    }
    let large = if options.quick { 2 } else { options.large };
    if large > 0 && !options.avro {
        figures.large = large::measure(&corpus, large * 1_000_000)?;
    }
    let records = options
        .records
        .min(if options.quick { 50 } else { usize::MAX });
    if records > 0 {
        figures.avro = avro::measure(options.seed, records, seconds, repeat)?;
    }
    Ok(figures)
}

fn per_second(passes: &[f64], units: usize) -> Spread {
    let rate = |seconds: &f64| units as f64 / seconds.max(f64::MIN_POSITIVE);
    Spread::of(passes.iter().map(rate).collect())
}

fn beside(peer: &Peer, place: &Place, input: &Input, units: usize, ours: &Spread) -> Beside {
    let outcome = match peer.absent(place) {
        Some(why) => Err(why),
        None => {
            eprintln!("  {}", peer.library);
            peer.run(place, input).map_err(|e| format!("{e:#}"))
        }
    };
    Beside {
        library: peer.library.to_owned(),
        without: peer.without.to_owned(),
        outcome: outcome.and_then(|said| {
            let per_cpu_s = per_second(&said.seconds_per_pass, units);
            let compared = compare(peer.task, input, &said.valid, &said.refused);
            // What gives up early is not fast.
            let taken = compared.equal + compared.differing;
            if compared.refused_by_peer > taken {
                let all = compared.refused_by_peer + taken;
                return Err(format!(
                    "refuses {} of {all} that are valid",
                    compared.refused_by_peer
                ));
            }
            Ok(Did {
                version: said.version,
                ratio: ours.median / per_cpu_s.median.max(f64::MIN_POSITIVE),
                per_cpu_s,
                compared,
            })
        }),
    }
}

/// Compares a peer's results with ours; identifiers by what they identify. Hashes of documents that
/// must be refused are not compared: a hash does not validate.
fn compare(task: Task, input: &Input, valid: &[String], refused: &[String]) -> Compared {
    let mut compared = Compared::default();
    let identifiers = task.unit() == "identifiers";
    let same = |ours: &str, theirs: &str| {
        ours == theirs
            || identifiers && parse_identifier(theirs).is_ok_and(|epc| epc.to_string() == ours)
    };
    let ours = ours::results(task, &input.valid);
    for index in 0..ours.len().max(valid.len()) {
        let text = |all: &[String]| all.get(index).cloned().unwrap_or_default();
        let (ours, theirs) = (text(&ours), text(valid));
        if same(&ours, &theirs) {
            compared.equal += 1;
            continue;
        }
        if theirs.is_empty() {
            compared.refused_by_peer += 1;
        } else {
            compared.differing += 1;
        }
        let example = || format!("ours {ours:?}, theirs {theirs:?}");
        compared.example.get_or_insert_with(example);
    }
    if matches!(task, Task::Hash | Task::HashDocument) {
        return compared;
    }
    for (text, theirs) in input.refused.iter().zip(refused) {
        if theirs.is_empty() {
            compared.refused_by_both += 1;
        } else {
            compared.taken_by_peer += 1;
            let short: String = text.chars().take(80).collect();
            let example = || format!("takes {short:?} as {theirs:?}");
            compared.example.get_or_insert_with(example);
        }
    }
    compared
}

impl Figures {
    /// As a table.
    ///
    /// # Errors
    /// `out` cannot be written, which a String always can.
    pub fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(
            out,
            "\nCodecs: units per CPU-second, one core; documents of {} events",
            self.events_per_document
        )?;
        let mut rows = vec![heading(&[
            "what",
            "ours",
            "MB/s",
            "peer",
            "peer's",
            "ratio",
            "equal",
            "refused alike",
        ])];
        let mut notes = Vec::new();
        for row in &self.rows {
            let bytes = row.bytes as f64 / row.units.max(1) as f64;
            let ours = [
                row.task.title().to_owned(),
                format!("{} {}", spread(&row.ours), row.task.unit()),
                format!("{:.0}", row.ours.median * bytes / 1e6),
            ];
            let mut first = true;
            for peer in &row.peers {
                let mut cells = if first {
                    ours.to_vec()
                } else {
                    vec![String::new(); 3]
                };
                first = false;
                cells.push(peer.library.clone());
                match &peer.outcome {
                    Err(why) => cells.push(format!("none: {why}")),
                    Ok(did) => {
                        let c = &did.compared;
                        let all = c.equal + c.differing + c.refused_by_peer;
                        let refused = c.refused_by_both + c.taken_by_peer;
                        cells.extend([
                            spread(&did.per_cpu_s),
                            format!("{:.1}x", did.ratio),
                            format!("{}/{all}", c.equal),
                            format!("{}/{refused}", c.refused_by_both),
                        ]);
                        let example = c.example.as_ref();
                        let example = example.map_or_else(String::new, |e| format!("; {e}"));
                        notes.push(format!(
                            "{}, {} {}: {}{example}",
                            row.task.title(),
                            peer.library,
                            did.version,
                            peer.without
                        ));
                    }
                }
                rows.push(cells);
            }
            if first {
                rows.push(ours.to_vec());
            }
        }
        table(out, &rows)?;
        notes
            .iter()
            .try_for_each(|note| writeln!(out, "- {note}"))?;
        large::write(out, &self.large)?;
        avro::write(out, &self.avro)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn a_result_of_a_peer_is_compared_by_what_it_identifies() {
        let input = Input {
            valid: texts(&[
                "]d20109521234543213\u{1d}21A",
                "]d20109521234543213\u{1d}21B",
                "]d20109521234543213\u{1d}21C",
            ]),
            refused: texts(&["]d20109521234543210", "]d20109521234543219"]),
        };
        let valid = texts(&["(01)09521234543213(21)A", "(01)09521234543213", ""]);
        let refused = texts(&["", "(01)09521234543219"]);
        let compared = compare(Task::ElementStrings, &input, &valid, &refused);
        assert_eq!((compared.equal, compared.differing), (1, 1));
        assert_eq!(compared.refused_by_peer, 1);
        assert_eq!((compared.refused_by_both, compared.taken_by_peer), (1, 1));
        assert!(compared.example.unwrap().contains("21/B"));
    }
}

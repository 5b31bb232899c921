//! What the gateway said of one document, for people and for programs.

use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

/// Errors of one file that are shown one by one.
const SHOWN: usize = 5;

/// The end of one upload.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome {
    /// HTTP status; 0 where the file could not even be read.
    pub(super) status: u16,
    /// The answer's body: a job, the event itself (201), or problem details.
    pub(super) body: Value,
}

impl Outcome {
    /// A file that could not be read.
    pub(super) fn unreadable(error: &std::io::Error) -> Self {
        let detail = format!("cannot be read: {error}");
        Self {
            status: 0,
            body: json!({ "title": "unreadable_file", "detail": detail }),
        }
    }

    fn accepted(&self) -> bool {
        matches!(self.status, 201 | 202)
    }

    /// Refused, or captured with errors.
    pub(super) fn has_fault(&self) -> bool {
        !self.accepted() || self.errors_total() > 0
    }

    fn captured(&self) -> u64 {
        match self.status {
            201 => 1,
            202 => self.body["captured"].as_u64().unwrap_or(0),
            _ => 0,
        }
    }

    fn errors_total(&self) -> u64 {
        self.body["errorsTotal"].as_u64().unwrap_or(0)
    }

    /// One JSON object.
    pub(super) fn json(&self, path: &Path) -> Value {
        json!({
            "file": path.display().to_string(),
            "status": self.status,
            "outcome": if self.accepted() { "captured" } else { "refused" },
            "captured": self.captured(),
            "capture_id": self.body["captureID"],
            "event_id": self.body["eventID"],
            "reason": if self.accepted() { Value::Null } else { self.body["detail"].clone() },
            "errors": self.body.get("errors").cloned().unwrap_or_else(|| json!([])),
        })
    }

    /// A line, and one more for each of the first errors.
    pub(super) fn text(&self, path: &Path) -> String {
        let path = path.display();
        let captured = self.captured();
        let mut text = match (self.accepted(), self.body["events"].as_u64()) {
            (true, Some(events)) if events != captured => {
                format!("captured {captured} of {events} events  {path}")
            }
            (true, _) => format!("captured {captured} events  {path}"),
            (false, _) => {
                let detail = self.body["detail"]
                    .as_str()
                    .unwrap_or("no reason was given");
                format!("refused ({})  {path}: {detail}", self.status)
            }
        };
        let errors = self.body["errors"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        for error in errors.iter().take(SHOWN) {
            let event = error["eventIndex"].as_u64().map(|n| format!("event {n}: "));
            let reason = error["reason"].as_str().unwrap_or_default();
            let detail = error["detail"].as_str().unwrap_or_default();
            text += &format!("\n    {}{reason}: {detail}", event.unwrap_or_default());
        }
        let shown = errors.len().min(SHOWN) as u64;
        if self.errors_total() > shown {
            text += &format!("\n    and {} more", self.errors_total() - shown);
        }
        text
    }
}

/// All outcomes together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    events: u64,
    refused: u64,
    partly: u64,
}

impl Tally {
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.files += 1;
        self.events += outcome.captured();
        self.refused += u64::from(!outcome.accepted());
        self.partly += u64::from(outcome.accepted() && outcome.has_fault());
    }

    pub(super) fn found_fault(&self) -> bool {
        self.refused + self.partly > 0
    }

    pub(super) fn summary(&self, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let mut text = format!(
            "{} events of {} documents captured in {seconds:.1} s",
            self.events,
            self.files - self.refused
        );
        if self.refused > 0 {
            text += &format!(", {} documents refused", self.refused);
        }
        if self.partly > 0 {
            text += &format!(", {} captured with errors", self.partly);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_told_with_its_reasons() {
        let good = Outcome {
            status: 202,
            body: json!({"captured": 3, "events": 3, "errors": []}),
        };
        let errors: Vec<_> = (0..7)
            .map(|n| json!({"eventIndex": n, "reason": "bad_time", "detail": "eventTime: …"}))
            .collect();
        let refused = Outcome {
            status: 400,
            body: json!({"detail": "7 of 9 events refused", "errors": errors, "errorsTotal": 7}),
        };
        let partly = Outcome {
            status: 202,
            body: json!({"captured": 2, "events": 9, "errors": errors, "errorsTotal": 7}),
        };
        let path = Path::new("a.json");
        assert_eq!(good.text(path), "captured 3 events  a.json");
        assert!(!good.has_fault() && refused.has_fault() && partly.has_fault());
        let text = refused.text(path);
        assert!(
            text.starts_with("refused (400)  a.json: 7 of 9 events refused\n    event 0: bad_time")
        );
        assert!(text.ends_with("and 2 more"));
        assert!(partly.text(path).starts_with("captured 2 of 9 events"));
        assert_eq!(refused.json(path)["outcome"], "refused");
        assert_eq!(partly.json(path)["captured"], 2);
        let single = Outcome {
            status: 201,
            body: json!({"type": "ObjectEvent", "eventID": "urn:uuid:1"}),
        };
        assert_eq!(single.text(path), "captured 1 events  a.json");
        assert!(!single.has_fault());
        assert_eq!(single.json(path)["event_id"], "urn:uuid:1");
        let mut tally = Tally::default();
        [&good, &refused, &partly]
            .into_iter()
            .for_each(|outcome| tally.add(outcome));
        let summary = tally.summary(Duration::from_secs(2));
        assert_eq!(
            summary,
            "5 events of 2 documents captured in 2.0 s, 1 documents refused, 1 captured with errors"
        );
        assert!(tally.found_fault());
    }
}

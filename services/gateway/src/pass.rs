//! One pass over the events of an input: records, rejections, identities, findings.

use serialtrail_epcis::{CapturedEvent, Header};
use serialtrail_records::Micros;
use serialtrail_runtime::topics::EPCIS_EVENTS;

use crate::candidate::{candidate, original_of};
use crate::capture::{Conditions, Submission};
use crate::conflicts::conflict;
use crate::findings::Findings;
use crate::known::Identity;
use crate::outgoing::rejections;
use crate::parcel::{Packer, Parcel};
use crate::rejected::{Input, Refusal};

/// What a pass has gathered.
pub(crate) struct Pass<'a> {
    submission: &'a Submission<'a>,
    at: &'a Conditions<'a>,
    header: &'a Header,
    record_time: Micros,
    /// What the refusals share.
    pub(crate) input: Input,
    /// Records of events.
    pub(crate) events: Packer<'a>,
    /// Index in the document and identity of each record of `events`.
    pub(crate) identities: Vec<(usize, Identity)>,
    /// Rows of what was refused.
    pub(crate) rejections: Packer<'a>,
    pub(crate) findings: Findings,
    /// Whether an event that certainly loses is refused here and now.
    refuse_known: bool,
}

/// What was taken out of a pass.
pub(crate) struct Drained {
    pub(crate) events: Parcel,
    pub(crate) identities: Vec<(usize, Identity)>,
    pub(crate) rejections: Parcel,
}

impl<'a> Pass<'a> {
    pub(crate) fn new(
        submission: &'a Submission<'a>,
        at: &'a Conditions<'a>,
        header: &'a Header,
        record_time: Micros,
    ) -> Self {
        Self {
            submission,
            at,
            header,
            record_time,
            input: submission.input(header, record_time),
            events: Packer::new(at.folder),
            identities: Vec::new(),
            rejections: Packer::new(at.folder),
            findings: Findings::default(),
            refuse_known: false,
        }
    }

    /// One that refuses what certainly loses at once, event by event.
    pub(crate) fn refusing_known(self) -> Self {
        Self {
            refuse_known: true,
            ..self
        }
    }

    /// Takes out what was gathered; what follows is recorded at `record_time`.
    pub(crate) fn drain(&mut self, record_time: Micros) -> std::io::Result<Drained> {
        self.record_time = record_time;
        self.input.record_time = record_time;
        let empty = || Packer::new(self.at.folder);
        Ok(Drained {
            events: std::mem::replace(&mut self.events, empty()).finish()?,
            identities: std::mem::take(&mut self.identities),
            rejections: std::mem::replace(&mut self.rejections, empty()).finish()?,
        })
    }

    /// The next event.
    pub(crate) fn take(&mut self, mut event: CapturedEvent) -> anyhow::Result<()> {
        let (index, line) = (event.index, event.line);
        let warnings = std::mem::take(&mut event.warnings);
        let read = candidate(
            self.submission,
            self.at,
            self.header,
            self.record_time,
            event,
        )?;
        match read {
            Ok(event) if self.refuse_known && (self.at.loses)(&event.identity) => {
                let original = original_of(self.at.codec, &event.value)?;
                self.refuse(&conflict(
                    index,
                    event.identity,
                    "there is already",
                    original,
                ))
            }
            Ok(event) => {
                for warning in &warnings {
                    self.findings.strange(index, line, warning);
                }
                let key = event.identity.event_id.as_bytes();
                let record = self.at.counts.keyed(EPCIS_EVENTS, key, event.value);
                self.events.put(record)?;
                self.identities.push((index, event.identity));
                Ok(())
            }
            Err(refusal) => self.refuse(&refusal),
        }
    }

    /// Refuses an event.
    pub(crate) fn refuse(&mut self, refusal: &Refusal) -> anyhow::Result<()> {
        self.findings.refused(refusal);
        for row in rejections(&self.input, refusal, self.at.counts, self.at.codec)? {
            self.rejections.put(row)?;
        }
        Ok(())
    }

    /// Events and refusals so far.
    pub(crate) fn count(&self) -> usize {
        self.events.count() + self.rejections.count()
    }

    /// Bytes of all records so far.
    pub(crate) fn bytes(&self) -> usize {
        self.events.bytes() + self.rejections.bytes()
    }
}

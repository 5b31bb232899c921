//! One listener: what it is sent, and from where.

use super::poller::Beginning;
use super::{Filter, News, Position, after, end};
use crate::alerts::AlertRow;
use crate::problem::Problem;
use crate::select::Pace;
use axum::response::sse::Event;
use clickhouse::Client;
use clickhouse::query::RowCursor;
use futures::Stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// Wait after ClickHouse did not answer.
const AGAIN: Duration = Duration::from_secs(2);
/// Longest wait for the beginning of a stream before it is opened all the same.
const BEGIN: Duration = Duration::from_secs(3);

/// Where the next event comes from.
enum Source {
    /// Nowhere yet: first the poller must have begun, or what lands meanwhile would reach nobody.
    Waiting,
    /// ClickHouse, after the listener's position.
    Behind,
    /// A statement that is running.
    Reading(Box<RowCursor<AlertRow>>),
    /// What the poller hands round.
    Live,
}

/// What the listener was told last of how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Nothing that still holds.
    Nothing,
    /// ClickHouse is away.
    Away,
    /// It has seen all that landed, and hears of what lands.
    Live,
}

/// A client of the stream.
pub(super) struct Listener {
    client: Client,
    heard: Receiver<News>,
    begun: watch::Receiver<Beginning>,
    filter: Filter,
    /// `None` until the end of the topic is known, for one that begins now.
    position: Option<Position>,
    source: Source,
    told: Told,
    /// When ClickHouse last answered this listener: news that it is away may be older.
    answered: Instant,
    /// Events to be sent.
    ready: VecDeque<Event>,
}

impl Listener {
    /// A listener that has seen what lies before `after`, or that begins now.
    pub(super) fn new(
        client: Client,
        heard: Receiver<News>,
        begun: watch::Receiver<Beginning>,
        filter: Filter,
        after: Option<Position>,
    ) -> Self {
        Self {
            client,
            heard,
            begun,
            filter,
            position: after,
            source: Source::Waiting,
            told: Told::Nothing,
            answered: Instant::now(),
            ready: VecDeque::new(),
        }
    }

    /// Goes as far as it is certain that nothing is missed, unless that takes long.
    pub(super) async fn begin(&mut self) {
        let begun = async {
            while matches!(self.source, Source::Waiting) && self.ready.is_empty() {
                if let Err(problem) = self.step().await {
                    self.tell(&problem);
                }
            }
        };
        // Whatever is not done then is done by the stream.
        let _ = tokio::time::timeout(BEGIN, begun).await;
    }

    /// The events, without end as long as the feed lives.
    pub(super) fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        futures::stream::unfold(self, |mut listener| async move {
            loop {
                if let Some(event) = listener.ready.pop_front() {
                    return Some((Ok(event), listener));
                }
                match listener.step().await {
                    Ok(true) => {}
                    Ok(false) => return None,
                    Err(problem) => {
                        listener.tell(&problem);
                        if let Source::Reading(_) = listener.source {
                            listener.source = Source::Behind;
                        }
                        if listener.ready.is_empty() {
                            tokio::time::sleep(AGAIN).await;
                        }
                    }
                }
            }
        })
    }

    /// One step towards the next event; `false` at the end.
    async fn step(&mut self) -> Result<bool, Problem> {
        match &mut self.source {
            Source::Waiting => return self.wait().await,
            Source::Behind => {
                let position = self.position.get_or_insert_default();
                let rows = after(&self.client, position, Pace::Stream)?;
                self.source = Source::Reading(Box::new(rows));
            }
            Source::Reading(rows) => {
                let row = rows.next().await?;
                self.answered = Instant::now();
                match row {
                    Some(row) => {
                        self.told = Told::Nothing;
                        self.take(&row);
                    }
                    None => self.live(),
                }
            }
            Source::Live => match self.heard.recv().await {
                Ok(News::Alert(row)) => self.take(&row),
                Ok(News::Away(problem, at)) if at > self.answered => self.tell(&problem),
                Ok(News::Away(..)) => {}
                Ok(News::Back) => self.live(),
                Err(RecvError::Lagged(_)) => self.source = Source::Behind,
                Err(RecvError::Closed) => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Waits for the poller, then finds out where to go on. `false` if it will never begin.
    async fn wait(&mut self) -> Result<bool, Problem> {
        let beginning = self.begun.borrow_and_update().clone();
        if let Beginning::Failed(problem) = &beginning {
            self.tell(problem);
        }
        if !self.ready.is_empty() {
            return Ok(true);
        }
        if !matches!(beginning, Beginning::Done) {
            // Alerts that go round meanwhile are found by position.
            return Ok(self.begun.changed().await.is_ok());
        }
        let end = end(&self.client).await?;
        self.answered = Instant::now();
        match &mut self.position {
            Some(position) => {
                position.at_most(&end);
                self.source = Source::Behind;
            }
            None => {
                self.position = Some(end);
                self.live();
            }
        }
        Ok(true)
    }

    /// Everything that landed was seen: says so once, with the place to go on from, so that whoever is
    /// cut off before its first alert misses none.
    fn live(&mut self) {
        self.source = Source::Live;
        if self.told != Told::Live {
            self.told = Told::Live;
            let position = self.position.get_or_insert_default();
            let event = Event::default().event("live").id(position.encode());
            self.ready.push_back(event.data("{}"));
        }
    }

    fn take(&mut self, row: &AlertRow) {
        let position = self.position.get_or_insert_default();
        if position.advance(&row.place) && self.filter.matches(row) {
            let event = Event::default()
                .event("alert")
                .id(position.encode())
                .data(row.clone().json().to_string());
            self.ready.push_back(event);
        }
    }

    /// Says once that ClickHouse does not answer.
    fn tell(&mut self, problem: &Problem) {
        if self.told != Told::Away {
            self.told = Told::Away;
            let event = Event::default().event("error");
            self.ready.push_back(event.data(problem.body().to_string()));
        }
    }
}

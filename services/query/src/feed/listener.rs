//! One listener: what it is sent, and from where.

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

/// A client of the stream.
pub(super) struct Listener {
    client: Client,
    heard: Receiver<News>,
    begun: watch::Receiver<bool>,
    filter: Filter,
    /// `None` until the end of the topic is known, for one that begins now.
    position: Option<Position>,
    source: Source,
    /// Whether the listener was told that ClickHouse is away.
    told: bool,
    /// When ClickHouse last answered this listener: news that it is away may be older.
    answered: Instant,
    /// Events to be sent.
    ready: VecDeque<Event>,
}

impl Listener {
    /// A listener that has seen what lies before `after`, or that begins now. It must have subscribed
    /// before the poller was woken.
    pub(super) fn new(
        client: Client,
        heard: Receiver<News>,
        begun: watch::Receiver<bool>,
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
            told: false,
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
                self.told = false;
                self.answered = Instant::now();
                match row {
                    Some(row) => self.take(&row),
                    None => self.source = Source::Live,
                }
            }
            Source::Live => match self.heard.recv().await {
                Ok(News::Alert(row)) => self.take(&row),
                Ok(News::Away(problem, at)) if at > self.answered => self.tell(&problem),
                Ok(News::Away(..)) => {}
                Ok(News::Back) => self.told = false,
                Err(RecvError::Lagged(_)) => self.source = Source::Behind,
                Err(RecvError::Closed) => return Ok(false),
            },
        }
        Ok(true)
    }

    /// Waits for the poller, then finds out where to go on.
    async fn wait(&mut self) -> Result<bool, Problem> {
        if !*self.begun.borrow_and_update() {
            tokio::select! {
                changed = self.begun.changed() => return Ok(changed.is_ok()),
                news = self.heard.recv() => {
                    // Alerts that go round already are found by position.
                    if let Ok(News::Away(problem, _)) = news {
                        self.tell(&problem);
                    }
                    return Ok(true);
                }
            }
        }
        self.source = match self.position {
            Some(_) => Source::Behind,
            None => {
                self.position = Some(end(&self.client).await?);
                self.told = false;
                self.answered = Instant::now();
                Source::Live
            }
        };
        Ok(true)
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
        if !self.told {
            self.told = true;
            let event = Event::default().event("error");
            self.ready.push_back(event.data(problem.body().to_string()));
        }
    }
}

//! The one task that looks for new alerts while anybody listens.

use super::{Feed, News, POLL, Position, after, end};
use crate::problem::Problem;
use crate::select::Pace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{broadcast, watch};

/// Whether the task knows where it began: whatever lands later is handed round.
#[derive(Debug, Clone, Default)]
pub(super) enum Beginning {
    /// Not yet.
    #[default]
    Open,
    /// Not yet, and ClickHouse does not answer.
    Failed(Arc<Problem>),
    /// It does.
    Done,
}

/// Whether the task runs, and how far its beginning is.
#[derive(Debug, Default)]
pub(super) struct Poller {
    /// Held while somebody joins and while the task decides that nobody is left: a listener never joins
    /// a task that is about to end, and so hears of all that lands from the task's beginning on.
    running: Mutex<bool>,
    begun: watch::Sender<Beginning>,
}

impl Poller {
    /// A listener's ear, and how far the beginning of the task is, which is started unless it runs.
    pub(super) fn join(
        &self,
        feed: &Feed,
    ) -> (broadcast::Receiver<News>, watch::Receiver<Beginning>) {
        let mut running = self.running();
        let heard = feed.news.subscribe();
        if !*running {
            *running = true;
            tokio::spawn(run(feed.clone()));
        }
        (heard, self.begun.subscribe())
    }

    /// Ends the task where nobody listens.
    fn ends(&self, feed: &Feed) -> bool {
        let mut running = self.running();
        if feed.news.receiver_count() == 0 {
            self.begun.send_replace(Beginning::Open);
            *running = false;
        }
        !*running
    }

    fn running(&self) -> MutexGuard<'_, bool> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it runs.
    #[cfg(test)]
    pub(super) fn is_running(&self) -> bool {
        *self.running()
    }
}

/// Looks, hands round, waits; until nobody listens or the process ends.
async fn run(feed: Feed) {
    let poller = feed.poller.clone();
    let mut position = None;
    let mut away = false;
    loop {
        match look(&feed, &mut position).await {
            Ok(()) => {
                poller.begun.send_replace(Beginning::Done);
                if away {
                    let _ = feed.news.send(News::Back);
                }
                away = false;
            }
            Err(problem) if !away => {
                // Once, not every second: the stream stays open and goes on.
                away = true;
                let problem = Arc::new(problem);
                if position.is_none() {
                    // Who comes later finds it here: the news is only heard by those who listen now.
                    let failed = Beginning::Failed(problem.clone());
                    poller.begun.send_replace(failed);
                }
                let _ = feed.news.send(News::Away(problem, Instant::now()));
            }
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = feed.shutdown.wait() => return,
        }
        if poller.ends(&feed) {
            return;
        }
    }
}

/// Hands round what landed since the position; the first look only finds out where the end is.
async fn look(feed: &Feed, position: &mut Option<Position>) -> Result<(), Problem> {
    let client = feed.access.client();
    let Some(seen) = position else {
        *position = Some(end(client).await?);
        return Ok(());
    };
    let mut rows = after(client, seen, Pace::Answer)?;
    while let Some(row) = rows.next().await? {
        if seen.advance(&row.place) {
            let _ = feed.news.send(News::Alert(Arc::new(row)));
        }
    }
    Ok(())
}

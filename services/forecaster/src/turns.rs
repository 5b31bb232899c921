//! One at a time, and whoever waits for the next turn shares it.

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use std::future::Future;
use std::sync::{Arc, PoisonError};
use tokio::sync::Mutex;

type Waiting<T> = Shared<BoxFuture<'static, Arc<anyhow::Result<T>>>>;

/// Turns of one kind of work.
pub struct Turns<T> {
    running: Mutex<()>,
    /// The turn that is asked for and has not begun.
    waiting: std::sync::Mutex<Option<Waiting<T>>>,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self {
            running: Mutex::default(),
            waiting: std::sync::Mutex::default(),
        }
    }
}

impl<T: Send + Sync + 'static> Turns<T> {
    /// Does the work alone, after whatever runs.
    pub async fn alone<U>(&self, work: impl Future<Output = U>) -> U {
        let _one = self.running.lock().await;
        work.await
    }

    /// The result of a turn that begins after this call: all who ask before it begins share it. It goes on
    /// when they hang up; an error is that the work panicked.
    pub async fn shared<F>(self: &Arc<Self>, work: F) -> Arc<anyhow::Result<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let turn = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting
                .get_or_insert_with(|| Arc::clone(self).begin(work))
                .clone()
        };
        turn.await
    }

    fn begin<F>(self: Arc<Self>, work: F) -> Waiting<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let turn = tokio::spawn(async move {
            let _one = self.running.lock().await;
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) = None;
            work.await
        });
        turn.map(|done| Arc::new(done.map_err(anyhow::Error::from)))
            .boxed()
            .shared()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::Notify;

    #[tokio::test]
    async fn all_who_wait_behind_a_turn_share_the_next_one() {
        let turns = Arc::new(Turns::<u32>::default());
        let (count, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let ask = || {
            let (turns, count, go) = (turns.clone(), count.clone(), go.clone());
            let work = async move {
                let turn = count.fetch_add(1, Ordering::Relaxed) + 1;
                go.notified().await;
                turn
            };
            tokio::spawn(async move { *turns.shared(work).await.as_ref().as_ref().unwrap() })
        };
        let settle = async || {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        };
        let first = ask();
        settle().await;
        let waiting: Vec<_> = (0..5).map(|_| ask()).collect();
        // One of them hangs up: the turn is the others' as well.
        waiting[0].abort();
        settle().await;
        assert_eq!(count.load(Ordering::Relaxed), 1);
        go.notify_one();
        assert_eq!(first.await.unwrap(), 1);
        settle().await;
        // The second turn has begun: who asks now gets a third.
        let last = ask();
        settle().await;
        go.notify_one();
        for one in waiting.into_iter().skip(1) {
            assert_eq!(one.await.unwrap(), 2);
        }
        settle().await;
        go.notify_one();
        assert_eq!(last.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_holds_no_later_turn() {
        let turns = Arc::new(Turns::<u32>::default());
        assert!(turns.shared(async { panic!("on purpose") }).await.is_err());
        assert_eq!(turns.alone(async { 7 }).await, 7);
        assert_eq!(
            *turns.shared(async { 8 }).await.as_ref().as_ref().unwrap(),
            8
        );
    }
}

//! One handle that tells every task and thread of a process to drain and end.

use std::sync::Arc;
use tokio::sync::watch;

/// Cloneable shutdown handle: async tasks [`wait`](Shutdown::wait) on it, threads ask
/// [`is_triggered`](Shutdown::is_triggered) between two steps of work.
#[derive(Debug, Clone)]
pub struct Shutdown {
    state: Arc<watch::Sender<bool>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A handle that has not been triggered.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::new(watch::Sender::new(false)),
        }
    }

    /// Asks everything that holds a clone to drain. Safe to call again and from any thread.
    pub fn trigger(&self) {
        self.state.send_replace(true);
    }

    /// Whether draining has been asked for.
    #[must_use]
    pub fn is_triggered(&self) -> bool {
        *self.state.borrow()
    }

    /// Returns once draining has been asked for (at once if it already was).
    pub async fn wait(&self) {
        let mut seen = self.state.subscribe();
        // The sender lives as long as `self`, so the only end of this wait is `true`.
        let _ = seen.wait_for(|triggered| *triggered).await;
    }

    /// Triggers on the first SIGTERM or SIGINT.
    ///
    /// # Errors
    /// The signal handlers could not be installed. Must be called inside a tokio runtime.
    pub fn trigger_on_signals(&self) -> anyhow::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let handle = self.clone();
        tokio::spawn(async move {
            let name = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            tracing::info!(signal = name, "draining");
            handle.trigger();
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_clone_sees_one_trigger() {
        let shutdown = Shutdown::new();
        let clone = shutdown.clone();
        assert!(!clone.is_triggered());
        let waiting = tokio::spawn(async move { clone.wait().await });
        shutdown.trigger();
        waiting.await.unwrap();
        assert!(shutdown.is_triggered());
        shutdown.wait().await;
    }
}

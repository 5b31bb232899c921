//! Work that may wait for a disk, off the worker's thread: reading ahead, syncing, removing.

use std::io;
use std::sync::mpsc;
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs one after the other on a thread of its own, or at once where a test wants an order.
#[derive(Debug, Clone)]
pub(crate) struct Background {
    queue: Option<mpsc::Sender<Job>>,
}

/// The result of a job, now or later.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    result: mpsc::Receiver<T>,
}

impl<T> Pending<T> {
    /// The result, if there is one already.
    ///
    /// # Errors
    /// The thread is gone.
    pub(crate) fn ready(&self) -> io::Result<Option<T>> {
        match self.result.try_recv() {
            Ok(result) => Ok(Some(result)),
            Err(mpsc::TryRecvError::Empty) => Ok(None),
            Err(mpsc::TryRecvError::Disconnected) => Err(gone()),
        }
    }

    /// Waits for the result.
    ///
    /// # Errors
    /// The thread is gone.
    pub(crate) fn wait(&self) -> io::Result<T> {
        self.result.recv().map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::other("the background thread is gone")
}

impl Background {
    /// A thread, which ends after the last handle is dropped.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn thread() -> io::Result<Self> {
        let (queue, jobs) = mpsc::channel::<Job>();
        thread::Builder::new()
            .name("state-disk".into())
            .spawn(move || {
                while let Ok(job) = jobs.recv() {
                    job();
                }
            })?;
        Ok(Self { queue: Some(queue) })
    }

    /// Jobs run where they are given, so that a test sees them in one order.
    pub(crate) fn inline() -> Self {
        Self { queue: None }
    }

    /// Gives a job.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> Pending<T> {
        let (send, result) = mpsc::channel();
        let job: Job = Box::new(move || {
            // Nobody waiting any more is no error.
            let _ = send.send(job());
        });
        match &self.queue {
            Some(queue) => {
                if let Err(mpsc::SendError(job)) = queue.send(job) {
                    job(); // the thread is gone: the caller does the work
                }
            }
            None => job(),
        }
        Pending { result }
    }
}

//! Bodies that are sent as they are made.

use bytes::Bytes;
use futures::{Stream, StreamExt, future, stream};
use serialtrail_runtime::Shutdown;
use std::io;
use std::time::Duration;

/// What a stream may still take when the process is asked to end.
const GRACE: Duration = Duration::from_secs(10);

/// The stream; if the process ends before it does, it breaks off after a moment, as a failure.
pub(crate) fn until_shutdown(
    body: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    shutdown: Shutdown,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static {
    let patience = async move {
        shutdown.wait().await;
        tokio::time::sleep(GRACE).await;
        Some(Err(io::Error::other("the service ends")))
    };
    let end = || stream::once(future::ready(None));
    let patience = stream::once(patience).chain(end());
    let body = body.map(Some).chain(end());
    // Whichever comes first of the body's end (`None`) and the end of patience is the end.
    stream::select(body, patience)
        .take_while(|item| future::ready(item.is_some()))
        .filter_map(future::ready)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_as_itself_or_with_a_failure_after_the_process_was_asked_to_end() {
        let shutdown = Shutdown::new();
        let two = stream::iter([Ok(Bytes::from("a")), Ok(Bytes::from("b"))]);
        let whole: Vec<_> = until_shutdown(two, shutdown.clone()).collect().await;
        assert_eq!(whole.len(), 2);
        assert!(whole.iter().all(Result::is_ok));

        shutdown.trigger();
        let endless = stream::once(future::ready(Ok(Bytes::from("a")))).chain(stream::pending());
        let cut: Vec<_> = until_shutdown(endless, shutdown).collect().await;
        assert_eq!(cut.len(), 2);
        assert!(cut[0].is_ok() && cut[1].is_err());
    }
}

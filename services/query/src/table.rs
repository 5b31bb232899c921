//! Flat rows as ClickHouse itself writes them: CSV or Parquet, passed on as they come.

use crate::media::Format;
use crate::problem::Problem;
use crate::stream::until_shutdown;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clickhouse::query::Query;
use futures::{StreamExt, stream};
use serialtrail_runtime::Shutdown;
use std::io;

/// The answer, begun: an error before its first byte is still an error of the request; a later one
/// breaks the connection off.
///
/// # Errors
/// See [`Problem`].
pub async fn file(
    query: Query,
    format: Format,
    name: &[&str],
    shutdown: Shutdown,
) -> Result<Response, Problem> {
    let kind = match format {
        Format::Parquet => "Parquet",
        _ => "CSVWithNames",
    };
    let mut bytes = query
        .with_setting("date_time_output_format", "iso")
        .with_setting("output_format_csv_crlf_end_of_line", "1")
        .with_setting("output_format_parquet_string_as_string", "1")
        .with_setting("output_format_parquet_compression_method", "zstd")
        .fetch_bytes(kind)?;
    let first = bytes.next().await?;
    let rest = stream::try_unfold(bytes, |mut bytes| async move {
        match bytes.next().await {
            Ok(Some(chunk)) => Ok(Some((chunk, bytes))),
            Ok(None) => Ok(None),
            Err(error) => {
                tracing::warn!(%error, "a file broke off");
                Err(io::Error::other(error))
            }
        }
    });
    let first = stream::iter(first.map(Ok::<Bytes, io::Error>));
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format.attachment(name)),
    ];
    let body = Body::from_stream(until_shutdown(first.chain(rest), shutdown));
    Ok((headers, body).into_response())
}

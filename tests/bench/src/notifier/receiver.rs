//! A webhook that notes when each notification came, and one that never answers.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::net::TcpListener;

type Times = Arc<Mutex<HashMap<String, Instant>>>;

/// Both receivers; they live as long as the runtime they were opened on.
pub(super) struct Receiver {
    live: SocketAddr,
    /// Takes connections (the kernel does) and never reads from them.
    dead: TcpListener,
    times: Times,
}

impl Receiver {
    /// Opens both on free ports of this machine.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let times = Times::default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let live = listener.local_addr()?;
        let router = Router::new()
            .route("/alerts", post(take))
            .with_state(Arc::clone(&times));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self {
            live,
            dead: TcpListener::bind("127.0.0.1:0").await?,
            times,
        })
    }

    /// A routes file that tells the live one of every alert, and the dead one too where asked for.
    pub(super) fn routes(&self, with_dead: bool) -> String {
        let webhook = |name: &str, address: SocketAddr| {
            format!(
                "[receiver.{name}]\nkind = \"webhook\"\nurl = \"http://{address}/alerts\"\n\
                 secret = \"only-of-this-bench\"\ntimeout_ms = 2000\n\n"
            )
        };
        let dead = self.dead.local_addr().ok().filter(|_| with_dead);
        let mut text = "console = \"http://127.0.0.1:1\"\n\n".to_owned();
        text += &webhook("live", self.live);
        let mut names = vec!["\"live\""];
        if let Some(dead) = dead {
            text += &webhook("dead", dead);
            names.push("\"dead\"");
        }
        let names = names.join(", ");
        text + &format!("[[route]]\nreceivers = [{names}]\ngroup_by = \"none\"\n")
    }

    /// When those of `keys` that came first came, by their idempotency key.
    pub(super) fn times_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k String>,
    ) -> HashMap<String, Instant> {
        let times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        keys.filter_map(|key| Some((key.clone(), *times.get(key)?)))
            .collect()
    }
}

async fn take(State(times): State<Times>, headers: HeaderMap) -> StatusCode {
    let now = Instant::now();
    let Some(key) = headers.get("idempotency-key").and_then(|k| k.to_str().ok()) else {
        return StatusCode::BAD_REQUEST;
    };
    let mut times = times.lock().unwrap_or_else(PoisonError::into_inner);
    // Told again is not told later.
    times.entry(key.to_owned()).or_insert(now);
    StatusCode::NO_CONTENT
}

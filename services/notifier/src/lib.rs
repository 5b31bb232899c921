//! Alerts to people: topic `alerts` to Alertmanager and to webhooks.
//!
//! Invariants:
//! 1. Each receiver is a consumer group of its own (`notifier-<receiver>`) on a thread of its own: one
//!    that is dead holds no other.
//! 2. An offset is committed only when every record before it was taken by the receiver (2xx), parked in
//!    `notifications-parked` (acknowledged by the brokers), or does not lead to it. At least once.
//! 3. To one receiver no attempt of an older revision of an alert is begun after one of a newer.
//! 4. A receiver that was told of an alert is told of its end, even if the revision that ends it would
//!    lead elsewhere.
//! 5. An Alertmanager that was restarted is sent every alert that stands again, and none that does not.
//!
//! | module | subject |
//! |---|---|
//! | [`routes`] | the routes file: receivers, routes, validation |
//! | [`cause`] | what notifications are grouped by |
//! | [`body`], [`signature`] | what a webhook gets, and how it knows who sent it |
//! | [`alertmanager`], [`summary`] | an alert in Alertmanager's words, and in a person's |
//! | [`retry`] | what an answer means, when there is a next attempt. No I/O, no clock |
//! | [`window`] | what is read and not committed: order, offsets. No I/O, no clock |
//! | [`park`] | `notifications-parked` |
//! | [`worker`] | the loop of one receiver |

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod alertmanager;
mod attempt;
pub mod body;
pub mod cause;
mod notification;
pub mod park;
pub mod retry;
pub mod routes;
pub mod signature;
mod stored;
pub mod summary;
mod webhook;
pub mod window;
pub mod worker;

use alertmanager::client::Alertmanager;
use alertmanager::resend::{Landed, Resend};
use anyhow::Context;
use axum::Router;
use futures::future::join_all;
use notification::Reporting;
use park::Parker;
use routes::{Kind, Receiver, Routes};
use serialtrail_records::Codec;
use serialtrail_runtime::config::Settings;
use serialtrail_runtime::{App, topics};
use std::sync::Arc;
use webhook::Webhook;
use worker::resending::Resending;
use worker::{Channel, Identity, Parts};

/// Runs the service until shutdown.
///
/// # Errors
/// The routes file is not valid, the schema registry is not reachable at the start, or another process
/// took this slot.
pub async fn run(app: App) -> anyhow::Result<()> {
    let routes = Routes::load(&app.settings.files.routes)?;
    let registry = app.settings.schema_registry.url.clone();
    app.health
        .add_http("schema registry", format!("{registry}/subjects"));
    let codec = tokio::task::spawn_blocking(move || Codec::connect(&registry));
    let codec = codec.await?.context("schema registry")?;
    let identity = Identity {
        slot: app.settings.worker.slot,
        prefix: String::new(),
    };
    run_with(&app, &identity, routes, Arc::new(codec)).await
}

/// Runs with routes and codec at hand.
///
/// # Errors
/// As [`run`].
pub async fn run_with(
    app: &App,
    identity: &Identity,
    routes: Routes,
    codec: Arc<Codec>,
) -> anyhow::Result<()> {
    let routes = Arc::new(routes);
    let parker = Parker::new(&app.settings.kafka, &identity.prefix, Arc::clone(&codec))?;
    let runtime = tokio::runtime::Handle::current();
    let mut workers = Vec::with_capacity(routes.receivers.len());
    for (number, receiver) in routes.receivers.iter().enumerate() {
        let receiver = Arc::new(receiver.clone());
        let parts = Parts {
            channel: channel(app, identity, &routes, &receiver, &parker)?,
            receiver: Arc::clone(&receiver),
            routes: Arc::clone(&routes),
            codec: Arc::clone(&codec),
            counts_unrouted: number == 0,
        };
        let (settings, identity) = (Arc::clone(&app.settings), identity.clone());
        let runtime = runtime.clone();
        workers.push(async move {
            let work =
                move |shutdown| worker::run(&settings.kafka, &identity, parts, &runtime, &shutdown);
            app.run_thread(&format!("to {}", receiver.name), work).await
        });
    }
    let served = async {
        let result = app.serve(Router::new()).await;
        app.shutdown.trigger();
        result
    };
    let (served, worked) = tokio::join!(served, join_all(workers));
    worked
        .into_iter()
        .collect::<anyhow::Result<()>>()
        .and(served)
}

fn channel(
    app: &App,
    identity: &Identity,
    routes: &Arc<Routes>,
    receiver: &Arc<Receiver>,
    parker: &Parker,
) -> anyhow::Result<Channel> {
    let settings: &Settings = &app.settings;
    let client = attempt::client(receiver.timeout)?;
    let clickhouse = serialtrail_warehouse::client(&settings.clickhouse);
    let reporting = Reporting {
        receiver: receiver.name.clone(),
    };
    let (receiver, routes) = (Arc::clone(receiver), Arc::clone(routes));
    let (parker, shutdown) = (parker.clone(), app.shutdown.clone());
    Ok(match receiver.kind.clone() {
        Kind::Webhook { secret } => Channel::Webhook(Arc::new(Webhook {
            receiver,
            routes,
            secret,
            client,
            clickhouse,
            parker,
            reporting,
            shutdown,
        })),
        Kind::Alertmanager {
            open_for,
            check_every,
        } => {
            let alertmanager = Arc::new(Alertmanager {
                receiver,
                console: routes.console.clone(),
                open_for,
                client,
                parker,
                reporting,
                shutdown,
            });
            let topic = format!("{}{}", identity.prefix, topics::ALERTS);
            let landed = Landed::new(&settings.kafka, &identity.prefix, &topic)?;
            let resend = Resend {
                to: Arc::clone(&alertmanager),
                routes,
                clickhouse,
                landed: Arc::new(landed),
            };
            Channel::Alertmanager(alertmanager, Resending::new(resend, check_every))
        }
    })
}

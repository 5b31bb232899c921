//! The process: what is connected at start, and which threads run until the end.

use anyhow::Context;
use rdkafka::consumer::BaseConsumer;
use serialtrail_records::Codec;
use serialtrail_runtime::config::GatewaySettings;
use serialtrail_runtime::{App, Settings, Shutdown, kafka};
use serialtrail_stream::reference::ReferenceCopy;
use serialtrail_stream::{run_worker, run_workers};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Semaphore;

use crate::archive::Archive;
use crate::auth::KeyRing;
use crate::clock::StreamClock;
use crate::follow::{Followed, Follower, Told};
use crate::http::{Gateway, LARGE_AT_ONCE, router};
use crate::intake::{self, Intake};
use crate::jobs::Jobs;
use crate::known::Known;
use crate::large::end_interrupted;
use crate::marks;
use crate::partner_rejects::{self, PartnerRejects};
use crate::spool::Rooms;
use crate::transaction::{Counts, Transactor};
use crate::writer::{Work, Writer, queue, tell_stream_time};

/// Jobs remembered.
const JOBS: usize = 50_000;
/// Event ids remembered for conflicts.
const KNOWN_EVENTS: usize = 100_000;

/// Everything connected.
struct Parts {
    gateway: Arc<Gateway>,
    writer: Writer,
    work: Receiver<Work>,
    followers: [Follower; 2],
    partner_rejects: PartnerRejects,
    caught_up: Arc<AtomicBool>,
}

/// Runs the gateway until shutdown: requests in progress are answered, what is queued is written.
///
/// # Errors
/// A dependency cannot be reached at start, a setting is wrong, or a producer was lost.
pub async fn run(app: App) -> anyhow::Result<()> {
    let (settings, shutdown) = (Arc::clone(&app.settings), app.shutdown.clone());
    let prepared = {
        let settings = Arc::clone(&settings);
        tokio::task::spawn_blocking(move || prepare(&settings, &shutdown)).await??
    };
    let Some(parts) = prepared else { return Ok(()) };
    let Parts {
        gateway,
        writer,
        work,
        followers,
        partner_rejects,
        caught_up,
    } = parts;
    let registry = &settings.schema_registry.url;
    app.health
        .add_http("schema registry", format!("{registry}/subjects"));
    let heard = Arc::clone(&caught_up);
    app.health.add("capture jobs", move || {
        let caught_up = heard.load(Ordering::Acquire);
        Box::pin(async move {
            caught_up
                .then_some(())
                .ok_or_else(|| "still reading earlier jobs".to_owned())
        })
    });
    let codec = Arc::clone(&gateway.codec);
    let make_intake = {
        let (counts, clock) = (gateway.counts.clone(), Arc::clone(&gateway.clock));
        let (reference, device_hash) =
            (gateway.reference.clone(), gateway.keys.device_hash.clone());
        move || {
            Ok(Intake {
                codec: Arc::clone(&codec),
                counts: counts.clone(),
                device_hash: device_hash.clone(),
                clock: Arc::clone(&clock),
                reference: reference.clone(),
                reached: None,
                marked: None,
            })
        }
    };
    let routes = router(Arc::clone(&gateway));
    tokio::spawn(end_interrupted_jobs(
        gateway,
        caught_up,
        app.shutdown.clone(),
    ));
    let [jobs, rejections] = followers;
    let server = async {
        // The routes, and with them the queue's last sender, are dropped when serving ends.
        let served = app.serve(routes).await;
        app.shutdown.trigger();
        served
    };
    let of_rejects = Arc::clone(&settings);
    let (served, written, taken_in, given_back, jobs, rejections) = tokio::join!(
        server,
        app.run_thread("writer", move |shutdown| writer.run(&work, &shutdown)),
        app.run_thread("intake", move |shutdown| {
            run_workers(&settings, &intake::worker(), make_intake, &shutdown)
        }),
        app.run_thread("partner-rejects", move |shutdown| {
            let config = partner_rejects::worker();
            run_worker(&of_rejects, config, 0, partner_rejects, &shutdown)
        }),
        app.run_thread("jobs", move |shutdown| jobs.run(&shutdown)),
        app.run_thread("rejections", move |shutdown| rejections.run(&shutdown)),
    );
    written
        .and(taken_in)
        .and(given_back)
        .and(jobs)
        .and(rejections)
        .and(served)
}

/// Ends what an earlier run of this instance left running, once its jobs are known.
async fn end_interrupted_jobs(
    gateway: Arc<Gateway>,
    caught_up: Arc<AtomicBool>,
    shutdown: Shutdown,
) {
    let started = chrono::Utc::now().timestamp_micros();
    while !caught_up.load(Ordering::Acquire) {
        if shutdown.is_triggered() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    end_interrupted(gateway, started).await;
}

/// Connects everything; blocking. `None` when a shutdown came first.
fn prepare(settings: &Settings, shutdown: &Shutdown) -> anyhow::Result<Option<Parts>> {
    let file = &settings.files.api_keys;
    let keys = std::fs::read_to_string(file)
        .map_err(anyhow::Error::from)
        .and_then(|text| KeyRing::parse(&text))
        .with_context(|| format!("API keys, files.api_keys = {}", file.display()))?;
    let name = format!("gateway-{}", settings.worker.slot);
    let Some(transactor) = Transactor::connect(&settings.kafka, &name, shutdown)? else {
        return Ok(None);
    };
    let codec = Arc::new(Codec::connect(&settings.schema_registry.url)?);
    let asking: BaseConsumer = kafka::client_config(&settings.kafka).create()?;
    let counts = Counts::read(&asking, shutdown)?;
    let clock = Arc::new(StreamClock::new(
        settings.clock.mode,
        marks::last(&settings.kafka, &codec)?,
    ));
    tell_stream_time(&clock);
    let reference = ReferenceCopy::start(&settings.kafka, Arc::clone(&codec), shutdown)?;
    let jobs = Arc::new(Jobs::new(JOBS));
    let caught_up = Arc::new(AtomicBool::new(false));
    let known = Arc::new(Mutex::new(Known::new(KNOWN_EVENTS)));
    let follow = |followed, caught_up| {
        let told = Told {
            jobs: Arc::clone(&jobs),
            known: Arc::clone(&known),
        };
        let codec = Arc::clone(&codec);
        Follower::new(followed, &settings.kafka, &counts, codec, told, caught_up)
    };
    let followers = [
        follow(Followed::Jobs, Arc::clone(&caught_up))?,
        follow(Followed::Rejections, Arc::default())?,
    ];
    let (queue, work) = queue();
    let GatewaySettings {
        max_document_bytes,
        spool_dir,
    } = &settings.gateway;
    std::fs::create_dir_all(spool_dir)
        .with_context(|| format!("gateway.spool_dir = {}", spool_dir.display()))?;
    let writer = Writer {
        transactor,
        name,
        kafka: settings.kafka.clone(),
        codec: Arc::clone(&codec),
        counts: counts.clone(),
        clock: Arc::clone(&clock),
    };
    let partner_rejects = PartnerRejects::new(Arc::clone(&codec), asking, shutdown.clone());
    let gateway = Arc::new(Gateway {
        keys,
        codec,
        counts,
        clock,
        reference,
        jobs,
        known,
        queue,
        max_document_bytes: *max_document_bytes,
        rooms: Rooms::new(spool_dir.clone(), *max_document_bytes),
        large: Semaphore::new(LARGE_AT_ONCE),
        archive: Archive::new(serialtrail_warehouse::client(&settings.clickhouse)),
        asking: kafka::client_config(&settings.kafka).create()?,
        slot: settings.worker.slot,
        shutdown: shutdown.clone(),
    });
    Ok(Some(Parts {
        gateway,
        writer,
        work,
        followers,
        partner_rejects,
        caught_up,
    }))
}

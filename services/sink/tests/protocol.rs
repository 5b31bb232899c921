//! The sink's protocol on a real Kafka and a real ClickHouse, with processes killed at the moments that
//! matter, ClickHouse away, partitions moving, and bytes nobody can read.
#![allow(clippy::unwrap_used)]

mod ground;

use ground::{Ground, PARTITIONS};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rdkafka::producer::Producer;
use serialtrail_ground::PATIENCE;
use serialtrail_records::EpcisEvent;
use serialtrail_runtime::Shutdown;
use serialtrail_runtime::topics::{ALERTS, ENRICHED, EPCIS_EVENTS};
use serialtrail_sink::store::{AFTER_INSERT, BEFORE_WHOLE, BETWEEN_TABLES, Trouble};
use serialtrail_sink::worker::{AFTER_FINISH, AFTER_INTENT};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_sink_killed_at_any_moment_stores_every_row_once() {
    let Some(ground) = Ground::new("a_sink_killed_at_any_moment_stores_every_row_once") else {
        return;
    };
    let producer = ground.producer();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let moments = [AFTER_INTENT, BETWEEN_TABLES, AFTER_INSERT, AFTER_FINISH];
    let mut rounds = 0;
    for _ in 0..2 {
        for moment in moments {
            ground.write(&producer, rounds, 200);
            rounds += 1;
            let sink = ground.start(0, Some((moment, random.random_range(1..4))));
            assert!(sink.died(), "the fail-point {moment} was not reached");
        }
    }
    let last = ground.start(0, None);
    ground.assert_exactly_once(rounds, 200);
    drop(last);
    ground.drop();
}

#[test]
fn an_insert_of_two_years_is_said_to_be_begun_until_all_of_it_is_there() {
    let Some(ground) =
        Ground::new("an_insert_of_two_years_is_said_to_be_begun_until_all_of_it_is_there")
    else {
        return;
    };
    let producer = ground.producer();
    let events = |years: &[i64]| {
        producer.begin_transaction().unwrap();
        for (n, year) in (0..).zip(years) {
            let event = EpcisEvent {
                event_id: format!("{year}-{n}"),
                event_time: (year - 1970) * 366 * 86_400_000_000,
                ..EpcisEvent::default()
            };
            ground.send(&producer, EPCIS_EVENTS, 1, &event);
        }
        producer.commit_transaction(SECOND * 20).unwrap();
    };
    let landings = |filter: &str| {
        let sql = format!("SELECT count() FROM landings FINAL WHERE {filter}");
        ground.count(&sql)
    };
    events(&[2020, 2021, 2020, 2021]);
    let sink = ground.start(0, Some((BEFORE_WHOLE, 1)));
    assert!(sink.died(), "nothing was said of the range");
    assert_eq!(ground.count("SELECT count() FROM events"), 4);
    let begun = "table_name = 'events' AND kafka_partition = 1 AND first_offset = 0 \
                 AND last_offset = 3 AND revision = 0 AND NOT whole";
    assert_eq!((landings(begun), landings("1")), (1, 1));
    let sink = ground.start(0, None);
    ground.wait_for("SELECT count() FROM landings FINAL WHERE whole", 1);
    events(&[2022, 2022]);
    ground.wait_for("SELECT count() FROM events", 6);
    assert_eq!(landings("revision = 1"), 1, "one year needs no line");
    drop(sink);
    ground.drop();
}

#[test]
fn two_sinks_that_come_and_go_store_every_row_once() {
    let Some(ground) = Ground::new("two_sinks_that_come_and_go_store_every_row_once") else {
        return;
    };
    let producer = ground.producer();
    let first = ground.start(0, None);
    let mut second = None;
    let rounds = 12;
    for round in 0..rounds {
        ground.write(&producer, round, 300);
        std::thread::sleep(SECOND);
        match round {
            2 | 8 => second = Some(ground.start(1, None)),
            5 => drop(second.take()),
            _ => {}
        }
    }
    ground.assert_exactly_once(rounds, 300);
    drop((first, second));
    ground.drop();
}

#[test]
fn a_second_process_in_the_same_slot_ends_the_first_and_every_row_is_stored_once() {
    let Some(ground) = Ground::new(
        "a_second_process_in_the_same_slot_ends_the_first_and_every_row_is_stored_once",
    ) else {
        return;
    };
    let producer = ground.producer();
    ground.write(&producer, 0, 300);
    let first = ground.start(0, None);
    ground.wait_for("SELECT toUInt64(count() > 0) FROM observations", 1);
    ground.write(&producer, 1, 300);
    let second = ground.start(0, None);
    ground.write(&producer, 2, 300);
    assert!(
        first.died(),
        "the first process was not told that its slot was taken"
    );
    ground.write(&producer, 3, 300);
    ground.assert_exactly_once(4, 300);
    drop(second);
    ground.drop();
}

/// Forwards connections to ClickHouse while `up`; otherwise cuts them.
fn gate(target: &str, up: Arc<AtomicBool>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let target = target.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(&target).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                let up = Arc::clone(&up);
                from.set_read_timeout(Some(SECOND / 20)).unwrap();
                std::thread::spawn(move || {
                    let mut buffer = [0; 16_384];
                    while up.load(Ordering::Relaxed) {
                        match from.read(&mut buffer) {
                            Ok(0) => break,
                            Ok(n) if to.write_all(&buffer[..n]).is_ok() => {}
                            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => {}
                            _ => break,
                        }
                    }
                    let _ = to.shutdown(std::net::Shutdown::Both);
                });
            }
        }
    });
    format!("http://{address}")
}

#[test]
fn clickhouse_away_is_said_and_nothing_is_lost_or_doubled() {
    let Some(mut ground) = Ground::new("clickhouse_away_is_said_and_nothing_is_lost_or_doubled")
    else {
        return;
    };
    let direct = ground.clickhouse.url.clone();
    let up = Arc::new(AtomicBool::new(true));
    ground.clickhouse.url = gate(&direct, Arc::clone(&up));
    let through = Arc::new(ground);
    let (shutdown, trouble) = (Shutdown::new(), Trouble::default());
    let sink = std::thread::spawn({
        let (ground, shutdown, trouble) = (Arc::clone(&through), shutdown.clone(), trouble.clone());
        move || ground.sink(0, &trouble, &shutdown)
    });
    let producer = through.producer();
    let rounds = 8;
    for round in 0..rounds {
        let reachable = round % 2 == 0;
        up.store(reachable, Ordering::Relaxed);
        through.write(&producer, round, 500);
        let begun = Instant::now();
        while trouble.get().is_none() != reachable {
            let found = trouble.get();
            assert!(begun.elapsed() < PATIENCE, "round {round}: {found:?}");
            std::thread::sleep(SECOND / 10);
        }
    }
    up.store(true, Ordering::Relaxed);
    through.assert_exactly_once(rounds, 500);
    shutdown.trigger();
    sink.join().unwrap().unwrap();
    Arc::into_inner(through).unwrap().drop();
}

#[test]
fn bytes_nobody_can_read_become_rows_with_their_reason_and_the_rest_goes_on() {
    let Some(ground) =
        Ground::new("bytes_nobody_can_read_become_rows_with_their_reason_and_the_rest_goes_on")
    else {
        return;
    };
    let producer = ground.producer();
    producer.begin_transaction().unwrap();
    for partition in 0..PARTITIONS {
        ground.send_bytes(&producer, ALERTS, partition, None, b"garbage");
        ground.send_bytes(
            &producer,
            ENRICHED,
            partition,
            None,
            &[0, 0, 0, 9, 99, 1, 2],
        );
        ground.send_bytes(
            &producer,
            ENRICHED,
            partition,
            Some(b"01/04012345000009/21/x"),
            &[0],
        );
    }
    producer.commit_transaction(SECOND * 20).unwrap();
    ground.write(&producer, 0, 10);
    let sink = ground.start(0, None);
    ground.assert_exactly_once(1, 10);
    let partitions = PARTITIONS.unsigned_abs() as u64;
    let count = |filter: &str| {
        let sql = format!("SELECT count() FROM rejected WHERE stage = 'sink' AND {filter}");
        ground.count(&sql)
    };
    ground.wait_for("SELECT count() FROM rejected", 3 * partitions);
    assert_eq!(
        count("reason = 'not_avro_framed' AND original = 'garbage'"),
        partitions
    );
    assert_eq!(
        count("reason = 'unknown_schema_id' AND hex(original) = '00000009630102'"),
        partitions
    );
    assert_eq!(
        count("reason = 'wrong_partition' AND place = 'key 01/04012345000009/21/x'"),
        partitions - 1
    );
    drop(sink);
    ground.drop();
}

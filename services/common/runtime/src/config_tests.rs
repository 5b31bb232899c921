//! Settings: what is read, what wins, what is refused.

use super::*;

fn parse(text: &str, environment: &[(&str, &str)]) -> anyhow::Result<Settings> {
    let environment: Vec<_> = environment
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    Settings::parse(text, environment, Path::new("/etc/serialtrail"))
}

#[test]
fn an_empty_file_is_the_local_stack() {
    let settings = parse("", &[]).unwrap();
    assert_eq!(settings.kafka, KafkaSettings::default());
    assert_eq!(settings.clock.mode, Clock::Live);
    assert_eq!(
        settings.worker.state_dir,
        Path::new("/etc/serialtrail/state")
    );
}

#[test]
fn a_service_is_asked_where_it_listens_unless_its_instances_are_named() {
    let settings = parse(
        "[observe.services]\nsink = [\"http://a:1\", \"http://b:1\"]",
        &[],
    )
    .unwrap();
    assert_eq!(
        settings.instances(Service::Sink),
        ["http://a:1", "http://b:1"]
    );
    assert_eq!(
        settings.instances(Service::Gateway),
        ["http://127.0.0.1:8401"]
    );
    for wrong in ["snik = [\"http://a:1\"]", "sink = [\"a:1\"]"] {
        let error = parse(&format!("[observe.services]\n{wrong}"), &[]).unwrap_err();
        assert!(error.to_string().contains("observe.services."), "{error}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let settings = parse(
        "[kafka]\nbrokers = \"a:1\"\n[clock]\nmode = \"live\"",
        &[
            ("SERIALTRAIL__KAFKA__BROKERS", "b:2"),
            ("SERIALTRAIL__CLOCK__MODE", "replay"),
            ("SERIALTRAIL__WORKER__WINDOW_MS", "50"),
            ("SERIALTRAIL__HTTP__GATEWAY", "0.0.0.0:80"),
            (
                "SERIALTRAIL__KAFKA__PROPERTIES__SECURITY_PROTOCOL",
                "SASL_SSL",
            ),
            ("SERIALTRAIL_CONFIG", "is not an override"),
        ],
    )
    .unwrap();
    assert_eq!(settings.kafka.brokers, "b:2");
    assert_eq!(settings.clock.mode, Clock::Replay);
    assert_eq!(settings.worker.window_ms, 50);
    assert_eq!(settings.http.listen(Service::Gateway).port(), 80);
    assert_eq!(settings.kafka.properties["security.protocol"], "SASL_SSL");
}

#[test]
fn an_error_names_the_key_the_value_and_what_was_expected() {
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (
            "[worker]\nthreads = 0",
            &[],
            &["worker.threads", "0", "1 to 64"],
        ),
        (
            "[kafka]\nbrokers = \"nope\"",
            &[],
            &["kafka.brokers", "nope", "host:port"],
        ),
        (
            "[kafka]\nbrokers = \":9\"",
            &[],
            &["kafka.brokers", ":9", "host:port"],
        ),
        (
            "[clickhouse]\nurl = \"ftp://x\"",
            &[],
            &["clickhouse.url", "ftp://x", "http://"],
        ),
        (
            "[clickhouse]\ndatabase = \"a;b\"",
            &[],
            &["clickhouse.database", "a;b", "letters"],
        ),
        (
            "[clock]\nmode = \"fast\"",
            &[],
            &["clock.mode", "fast", "`live` or `replay`"],
        ),
        (
            "[kafka]\nbroker = \"a:1\"",
            &[],
            &["kafka", "broker", "brokers"],
        ),
        (
            "",
            &[("SERIALTRAIL__WORKER__SLOT", "x")],
            &["worker.slot", "x", "integer"],
        ),
        (
            "",
            &[("SERIALTRAIL__KAFKA__NOPE", "x")],
            &["SERIALTRAIL__KAFKA__NOPE", "kafka.nope"],
        ),
        (
            "",
            &[("SERIALTRAIL__KAFKA", "x")],
            &["SERIALTRAIL__KAFKA", "section"],
        ),
    ];
    for (text, environment, expected) in cases {
        let error = format!("{:#}", parse(text, environment).unwrap_err());
        for part in *expected {
            assert!(
                error.contains(part),
                "{text} {environment:?}: \"{error}\" lacks {part}"
            );
        }
    }
}

#[test]
fn settings_written_as_toml_read_back_the_same() {
    let settings = parse("", &[]).unwrap();
    let text = toml::to_string(&settings).unwrap();
    assert_eq!(parse(&text, &[]).unwrap(), settings);
}

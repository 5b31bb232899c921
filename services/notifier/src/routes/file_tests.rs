use super::*;

const RECEIVER: &str = r#"
    [receiver.hook]
    kind = "webhook"
    url = "http://127.0.0.1:9/hook"
    secret = "0123456789abcdef"
"#;
const ROUTE: &str = r#"
    [[route]]
    receivers = ["hook"]
    group_by = "lot"
"#;

fn parse(text: &str) -> anyhow::Result<Routes> {
    let environment = |name: &str| (name == "SECRET").then(|| "from the environment".to_owned());
    Routes::parse(text, &environment, Path::new("/nowhere"))
}

#[test]
fn the_local_file_is_valid_and_its_alertmanager_may_be_elsewhere() {
    let file = include_str!("../../../../deploy/local/routes.toml");
    let local = Routes::parse(file, &|_| None, Path::new("")).unwrap();
    assert_eq!(local.receivers[0].url, "http://127.0.0.1:8404/api/v2");
    let elsewhere = |name: &str| {
        (name == "SERIALTRAIL_ALERTMANAGER_URL").then(|| "http://127.0.0.1:9404".to_owned())
    };
    let elsewhere = Routes::parse(file, &elsewhere, Path::new("")).unwrap();
    assert_eq!(elsewhere.receivers[0].url, "http://127.0.0.1:9404/api/v2");
}

#[test]
fn what_is_left_out_has_a_default() {
    let hook = &parse(&format!("{RECEIVER}{ROUTE}")).unwrap().receivers[0];
    assert_eq!(hook.timeout, Duration::from_secs(10));
    assert_eq!(hook.park_after, Some(Duration::from_secs(3600)));
    assert_eq!(hook.max_in_flight, 16);
    let pager = "[receiver.hook]\nkind = \"alertmanager\"\nurl = \"http://a:1/api/v2\"\n";
    let pager = &parse(&format!("{pager}{ROUTE}")).unwrap().receivers[0];
    assert_eq!(
        pager.park_after, None,
        "Kafka keeps what it cannot take now"
    );
}

#[test]
fn a_secret_comes_from_the_file_the_environment_or_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "from a file of its own\n").unwrap();
    for (line, expected) in [
        ("secret = \"0123456789abcdef\"", "0123456789abcdef"),
        ("secret = \"${SECRET}\"", "from the environment"),
        ("secret_file = \"key\"", "from a file of its own"),
    ] {
        let text = format!("{RECEIVER}{ROUTE}").replace("secret = \"0123456789abcdef\"", line);
        let environment = |name: &str| (name == "SECRET").then(|| expected.to_owned());
        let routes = Routes::parse(&text, &environment, folder.path()).unwrap();
        let Kind::Webhook { secret } = &routes.receivers[0].kind else {
            panic!("a webhook")
        };
        assert_eq!(secret.bytes(), expected.as_bytes());
        assert!(
            !format!("{routes:?}").contains(expected),
            "secrets are not shown"
        );
    }
}

#[test]
fn an_error_names_the_key_the_value_and_what_was_expected() {
    let receiver = |line: &str| format!("{RECEIVER}{line}\n{ROUTE}");
    let route = |line: &str| format!("{RECEIVER}{ROUTE}{line}");
    let cases: Vec<(String, &[&str])> = vec![
        (String::new(), &["receiver", "at least one"]),
        (RECEIVER.into(), &["[[route]]", "at least one"]),
        (
            receiver("timeout_ms = 5"),
            &["receiver.hook.timeout_ms", "5", "100 to 120000"],
        ),
        (
            receiver("max_in_flight = 0"),
            &["receiver.hook.max_in_flight", "0", "1 to 256"],
        ),
        (
            receiver("park_after_minutes = 0"),
            &["receiver.hook.park_after_minutes", "0", "1 to 40320"],
        ),
        (
            receiver("open_for_days = 1"),
            &["receiver.hook.open_for_days", "alertmanager"],
        ),
        (
            receiver("retries = 1"),
            &["line", "retries", "park_after_minutes"],
        ),
        (
            receiver("secret_file = \"x\""),
            &["receiver.hook", "either secret or secret_file"],
        ),
        (
            receiver("").replace("0123456789abcdef", "short"),
            &["receiver.hook.secret", "5 bytes", "at least 16"],
        ),
        (
            receiver("").replace("0123456789abcdef", "${UNSET}"),
            &["receiver.hook.secret", "UNSET is not set"],
        ),
        (
            receiver("").replace("secret = \"0123456789abcdef\"", "secret_file = \"absent\""),
            &[
                "receiver.hook.secret_file",
                "/nowhere/absent",
                "No such file",
            ],
        ),
        (
            receiver("").replace("http://127", "ftp://127"),
            &["receiver.hook.url", "ftp://127", "http://host"],
        ),
        (
            receiver("").replace("/hook\"", "/hook/\""),
            &["receiver.hook.url", "/hook/", "without a slash"],
        ),
        (
            receiver("").replace("kind = \"webhook\"", "kind = \"mail\""),
            &["mail", "alertmanager", "webhook"],
        ),
        (
            format!("{RECEIVER}{RECEIVER}{ROUTE}"),
            &["line", "duplicate key"],
        ),
        (
            format!(
                "{}{ROUTE}",
                RECEIVER.replace("receiver.hook", "receiver.Hook_1")
            ),
            &["receiver.Hook_1", "lower-case"],
        ),
        (
            format!("{RECEIVER}{}{ROUTE}", RECEIVER.replace("hook]", "spare]")),
            &["receiver.spare", "no route leads to it"],
        ),
        (
            route("").replace("[\"hook\"]", "[\"huk\"]"),
            &["route 1", "receivers", "huk", "one of hook"],
        ),
        (
            route("").replace("[\"hook\"]", "[]"),
            &["route 1", "receivers = []", "at least one"],
        ),
        (
            route("").replace("[\"hook\"]", "[\"hook\", \"hook\"]"),
            &["route 1", "receivers", "hook", "twice"],
        ),
        (
            route("").replace("\"lot\"", "\"batch\""),
            &["batch", "lot", "container", "site", "product", "none"],
        ),
        (
            route("rule = []"),
            &["route 1", "rule = []", "leave the key out"],
        ),
        (
            route("rule = [\"CLONES\"]"),
            &["route 1", "rule", "CLONES", "CLONE_LIKELY"],
        ),
        (
            route("severity = [\"urgent\"]"),
            &["route 1", "severity", "urgent", "critical"],
        ),
        (
            route("market = [\"Spain\"]"),
            &["route 1", "market", "Spain", "two capital letters"],
        ),
        (
            route("product = [\"9521000000011\"]"),
            &["route 1", "product", "9521000000011", "check digit"],
        ),
        (
            route("likely_cause = [\"accident\"]"),
            &[
                "route 1",
                "likely_cause",
                "accident",
                "likely_operator_error",
            ],
        ),
        (
            route("profile = [\"\"]"),
            &["route 1", "profile", "detection profile"],
        ),
        (route("markets = [\"ES\"]"), &["line", "markets", "market"]),
        (
            format!("console = \"here\"\n{RECEIVER}{ROUTE}"),
            &["console", "here", "http://host"],
        ),
    ];
    for (text, expected) in cases {
        let error = format!("{:#}", parse(&text).expect_err(&text));
        for part in expected {
            assert!(error.contains(part), "{text}\n\"{error}\" lacks {part}");
        }
        assert!(!error.contains("0123456789abcdef"), "{error}");
    }
}

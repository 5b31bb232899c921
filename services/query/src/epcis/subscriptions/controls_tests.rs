use super::*;

fn read(body: Value) -> Result<Subscription, (Exception, String)> {
    Subscription::read(body.as_object().unwrap(), EpcFormat::DigitalLink)
        .map_err(|problem| (problem.exception, problem.parameter.unwrap_or_default()))
}

#[test]
fn a_subscription_says_when_and_where_to() {
    let stream = read(json!({
        "dest": "https://client.example.com/events?x=1", "signatureToken": "s3cret", "stream": true,
        "initialRecordTime": "2026-03-01T12:00:00+02:00", "reportIfEmpty": false,
    }))
    .unwrap();
    assert_eq!(stream.controls.trigger, Trigger::Stream);
    assert_eq!(
        stream.controls.initial_record_time,
        time::parse("2026-03-01T10:00:00Z")
    );
    let scheduled = read(json!({
        "dest": "http://127.0.0.1:9/x", "schedule": {"hour": "1", "minute": "5"}, "reportIfEmpty": true,
    }))
    .unwrap();
    assert!(matches!(scheduled.controls.trigger, Trigger::Schedule(_)));
    assert!(scheduled.controls.report_if_empty);
    for subscription in [stream, scheduled] {
        let shown = Value::from(subscription.public()).to_string();
        assert!(!shown.contains("s3cret"), "{shown}");
        assert_eq!(
            Subscription::restore(&subscription.stored()),
            Some(subscription)
        );
    }
}

#[test]
fn what_is_no_subscription_is_refused_with_the_standards_exception() {
    let dest = "https://client.example.com/x";
    let long = "x".repeat(2001);
    for (body, exception, parameter) in [
        (json!({"stream": true}), Exception::InvalidUri, "dest"),
        (
            json!({"dest": dest}),
            Exception::SubscriptionControls,
            "stream",
        ),
        (
            json!({"dest": dest, "stream": false}),
            Exception::SubscriptionControls,
            "stream",
        ),
        (
            json!({"dest": dest, "stream": "true"}),
            Exception::SubscriptionControls,
            "stream",
        ),
        (
            json!({"dest": dest, "stream": true, "schedule": {"hour": "1"}}),
            Exception::SubscriptionControls,
            "stream",
        ),
        (
            json!({"dest": dest, "stream": true, "reportIfEmpty": true}),
            Exception::SubscriptionControls,
            "reportIfEmpty",
        ),
        (
            json!({"dest": dest, "schedule": {}}),
            Exception::SubscriptionControls,
            "schedule",
        ),
        (
            json!({"dest": dest, "schedule": "daily"}),
            Exception::SubscriptionControls,
            "schedule",
        ),
        (
            json!({"dest": dest, "schedule": {"hour": "25"}}),
            Exception::SubscriptionControls,
            "hour",
        ),
        (
            json!({"dest": dest, "stream": true, "initialRecordTime": "yesterday"}),
            Exception::SubscriptionControls,
            "initialRecordTime",
        ),
        (
            json!({"dest": dest, "stream": true, "signatureToken": ""}),
            Exception::SubscriptionControls,
            "signatureToken",
        ),
        (
            json!({"dest": dest, "stream": true, "signatureToken": long}),
            Exception::SubscriptionControls,
            "signatureToken",
        ),
        (
            json!({"dest": dest, "stream": true, "x": 1}),
            Exception::SubscriptionControls,
            "x",
        ),
    ] {
        assert_eq!(
            read(body.clone()),
            Err((exception, parameter.to_owned())),
            "{body}"
        );
    }
}

#[test]
fn documents_are_sent_over_http_to_hosts_only() {
    for (dest, taken) in [
        ("https://client.example.com", true),
        ("http://10.0.0.7:8080/a/b?c=d", true),
        ("http://[::1]:8080/", true),
        ("ftp://client.example.com/", false),
        ("file:///etc/passwd", false),
        ("mailto:a@example.com", false),
        ("https://", false),
        ("/x", false),
        ("client.example.com/x", false),
        ("https://user:pass@client.example.com/", false),
        ("https://user@client.example.com/", false),
        ("https://client.example.com/#x", false),
        ("http://169.254.169.254/latest", false),
        ("http://2852039166/", false),
        ("http://[fe80::1]/", false),
        ("http://[::ffff:169.254.169.254]/", false),
        ("http://0.0.0.0/", false),
        ("http://224.0.0.1/", false),
    ] {
        let found = read(json!({"dest": dest, "stream": true}));
        let expected = (!taken).then(|| (Exception::InvalidUri, "dest".to_owned()));
        assert_eq!(found.err(), expected, "{dest}");
    }
}

#[test]
fn a_socket_says_the_same_in_its_address() {
    let read = |text: &str| {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        let pairs: Vec<_> = text
            .split('&')
            .filter(|t| !t.is_empty())
            .map(pair)
            .collect();
        Controls::from_pairs(&pairs).map_err(|problem| problem.parameter.unwrap_or_default())
    };
    assert_eq!(read("stream=true").unwrap().trigger, Trigger::Stream);
    let scheduled =
        read("minute=5&hour=1&reportIfEmpty=true&initialRecordTime=2026-03-01").unwrap();
    let expected = Schedule::from_pairs([("hour", "1"), ("minute", "5")]).unwrap();
    assert_eq!(scheduled.trigger, Trigger::Schedule(expected));
    assert!(scheduled.report_if_empty && scheduled.initial_record_time.is_some());
    for (text, parameter) in [
        ("", "stream"),
        ("stream=yes", "stream"),
        ("stream=true&stream=true", "stream"),
        ("stream=true&hour=1", "stream"),
        ("stream=true&reportIfEmpty=true", "reportIfEmpty"),
        ("hour=1&hour=2", "hour"),
        ("hour=x", "hour"),
        ("hour=1&perPage=3", "perPage"),
        ("hour=1&initialRecordTime=x", "initialRecordTime"),
    ] {
        assert_eq!(read(text).unwrap_err(), parameter, "{text}");
    }
}

#[test]
fn a_query_that_counts_cannot_stand() {
    let query = |value: Value| SimpleEventQuery::from_json(value.as_object().unwrap()).unwrap();
    assert_eq!(
        check_query(&query(json!({"EQ_bizStep": ["shipping"]}))),
        Ok(())
    );
    for value in [
        json!({"maxEventCount": 5}),
        json!({"eventCountLimit": 5, "orderBy": "eventTime"}),
    ] {
        let problem = check_query(&query(value)).unwrap_err();
        assert_eq!(problem.exception, Exception::SubscribeNotPermitted);
    }
}

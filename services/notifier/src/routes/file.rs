//! The routes file as written, and what is wrong with it: an error names the key, the value and what
//! was expected. Secrets never appear in one.

use super::expand::{Environment, expand};
use super::{GroupBy, Kind, LIKELY_CAUSES, Receiver, Route, Routes, Secret};
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serialtrail_records::alert::{RULES, SEVERITIES};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

/// Shortest secret, bytes.
const SECRET_BYTES: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    console: Option<String>,
    #[serde(default)]
    receiver: BTreeMap<String, WrittenReceiver>,
    #[serde(default)]
    route: Vec<WrittenRoute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenReceiver {
    kind: WrittenKind,
    url: String,
    timeout_ms: Option<u64>,
    park_after_minutes: Option<u64>,
    max_in_flight: Option<u64>,
    secret: Option<String>,
    secret_file: Option<String>,
    open_for_days: Option<u64>,
    check_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum WrittenKind {
    Alertmanager,
    Webhook,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRoute {
    rule: Option<Vec<String>>,
    severity: Option<Vec<String>>,
    market: Option<Vec<String>>,
    product: Option<Vec<String>>,
    profile: Option<Vec<String>>,
    likely_cause: Option<Vec<String>>,
    receivers: Vec<String>,
    group_by: GroupBy,
    #[serde(default, rename = "continue")]
    goes_on: bool,
}

impl Routes {
    /// Reads and validates the routes file.
    ///
    /// # Errors
    /// The file cannot be read, or is not valid: names the key, the value and what was expected.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let named = || format!("routes file, files.routes = {}", path.display());
        let text = std::fs::read_to_string(path).with_context(named)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Self::parse(&text, &|name| std::env::var(name).ok(), folder).with_context(named)
    }

    /// Routes from TOML text. `environment` looks variables up; `folder` is what relative paths of
    /// secrets start from.
    ///
    /// # Errors
    /// As [`Routes::load`].
    pub fn parse(text: &str, environment: Environment<'_>, folder: &Path) -> anyhow::Result<Self> {
        // The parser's own display quotes the line, which may hold a secret.
        let file: File = toml::from_str(text).map_err(|error| {
            let line = |start: usize| text[..start].matches('\n').count() + 1;
            let line = error.span().map_or(0, |span| line(span.start));
            anyhow::anyhow!("line {line}: {}", error.message())
        })?;
        let console = match &file.console {
            Some(console) => url("console", console, environment)?,
            None => "http://127.0.0.1:8415".to_owned(),
        };
        ensure!(
            !file.receiver.is_empty(),
            "no [receiver.<name>]: expected at least one"
        );
        ensure!(
            !file.route.is_empty(),
            "no [[route]]: expected at least one"
        );
        let receivers = file
            .receiver
            .into_iter()
            .map(|(name, written)| receiver(name, written, environment, folder))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let names: Vec<&str> = receivers.iter().map(|r| r.name.as_str()).collect();
        let routes = (1..)
            .zip(file.route)
            .map(|(number, written)| {
                route(written, &names).with_context(|| format!("route {number}"))
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        for name in names {
            ensure!(
                routes
                    .iter()
                    .any(|route| route.receivers.iter().any(|r| r == name)),
                "receiver.{name}: no route leads to it"
            );
        }
        Ok(Self {
            console,
            receivers,
            routes,
        })
    }
}

fn receiver(
    name: String,
    written: WrittenReceiver,
    environment: Environment<'_>,
    folder: &Path,
) -> anyhow::Result<Receiver> {
    let key = |field: &str| format!("receiver.{name}.{field}");
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    ensure!(
        (1..=60).contains(&name.len()) && name.chars().all(word),
        "receiver.{name}: expected a name of 1 to 60 lower-case letters, digits and hyphens"
    );
    let only = |field: &str, there: bool, kind: &str| {
        ensure!(!there, "{}: only for kind = \"{kind}\"", key(field));
        Ok(())
    };
    let url = url(&key("url"), &written.url, environment)?;
    let timeout = within(
        &key("timeout_ms"),
        written.timeout_ms,
        10_000,
        100..=120_000,
    )?;
    let in_flight = |default| {
        within(
            &key("max_in_flight"),
            written.max_in_flight,
            default,
            1..=256,
        )
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    };
    let park = |default| {
        let minutes = written.park_after_minutes.or(default);
        minutes
            .map(|given| within(&key("park_after_minutes"), Some(given), 0, 1..=40_320))
            .transpose()
            .map(|minutes| minutes.map(|minutes| Duration::from_secs(minutes * 60)))
    };
    let (kind, park_after, max_in_flight) = match written.kind {
        WrittenKind::Alertmanager => {
            only("secret", written.secret.is_some(), "webhook")?;
            only("secret_file", written.secret_file.is_some(), "webhook")?;
            let days = within(
                &key("open_for_days"),
                written.open_for_days,
                3650,
                1..=36_500,
            )?;
            let check = within(&key("check_seconds"), written.check_seconds, 5, 1..=3600)?;
            let kind = Kind::Alertmanager {
                open_for: Duration::from_secs(days * 86_400),
                check_every: Duration::from_secs(check),
            };
            (kind, park(None)?, in_flight(64)?)
        }
        WrittenKind::Webhook => {
            only(
                "open_for_days",
                written.open_for_days.is_some(),
                "alertmanager",
            )?;
            only(
                "check_seconds",
                written.check_seconds.is_some(),
                "alertmanager",
            )?;
            let secret = secret(&name, &written, environment, folder)?;
            (Kind::Webhook { secret }, park(Some(60))?, in_flight(16)?)
        }
    };
    Ok(Receiver {
        url,
        timeout: Duration::from_millis(timeout),
        park_after,
        max_in_flight,
        kind,
        name,
    })
}

fn secret(
    name: &str,
    written: &WrittenReceiver,
    environment: Environment<'_>,
    folder: &Path,
) -> anyhow::Result<Secret> {
    let key = |field: &str| format!("receiver.{name}.{field}");
    let secret = match (&written.secret, &written.secret_file) {
        (Some(secret), None) => expand(secret, environment).with_context(|| key("secret"))?,
        (None, Some(file)) => {
            let path = expand(file, environment).with_context(|| key("secret_file"))?;
            let path = folder.join(path);
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} = {}", key("secret_file"), path.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
        _ => bail!("receiver.{name}: expected either secret or secret_file"),
    };
    ensure!(
        secret.len() >= SECRET_BYTES,
        "{}: {} bytes, expected at least {SECRET_BYTES}",
        key("secret"),
        secret.len()
    );
    Ok(Secret(secret.into_bytes()))
}

fn route(written: WrittenRoute, receivers: &[&str]) -> anyhow::Result<Route> {
    let WrittenRoute {
        rule,
        severity,
        market,
        product,
        profile,
        likely_cause,
        receivers: named,
        group_by,
        goes_on,
    } = written;
    let country = |code: &str| {
        (code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())).then(|| code.to_owned())
    };
    let gtin = |code: &str| serialtrail_gs1::parse_gtin(code).ok();
    let any = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let among = |allowed: &'static [&'static str]| {
        move |word: &str| allowed.contains(&word).then(|| word.to_owned())
    };
    let expected = |allowed: &[&str]| format!("one of {}", allowed.join(", "));
    Ok(Route {
        rule: list("rule", rule, among(RULES), &expected(RULES))?,
        severity: list(
            "severity",
            severity,
            among(SEVERITIES),
            &expected(SEVERITIES),
        )?,
        market: list(
            "market",
            market,
            country,
            "two capital letters (ISO 3166-1)",
        )?,
        product: list(
            "product",
            product,
            gtin,
            "a GTIN of 8, 12, 13 or 14 digits with a right check digit",
        )?,
        profile: list("profile", profile, any, "the name of a detection profile")?,
        likely_cause: list(
            "likely_cause",
            likely_cause,
            among(LIKELY_CAUSES),
            &expected(LIKELY_CAUSES),
        )?,
        receivers: list(
            "receivers",
            Some(named),
            |name: &str| receivers.contains(&name).then(|| name.to_owned()),
            &expected(receivers),
        )?
        .unwrap_or_default(),
        group_by,
        goes_on,
    })
}

/// The entries of a list in their canonical spelling.
fn list(
    key: &str,
    written: Option<Vec<String>>,
    read: impl Fn(&str) -> Option<String>,
    expected: &str,
) -> anyhow::Result<Option<Vec<String>>> {
    let Some(written) = written else {
        return Ok(None);
    };
    ensure!(
        !written.is_empty(),
        "{key} = []: expected at least one entry; leave the key out where anything will do"
    );
    let mut entries = Vec::with_capacity(written.len());
    for word in &written {
        let entry =
            read(word).with_context(|| format!("{key} = [\"{word}\"]: expected {expected}"))?;
        ensure!(
            !entries.contains(&entry),
            "{key}: \"{word}\" stands there twice"
        );
        entries.push(entry);
    }
    Ok(Some(entries))
}

fn url(key: &str, written: &str, environment: Environment<'_>) -> anyhow::Result<String> {
    let value = expand(written, environment).with_context(|| format!("{key} = \"{written}\""))?;
    let parsed = reqwest::Url::parse(&value).ok();
    let whole =
        parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    ensure!(
        whole && !value.ends_with('/'),
        "{key} = \"{value}\": expected http://host:port/path or https://... without a slash at the end"
    );
    Ok(value)
}

fn within(
    key: &str,
    written: Option<u64>,
    default: u64,
    allowed: RangeInclusive<u64>,
) -> anyhow::Result<u64> {
    let value = written.unwrap_or(default);
    ensure!(
        allowed.contains(&value),
        "{key} = {value}: expected {} to {}",
        allowed.start(),
        allowed.end()
    );
    Ok(value)
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;

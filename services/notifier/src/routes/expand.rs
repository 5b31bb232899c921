//! Environment variables in addresses and secrets: `${NAME}`, or `${NAME:-used where it is not set}`.

use anyhow::{Context, bail, ensure};

/// Looks a variable up.
pub(super) type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// `text` with every variable replaced. The replaced text is not looked at again.
///
/// # Errors
/// A variable is not set and has no default, or a brace is not closed. The message names the variable,
/// never a value.
pub(super) fn expand(text: &str, environment: Environment<'_>) -> anyhow::Result<String> {
    let mut rest = text;
    let mut expanded = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        expanded += before;
        let (inside, left) = after
            .split_once('}')
            .context("expected } after ${: ${NAME} or ${NAME:-default}")?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        ensure!(
            !name.is_empty() && name.chars().all(word),
            "${{{name}}}: expected the name of an environment variable"
        );
        // As in a shell, an empty variable counts as not set.
        match environment(name).filter(|value| !value.is_empty()) {
            Some(value) => expanded += &value,
            None => match default {
                Some(default) => expanded += default,
                None => {
                    bail!("environment variable {name} is not set, and ${{{name}}} has no default")
                }
            },
        }
        rest = left;
    }
    expanded += rest;
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> anyhow::Result<String> {
        expand(text, &|name| match name {
            "HOST" => Some("am:9093".into()),
            "EMPTY" => Some(String::new()),
            "NESTED" => Some("${HOST}".into()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_replaced_once_and_defaults_stand_in() {
        for (text, expected) in [
            ("http://${HOST}/api", "http://am:9093/api"),
            ("${HOST:-other}", "am:9093"),
            (
                "${GONE:-http://127.0.0.1:8404}/api/v2",
                "http://127.0.0.1:8404/api/v2",
            ),
            ("${EMPTY:-x}${GONE:-}", "x"),
            ("${NESTED}", "${HOST}"),
            ("plain $HOST", "plain $HOST"),
        ] {
            assert_eq!(with(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_that_is_not_there_is_an_error_that_names_it() {
        for (text, part) in [
            ("${GONE}", "GONE is not set"),
            ("a${HOST", "expected }"),
            ("${}", "name of an environment variable"),
            ("${A B}", "name of an environment variable"),
        ] {
            let error = with(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

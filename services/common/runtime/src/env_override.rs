//! Environment variables laid over the settings file: `SERIALTRAIL__SECTION__KEY=value`.

use anyhow::{Context, bail};
use toml::{Table, Value};

const PREFIX: &str = "SERIALTRAIL__";

/// Writes each override into `table`. `defaults` says which keys exist and of which type they are;
/// below a table that is empty by default (a free map) keys are taken as librdkafka writes them.
pub(crate) fn apply(
    table: &mut Table,
    defaults: &Table,
    environment: impl IntoIterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    for (name, value) in environment {
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let path = path.to_lowercase();
        let keys: Vec<&str> = path.split("__").collect();
        set(table, defaults, &keys, &path.replace("__", "."), &value)
            .with_context(|| format!("environment variable {name}"))?;
    }
    Ok(())
}

fn set(
    table: &mut Table,
    defaults: &Table,
    keys: &[&str],
    path: &str,
    value: &str,
) -> anyhow::Result<()> {
    let [key, rest @ ..] = keys else {
        bail!("{path} is a section; expected SERIALTRAIL__SECTION__KEY");
    };
    match (defaults.get(*key), rest) {
        (Some(Value::Table(inner)), rest) => {
            let slot = table
                .entry((*key).to_owned())
                .or_insert_with(|| Value::Table(Table::new()));
            let Value::Table(slot) = slot else {
                bail!("{key} in the file is not a section");
            };
            if inner.is_empty() && !rest.is_empty() {
                let property = rest.join("__").replace('_', ".");
                slot.insert(property, Value::String(value.to_owned()));
                return Ok(());
            }
            set(slot, inner, rest, path, value)
        }
        (Some(Value::Integer(_)), []) => {
            let number = value
                .parse()
                .with_context(|| format!("{path} = \"{value}\": expected an integer"))?;
            table.insert((*key).to_owned(), Value::Integer(number));
            Ok(())
        }
        (Some(Value::Boolean(_)), []) => {
            let flag = value
                .parse()
                .with_context(|| format!("{path} = \"{value}\": expected true or false"))?;
            table.insert((*key).to_owned(), Value::Boolean(flag));
            Ok(())
        }
        (Some(_), []) => {
            table.insert((*key).to_owned(), Value::String(value.to_owned()));
            Ok(())
        }
        _ => bail!("there is no setting {path}"),
    }
}

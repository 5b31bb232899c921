//! What a service says in Prometheus' text format, read back by those that ask it: lag, stream time,
//! pending work.

/// One sample of the Prometheus text format.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels, as written.
    pub labels: Vec<(String, String)>,
    /// Value.
    pub value: f64,
}

impl Sample {
    /// Value of a label, empty where it has none of that name.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map_or("", |(_, value)| value)
    }
}

/// The samples of one metric in the Prometheus text format.
#[must_use]
pub fn samples(text: &str, metric: &str) -> Vec<Sample> {
    text.lines()
        .filter_map(|line| sample(line, metric))
        .collect()
}

fn sample(line: &str, metric: &str) -> Option<Sample> {
    let rest = line.strip_prefix(metric)?;
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => rest.rsplit_once('}')?,
        None if rest.starts_with(' ') => ("", rest),
        None => return None,
    };
    let labels = labels
        .split("\",")
        .filter_map(|label| label.split_once("=\""))
        .map(|(name, value)| (name.to_owned(), value.trim_end_matches('"').to_owned()))
        .collect();
    Some(Sample {
        labels,
        value: value.trim().parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_metric_asked_for_is_read() {
        let text = "# HELP lag x\nlag{stage=\"sink\",topic=\"a\",partition=\"0\"} 12\n\
                    lag_seconds{stage=\"sink\"} 4\nlag 3e3\nlag{stage=\"b\"} NaN?\n";
        let found = samples(text, "lag");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].label("topic"), found[0].value), ("a", 12.0));
        assert_eq!((found[1].label("topic"), found[1].value), ("", 3000.0));
    }
}

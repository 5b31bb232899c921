//! References to variables in a text: `$name`, `${name}`, `${name:format}`, `[[name]]`.

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the variable; with a leading `__` it is Grafana's own.
    pub name: String,
    /// How its value is written, for example `sqlstring`.
    pub format: Option<String>,
    /// Where it stands in the text, in bytes.
    pub span: std::ops::Range<usize>,
}

impl Reference {
    /// Whether Grafana or a plugin defines it.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("__")
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// All references, from the left.
#[must_use]
pub fn references(text: &str) -> Vec<Reference> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text[at..];
        let reference = if rest.starts_with("${") {
            enclosed(text, at, 2, "}")
        } else if rest.starts_with("[[") {
            enclosed(text, at, 2, "]]")
        } else if rest.starts_with('$') {
            let length = rest.bytes().skip(1).take_while(|b| is_word(*b)).count();
            let starts = rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
            (length > 0 && !starts).then(|| Reference {
                name: rest[1..=length].to_owned(),
                format: None,
                span: at..at + 1 + length,
            })
        } else {
            None
        };
        match reference {
            Some(reference) => {
                at = reference.span.end;
                found.push(reference);
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

fn enclosed(text: &str, at: usize, open: usize, close: &str) -> Option<Reference> {
    let inside = &text[at + open..];
    let end = inside.find(close)?;
    let inside = &inside[..end];
    let (name, format) = match inside.split_once(':') {
        Some((name, format)) => (name, Some(format.to_owned())),
        None => (inside, None),
    };
    // `${__data.fields.name}`: the built-in is what stands before the dot.
    let name = name.split('.').next().unwrap_or(name);
    let valid = !name.is_empty() && name.bytes().all(is_word);
    valid.then(|| Reference {
        name: name.to_owned(),
        format,
        span: at..at + open + end + close.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_reference_is_found() {
        let text =
            "a $one b ${two} c ${three:sqlstring} d [[four]] ${__value.raw:percentencode} $5 $";
        let found: Vec<(String, Option<String>)> = references(text)
            .into_iter()
            .map(|r| (r.name, r.format))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            found,
            [
                ("one".to_owned(), None),
                ("two".to_owned(), None),
                ("three".to_owned(), some("sqlstring")),
                ("four".to_owned(), None),
                ("__value".to_owned(), some("percentencode")),
            ]
        );
    }

    #[test]
    fn a_span_covers_the_whole_reference() {
        let text = "x = ${lot:sqlstring} AND $gtin";
        let spans: Vec<&str> = references(text)
            .into_iter()
            .map(|r| &text[r.span])
            .collect();
        assert_eq!(spans, ["${lot:sqlstring}", "$gtin"]);
    }
}

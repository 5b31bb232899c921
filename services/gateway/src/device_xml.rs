//! Personal ids in XML: elements and attributes named `deviceId` and `sessionId`, whatever their prefix.

use std::borrow::Cow;

use crate::device::{DeviceHash, PERSONAL};

/// The XML text with the content of every such element and the value of every such attribute replaced
/// by its hash. Text that is no XML is treated alike as far as its tags can be told apart.
pub(crate) fn redact<'t>(hash: &DeviceHash, text: &'t [u8]) -> Cow<'t, [u8]> {
    let suspect = PERSONAL
        .iter()
        .any(|name| memchr::memmem::find(text, name.as_bytes()).is_some());
    if !suspect {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &text[at..]).map(|n| at + n) {
        out.extend_from_slice(&text[at..open]);
        let end = tag_end(text, open);
        let tag = &text[open..end];
        at = end;
        attributes(hash, tag, &mut out);
        let opens = !matches!(tag.get(1), Some(b'/' | b'!' | b'?')) && !tag.ends_with(b"/>");
        let name = &tag[1..name_end(tag, 1)];
        if let Some(personal) = personal(name).filter(|_| opens) {
            let closing = [b"</", name].concat();
            let close =
                memchr::memmem::find(&text[end..], &closing).map_or(text.len(), |n| end + n);
            out.extend_from_slice(hashed(hash, personal, &text[end..close]).as_bytes());
            at = close;
        }
    }
    out.extend_from_slice(&text[at..]);
    Cow::Owned(out)
}

/// The tag with the values of its personal attributes replaced.
fn attributes(hash: &DeviceHash, tag: &[u8], out: &mut Vec<u8>) {
    let mut at = name_end(tag, 1);
    out.extend_from_slice(&tag[..at]);
    while let Some(quote) = tag[at..].iter().position(|b| matches!(b, b'"' | b'\'')) {
        let start = at + quote + 1;
        let name = tag[at..start - 1].trim_ascii();
        let name = name.strip_suffix(b"=").unwrap_or(name).trim_ascii();
        let end = memchr::memchr(tag[start - 1], &tag[start..]).map_or(tag.len(), |n| start + n);
        out.extend_from_slice(&tag[at..start]);
        match personal(name) {
            Some(name) => out.extend_from_slice(hashed(hash, name, &tag[start..end]).as_bytes()),
            None => out.extend_from_slice(&tag[start..end]),
        }
        // The closing quote goes with the value, so that the next name begins behind it.
        let next = (end + 1).min(tag.len());
        out.extend_from_slice(&tag[end..next]);
        at = next;
    }
    out.extend_from_slice(&tag[at..]);
}

fn hashed(hash: &DeviceHash, name: &str, raw: &[u8]) -> String {
    let raw = String::from_utf8_lossy(raw.trim_ascii());
    let raw = raw
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&");
    hash.hash(name, &raw)
}

/// Index behind the tag that starts at `open`: behind its `>`, quoted ones apart.
fn tag_end(text: &[u8], open: usize) -> usize {
    let mut quote = None;
    for (at, byte) in text.iter().enumerate().skip(open + 1) {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'>') => return at + 1,
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn name_end(tag: &[u8], from: usize) -> usize {
    let from = from.min(tag.len());
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'=');
    tag[from..]
        .iter()
        .position(ends)
        .map_or(tag.len(), |n| from + n)
}

/// The personal name a qualified name stands for.
fn personal(name: &[u8]) -> Option<&'static str> {
    let local = name.rsplit(|b| *b == b':').next().unwrap_or(name);
    PERSONAL.into_iter().find(|known| known.as_bytes() == local)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> DeviceHash {
        DeviceHash::new("d1", "0123456789abcdef").unwrap()
    }

    fn redacted(text: &str) -> String {
        String::from_utf8(redact(&key(), text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn only_the_values_are_replaced_by_the_hash_the_json_of_them_has() {
        let text = "<e a='1'><ex:deviceId>phone&amp;1</ex:deviceId>\n<x sessionId=\"s'1\"/><deviceID>kept</deviceID></e>";
        let expected = text
            .replace("phone&amp;1", &key().hash("deviceId", "phone&1"))
            .replace("s'1", &key().hash("sessionId", "s'1"));
        assert_eq!(redacted(text), expected);
    }

    #[test]
    fn no_spelling_of_the_place_escapes() {
        for text in [
            "<deviceId>secret-7",
            "<deviceId >secret-7</deviceId >",
            "<a:deviceId x='1'><b>secret-7</b></a:deviceId>",
            "<a b='>' c:deviceId = 'secret-7'/>",
            "<a deviceId='secret-7",
            "<sessionId><![CDATA[secret-7]]></sessionId>",
        ] {
            assert!(
                !redacted(text).contains("secret-7"),
                "{text} -> {}",
                redacted(text)
            );
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_text_without_the_names_is_kept(
            text in "[a-z<>/'\"=: &;!?]{0,80}", named in proptest::bool::ANY,
        ) {
            let text = if named { format!("<deviceId>{text}") } else { text };
            let out = redacted(&text);
            if !named {
                prop_assert_eq!(out, text);
            }
        }

        #[test]
        fn text_around_a_name_that_is_no_tag_is_kept(text in "[a-z<>/'\"=: ]{0,60}") {
            let text = format!("{text} deviceId ");
            let tagged = text.contains("deviceId =") || text.contains("deviceId>");
            prop_assume!(!tagged && !text.contains('<'));
            prop_assert_eq!(redacted(&text), text);
        }
    }
}

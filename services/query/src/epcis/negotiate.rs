//! What a request says in its headers: the form of the answer, versions, how identifiers and vocabulary
//! are to be written (EPCIS 2.0 §12.7).

use super::problem::{EpcisProblem, Exception};
use crate::media::weight;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};
use serialtrail_epcis::Context;

/// The version this interface speaks, and the newest there is for either standard.
const VERSION: &str = "2.0.0";
/// The oldest, for events in XML.
const OLDEST: &str = "1.2.0";

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON-LD under the media type `application/json`.
    Json,
    /// JSON-LD under its own media type.
    JsonLd,
    /// EPCIS 2.0 XML.
    Xml,
    /// EPCIS 1.2 XML.
    Xml12,
}

impl Form {
    /// `Content-Type`.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::Xml | Self::Xml12 => "application/xml",
        }
    }

    /// EPCIS and CBV version of the answer.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Self::Xml12 => OLDEST,
            _ => VERSION,
        }
    }
}

/// How EPCs are written: `GS1-EPC-Format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpcFormat {
    /// As captured.
    AsCaptured,
    /// As Digital Links on `https://id.gs1.org`.
    DigitalLink,
    /// As URNs, where the length of the company prefix is known.
    Urn,
}

/// How vocabulary is written in XML: `GS1-CBV-XML-Format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CbvFormat {
    /// As the writer has it.
    AsWritten,
    /// `https://ref.gs1.org/cbv/…`
    WebUri,
    /// `urn:epcglobal:cbv:…`
    Urn,
}

/// All of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Form of the answer.
    pub form: Form,
    /// How EPCs are written.
    pub epc: EpcFormat,
    /// How vocabulary is written in XML.
    pub cbv: CbvFormat,
}

fn refused(name: &str, detail: String) -> EpcisProblem {
    EpcisProblem {
        parameter: Some(name.to_owned()),
        ..EpcisProblem::new(Exception::NotAcceptable, detail)
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, EpcisProblem> {
    let read = |value: &'h HeaderValue| {
        value.to_str().map(str::trim).map_err(|_| EpcisProblem {
            parameter: Some(name.to_owned()),
            ..EpcisProblem::new(
                Exception::Validation,
                format!("header {name}: not plain text"),
            )
        })
    };
    let found = headers.get(name).map(read).transpose()?;
    Ok(found.filter(|text| !text.is_empty()))
}

/// Major and minor number of a version.
fn version(headers: &HeaderMap, name: &str) -> Result<Option<(u32, u32)>, EpcisProblem> {
    if !headers.contains_key(name) {
        return Ok(None);
    }
    let text = text(headers, name)?.unwrap_or_default();
    // However large: it is a version, one that is not to be had.
    let number = |part: &str| {
        let digits = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse().unwrap_or(u32::MAX))
    };
    let numbers: Option<Vec<u32>> = text.split('.').map(number).collect();
    match numbers.as_deref() {
        Some(&[major]) => Ok(Some((major, 0))),
        Some(&[major, minor, ..]) => Ok(Some((major, minor))),
        _ => Err(EpcisProblem {
            parameter: Some(name.to_owned()),
            ..EpcisProblem::new(
                Exception::Validation,
                format!("{name}: {text:?} is not a version such as 2.0.0"),
            )
        }),
    }
}

impl Wanted {
    /// What is asked for. `xml`: whether this resource can be had as XML.
    ///
    /// # Errors
    /// 406: nothing of what is asked for can be had. 400: a header is none.
    pub fn read(headers: &HeaderMap, xml: bool) -> Result<Self, EpcisProblem> {
        let form = form(headers, xml)?;
        let range = |name: &str| -> Result<_, EpcisProblem> {
            let least = version(headers, &format!("GS1-{name}-Min"))?;
            let most = version(headers, &format!("GS1-{name}-Max"))?;
            Ok(move |v: (u32, u32)| least.is_none_or(|l| l <= v) && most.is_none_or(|m| v <= m))
        };
        let (epcis, cbv) = (range("EPCIS")?, range("CBV")?);
        let form = match form {
            form if epcis((2, 0)) && cbv((2, 0)) => form,
            Form::Xml if epcis((1, 2)) && cbv((1, 2)) => Form::Xml12,
            Form::Xml => {
                let detail = "versions to be had: EPCIS 2.0 with CBV 2.0, EPCIS 1.2 with CBV 1.2";
                return Err(refused("GS1-EPCIS-Max", detail.to_owned()));
            }
            _ => {
                let detail = "versions to be had in JSON: EPCIS 2.0 with CBV 2.0";
                return Err(refused("GS1-EPCIS-Max", detail.to_owned()));
            }
        };
        let epc = match text(headers, "GS1-EPC-Format")? {
            None | Some("Always_GS1_Digital_Link") => EpcFormat::DigitalLink,
            Some("No_Preference" | "Never_Translates") => EpcFormat::AsCaptured,
            Some("Always_EPC_URN") => EpcFormat::Urn,
            Some(other) => {
                return Err(refused(
                    "GS1-EPC-Format",
                    format!("GS1-EPC-Format: {other:?} is unknown"),
                ));
            }
        };
        let cbv = match text(headers, "GS1-CBV-XML-Format")? {
            None | Some("No_Preference" | "Never_Translates") => CbvFormat::AsWritten,
            Some("Always_Web_URI") => CbvFormat::WebUri,
            Some("Always_URN") => CbvFormat::Urn,
            Some(other) => {
                let detail = format!("GS1-CBV-XML-Format: {other:?} is unknown");
                return Err(refused("GS1-CBV-XML-Format", detail));
            }
        };
        Ok(Self { form, epc, cbv })
    }

    /// The same of a request with a body in JSON, which says its own version: `GS1-EPCIS-Version`,
    /// `GS1-CBV-Version`.
    ///
    /// # Errors
    /// As [`Wanted::read`]. 406: the body is of a version that is not taken.
    pub fn read_with_body(headers: &HeaderMap) -> Result<Self, EpcisProblem> {
        for name in ["GS1-EPCIS-Version", "GS1-CBV-Version"] {
            if version(headers, name)?.is_some_and(|said| said != (2, 0)) {
                return Err(refused(
                    name,
                    format!("{name}: 2.0 is taken, no other version"),
                ));
            }
        }
        Self::read(headers, false)
    }

    /// A body with the headers that say what it is.
    #[must_use]
    pub fn response(&self, status: StatusCode, body: impl Into<axum::body::Body>) -> Response {
        let mut response = (status, body.into()).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.form.content_type()),
        );
        versions(headers, self.form.version());
        response
    }
}

fn versions(headers: &mut HeaderMap, version: &'static str) {
    for name in ["gs1-epcis-version", "gs1-cbv-version"] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(version),
        );
    }
}

fn form(headers: &HeaderMap, xml: bool) -> Result<Form, EpcisProblem> {
    let Some(accept) = accepted(headers) else {
        return Ok(Form::Json);
    };
    let offered = [
        (Form::Json, "application/json"),
        (Form::JsonLd, "application/ld+json"),
        (Form::Xml, "application/xml"),
        (Form::Xml, "text/xml"),
    ];
    let mut best: Option<(Form, u16)> = None;
    for (form, media_type) in offered {
        let weight = weight(&accept, media_type);
        if (xml || form != Form::Xml) && weight > best.map_or(0, |(_, weight)| weight) {
            best = Some((form, weight));
        }
    }
    best.map(|(form, _)| form).ok_or_else(|| {
        let also = if xml { ", application/xml" } else { "" };
        refused(
            "Accept",
            format!("this resource can be had as application/json, application/ld+json{also}"),
        )
    })
}

fn accepted(headers: &HeaderMap) -> Option<String> {
    let all: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .filter(|value| !value.trim().is_empty())
        .collect();
    (!all.is_empty()).then(|| all.join(","))
}

/// The prefixes of `GS1-Extensions`: `prefix=namespace`, divided by commas.
///
/// # Errors
/// 400: not of this form.
pub fn extensions(headers: &HeaderMap) -> Result<Context, EpcisProblem> {
    let malformed = |detail: String| EpcisProblem {
        parameter: Some("GS1-Extensions".to_owned()),
        ..EpcisProblem::new(Exception::Validation, detail)
    };
    let mut terms = Map::new();
    for pair in text(headers, "GS1-Extensions")?
        .into_iter()
        .flat_map(|text| text.split(','))
    {
        let (prefix, namespace) = pair.trim().split_once('=').ok_or_else(|| {
            malformed(format!("GS1-Extensions: {pair:?} is not prefix=namespace"))
        })?;
        terms.insert(prefix.trim().to_owned(), namespace.trim().into());
    }
    Context::standard()
        .extended(&Value::Object(terms))
        .map_err(malformed)
}

/// `OPTIONS`: the methods there are, and what this interface speaks.
#[must_use]
pub fn discovery(allow: &'static str) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        ("allow", allow),
        ("gs1-epcis-version", VERSION),
        ("gs1-epcis-min", OLDEST),
        ("gs1-epcis-max", VERSION),
        ("gs1-cbv-version", VERSION),
        ("gs1-cbv-min", OLDEST),
        ("gs1-cbv-max", VERSION),
        ("gs1-epc-format", "No_Preference"),
        ("gs1-cbv-xml-format", "No_Preference"),
        (
            "gs1-vendor-version",
            concat!("serialtrail-", env!("CARGO_PKG_VERSION")),
        ),
    ] {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    response
}

/// Gives a problem the form that was asked for.
pub async fn dress(request: Request, next: Next) -> Response {
    let accept = accepted(request.headers()).unwrap_or_default();
    let best = |types: [&str; 3]| types.map(|t| weight(&accept, t)).into_iter().max();
    let xml = !accept.is_empty()
        && best(["application/xml", "text/xml", "application/problem+xml"])
            > best([
                "application/json",
                "application/ld+json",
                "application/problem+json",
            ]);
    let mut response = next.run(request).await;
    let problem = response.extensions_mut().remove::<EpcisProblem>();
    if let (Some(problem), true) = (problem, xml) {
        *response.body_mut() = problem.xml().into();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+xml"),
        );
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&'static str, &str)], xml: bool) -> Result<Wanted, u16> {
        let headers = given
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Wanted::read(&headers.collect(), xml).map_err(|problem| problem.status().as_u16())
    }

    #[test]
    fn form_and_version_are_what_both_sides_have() {
        for (headers, xml, expected) in [
            (vec![], true, Ok(Form::Json)),
            (vec![("accept", "*/*")], true, Ok(Form::Json)),
            (vec![("accept", "application/xml")], true, Ok(Form::Xml)),
            (vec![("accept", "text/xml")], true, Ok(Form::Xml)),
            (vec![("accept", "application/xml")], false, Err(406)),
            (
                vec![("accept", "application/ld+json")],
                true,
                Ok(Form::JsonLd),
            ),
            (vec![("accept", "text/html")], true, Err(406)),
            (
                vec![("gs1-epcis-min", "2.0.0"), ("gs1-epcis-max", "2.0.0")],
                true,
                Ok(Form::Json),
            ),
            (vec![("gs1-epcis-max", "1.2")], true, Err(406)),
            (vec![("gs1-epcis-min", "2.1.0")], true, Err(406)),
            (vec![("gs1-epcis-min", "two")], true, Err(400)),
            (vec![("gs1-epcis-max", "")], true, Err(400)),
            (vec![("gs1-epcis-min", "98765432109876")], true, Err(406)),
            (
                vec![
                    ("accept", "application/xml"),
                    ("gs1-epcis-max", "1.2"),
                    ("gs1-cbv-min", "2.0"),
                ],
                true,
                Err(406),
            ),
            (
                vec![
                    ("accept", "application/xml"),
                    ("gs1-epcis-max", "1.2"),
                    ("gs1-cbv-max", "1.2"),
                ],
                true,
                Ok(Form::Xml12),
            ),
        ] {
            let found = read(&headers, xml).map(|wanted| wanted.form);
            assert_eq!(found, expected, "{headers:?}");
        }
    }

    #[test]
    fn a_body_is_of_the_version_it_says_and_that_is_2_0() {
        for (value, expected) in [
            ("2.0.0", Ok(Form::Json)),
            ("2.0", Ok(Form::Json)),
            ("2", Ok(Form::Json)),
            ("1.2", Err(406)),
            ("2.1.0", Err(406)),
            ("2.0.x", Err(400)),
            ("2.", Err(400)),
            ("0two", Err(400)),
        ] {
            for name in ["gs1-epcis-version", "gs1-cbv-version"] {
                let headers = HeaderMap::from_iter([(
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )]);
                let found = Wanted::read_with_body(&headers).map(|wanted| wanted.form);
                let found = found.map_err(|problem| problem.status().as_u16());
                assert_eq!(found, expected, "{name}: {value}");
            }
        }
    }

    #[test]
    fn epcs_are_digital_links_unless_asked_otherwise() {
        for (value, expected) in [
            (None, Ok(EpcFormat::DigitalLink)),
            (Some("Never_Translates"), Ok(EpcFormat::AsCaptured)),
            (Some("No_Preference"), Ok(EpcFormat::AsCaptured)),
            (Some("Always_EPC_URN"), Ok(EpcFormat::Urn)),
            (Some("Sometimes"), Err(406)),
        ] {
            let headers: Vec<_> = value
                .map(|value| ("gs1-epc-format", value))
                .into_iter()
                .collect();
            assert_eq!(read(&headers, true).map(|wanted| wanted.epc), expected);
        }
    }
}

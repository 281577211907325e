//! The body of `POST /v1/validate`, and what can be wrong with it.

use std::borrow::Cow;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::problem::{Problem, ProblemKind};
use crate::typo::{Locale, nearest_name};
use crate::verdict::Depth;

/// The fields of the body.
const FIELDS: [&str; 5] = ["email", "depth", "timeout_ms", "strict", "locale"];
/// The range of `timeout_ms`.
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 50..=30_000;

/// A body as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    #[serde(borrow)]
    email: Cow<'a, str>,
    #[serde(default, borrow)]
    depth: Option<Cow<'a, str>>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(default, borrow)]
    locale: Option<Cow<'a, str>>,
}

/// A body whose every field is in its range.
pub(super) struct ValidateBody<'a> {
    pub(super) email: Cow<'a, str>,
    pub(super) depth: Depth,
    pub(super) timeout: Option<Duration>,
    pub(super) strict: bool,
    pub(super) locale: Option<Locale>,
}

impl<'a> ValidateBody<'a> {
    /// Reads a body.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        // serde would take an array of the fields' values as well.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(not_an_object());
        }
        let body: Body<'a> =
            serde_json::from_slice(bytes).map_err(|error| diagnose(bytes, &error))?;
        let depth = match body.depth.as_deref() {
            None => Depth::Domain,
            Some(code) => depth(code)?,
        };
        let locale = body.locale.as_deref().map(locale).transpose()?;
        let timeout = body.timeout_ms.map(timeout).transpose()?;
        Ok(Self { email: body.email, depth, timeout, strict: body.strict.unwrap_or(false), locale })
    }
}

fn depth(code: &str) -> Result<Depth, Problem> {
    Depth::ALL.into_iter().find(|depth| depth.code() == code).ok_or_else(|| {
        let nearest = nearest_name(code, Depth::ALL.map(Depth::code), 2);
        Problem::field("depth", "`depth` is one of syntax, domain, mailbox.").nearest(nearest)
    })
}

fn locale(tag: &str) -> Result<Locale, Problem> {
    tag.parse().map_err(|error| Problem::field("locale", format!("`locale` is {error}.")))
}

fn timeout(ms: u64) -> Result<Duration, Problem> {
    if TIMEOUT_MS.contains(&ms) {
        return Ok(Duration::from_millis(ms));
    }
    let (least, most) = (TIMEOUT_MS.start(), TIMEOUT_MS.end());
    let detail = format!("`timeout_ms` is a whole number from {least} to {most}.");
    Err(Problem::field("timeout_ms", detail))
}

/// What is wrong with a body that is not as it should be. Off the hot path, so it reads the body again.
fn diagnose(bytes: &[u8], error: &serde_json::Error) -> Problem {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            let detail = format!("The body is not JSON from line {line}, column {column} on.");
            return Problem::new(ProblemKind::BadJson, detail);
        }
    };
    let Value::Object(fields) = value else { return not_an_object() };
    if let Some(unknown) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        let nearest = nearest_name(unknown, FIELDS, 3);
        let detail = match nearest {
            Some(nearest) => format!("There is no such field; did you mean `{nearest}`?"),
            None => format!("There is no such field; there are {}.", FIELDS.join(", ")),
        };
        return Problem::field(shortened(unknown), detail).nearest(nearest);
    }
    type Wanted = (&'static str, fn(&Value) -> bool, &'static str);
    let wanted: [Wanted; 5] = [
        ("email", Value::is_string, "`email` is a string, the address as it was typed."),
        ("depth", optional_string, "`depth` is one of syntax, domain, mailbox."),
        ("timeout_ms", optional_number, "`timeout_ms` is a whole number from 50 to 30000."),
        ("strict", optional_truth, "`strict` is true or false."),
        ("locale", optional_string, "`locale` is a language tag such as `fr` or `pt-BR`."),
    ];
    for (field, is_right, detail) in wanted {
        match fields.get(field) {
            None if field == "email" => return Problem::field(field, "`email` is missing."),
            Some(value) if !is_right(value) => return Problem::field(field, detail),
            _ => {}
        }
    }
    // What is left is a field that comes twice.
    let detail =
        format!("The body cannot be used from line {} on: a field comes twice.", error.line());
    Problem::new(ProblemKind::BadJson, detail)
}

fn not_an_object() -> Problem {
    let detail = "The body has to be a JSON object such as {\"email\": \"joe@example.org\"}.";
    Problem::new(ProblemKind::BadJson, detail)
}

fn optional_string(value: &Value) -> bool {
    value.is_null() || value.is_string()
}

fn optional_number(value: &Value) -> bool {
    value.is_null() || value.is_u64()
}

fn optional_truth(value: &Value) -> bool {
    value.is_null() || value.is_boolean()
}

/// A field's name is the client's own text: enough of it to recognise it.
fn shortened(name: &str) -> String {
    name.chars().take(40).collect()
}

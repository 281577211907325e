//! The bodies of `POST /v1/validate` and `POST /v1/validate/batch`, and what can be wrong with them.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::problem::{Problem, ProblemKind};
use crate::did_you_mean::nearest_name;
use crate::roster::replace_lone_surrogates;
use crate::typo::Locale;
use crate::validator::Strictness;
use crate::verdict::Depth;

/// The most addresses of a batch.
const MAX_ADDRESSES: usize = 1_000;
/// The range of `timeout_ms`.
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 50..=30_000;
/// What is said where it is left.
const TIMEOUT_RANGE: &str = "`timeout_ms` is a whole number from 50 to 30000.";
/// What is said of an unknown depth.
const DEPTHS: &str = "`depth` is one of syntax, domain, mailbox.";

/// A body with one address.
pub(super) struct ValidateBody<'a> {
    pub(super) email: Cow<'a, str>,
    pub(super) options: Options,
}

/// A body with many.
pub(super) struct BatchBody {
    pub(super) emails: Vec<String>,
    pub(super) options: Options,
}

/// What both can say besides, each in its range.
pub(super) struct Options {
    pub(super) depth: Depth,
    pub(super) timeout: Option<Duration>,
    pub(super) strictness: Strictness,
    pub(super) locale: Option<Locale>,
}

/// A body as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRequest<'a> {
    #[serde(default, borrow, deserialize_with = "given")]
    email: Option<LenientText<'a>>,
    #[serde(default, borrow, deserialize_with = "given")]
    emails: Option<Vec<LenientText<'a>>>,
    #[serde(default, borrow)]
    depth: Option<LenientText<'a>>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    #[serde(default)]
    strict: Option<bool>,
    #[serde(default, borrow)]
    locale: Option<LenientText<'a>>,
}

/// A field that is there has a value: `null` is none.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A text that is not copied where it can be used as it came.
#[derive(Deserialize)]
#[serde(transparent)]
struct LenientText<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> ValidateBody<'a> {
    /// Reads a body.
    pub(super) fn parse(bytes: &'a mut [u8]) -> Result<Self, Problem> {
        let bytes = readable(bytes);
        let mut wire = read(bytes, Subject::One)?;
        match (wire.email.take(), &wire.emails) {
            (Some(LenientText(email)), None) => Ok(Self { email, options: Options::of(&wire)? }),
            _ => Err(diagnose(bytes, Subject::One)),
        }
    }
}

impl BatchBody {
    /// Reads a body.
    pub(super) fn parse(bytes: &mut [u8]) -> Result<Self, Problem> {
        let bytes = readable(bytes);
        let mut wire = read(bytes, Subject::Many)?;
        match (wire.emails.take(), &wire.email) {
            (Some(emails), _) if emails.len() > MAX_ADDRESSES => Err(too_many(emails.len())),
            (Some(emails), None) => {
                let options = Options::of(&wire)?;
                let emails =
                    emails.into_iter().map(|LenientText(email)| email.into_owned()).collect();
                Ok(Self { emails, options })
            }
            _ => Err(diagnose(bytes, Subject::Many)),
        }
    }
}

impl Options {
    fn of(wire: &RawRequest<'_>) -> Result<Self, Problem> {
        Ok(Self {
            depth: wire.depth.as_ref().map_or(Ok(Depth::Domain), |code| depth(&code.0))?,
            timeout: wire.timeout_ms.map(timeout).transpose()?,
            strictness: match wire.strict {
                Some(true) => Strictness::Strict,
                Some(false) | None => Strictness::Lenient,
            },
            locale: wire.locale.as_ref().map(|tag| locale(&tag.0)).transpose()?,
        })
    }
}

fn depth(code: &str) -> Result<Depth, Problem> {
    Depth::ALL.into_iter().find(|depth| depth.code() == code).ok_or_else(|| {
        let nearest = nearest_name(code, Depth::ALL.map(Depth::code), 2);
        Problem::field("depth", DEPTHS).nearest(nearest)
    })
}

fn locale(tag: &str) -> Result<Locale, Problem> {
    tag.parse().map_err(|error| Problem::field("locale", format!("`locale` is {error}.")))
}

fn timeout(ms: u64) -> Result<Duration, Problem> {
    let is_right = TIMEOUT_MS.contains(&ms);
    is_right
        .then(|| Duration::from_millis(ms))
        .ok_or_else(|| Problem::field("timeout_ms", TIMEOUT_RANGE))
}

/// What a body is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// One address.
    One,
    /// Several.
    Many,
}

/// A field of a body: its name, what its value may be, what to say where it is not.
type FieldRule = (&'static str, fn(&Value) -> bool, &'static str);

const OPTIONS: [FieldRule; 4] = [
    ("depth", optional_string, DEPTHS),
    ("timeout_ms", optional_number, TIMEOUT_RANGE),
    ("strict", optional_truth, "`strict` is true or false."),
    ("locale", optional_string, "`locale` is a language tag such as `fr` or `pt-BR`."),
];

impl Subject {
    /// The field that must be there.
    fn field(self) -> FieldRule {
        match self {
            Self::One => {
                ("email", Value::is_string, "`email` is a string, the address as it was typed.")
            }
            Self::Many => ("emails", Value::is_array, "`emails` is a list of strings."),
        }
    }

    /// A body as it should be.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::One => r#"{"email": "joe@example.org"}"#,
            Self::Many => r#"{"emails": ["joe@example.org", "sue@example.org"]}"#,
        }
    }

    fn not_an_object(self, is: &str) -> Problem {
        let detail = format!("The body {is} a JSON object such as {}.", self.example());
        Problem::new(ProblemKind::BadJson, detail)
    }
}

/// A body without what clients that mean well add or cut off: a byte order mark (RFC 8259 §8.1), half of
/// a surrogate pair.
fn readable(bytes: &mut [u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    replace_lone_surrogates(bytes);
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

fn read(bytes: &[u8], subject: Subject) -> Result<RawRequest<'_>, Problem> {
    // serde would take an array of the fields' values as well.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(subject.not_an_object("has to be"));
    }
    serde_json::from_slice(bytes).map_err(|_| diagnose(bytes, subject))
}

/// What is wrong with a body that is not as it should be. Off the hot path, so it reads the body again.
fn diagnose(bytes: &[u8], subject: Subject) -> Problem {
    if bytes.trim_ascii().is_empty() {
        return subject.not_an_object("is empty; it has to be");
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let detail = format!("The body is not UTF-8 from byte {} on.", error.valid_up_to());
        return Problem::new(ProblemKind::BadJson, detail);
    }
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return no_json(&error),
    };
    let Value::Object(fields) = value else {
        return subject.not_an_object("has to be");
    };
    unknown_field(&fields, subject)
        .or_else(|| wrong_field(&fields, subject))
        .or_else(|| wrong_element(&fields, subject))
        // Each field as it was last said is right.
        .unwrap_or_else(|| {
            Problem::new(ProblemKind::BadJson, "Each field of the body may be there once only.")
        })
}

fn no_json(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    // serde_json has no other name for it.
    let detail = if error.to_string().starts_with("recursion limit exceeded") {
        format!("The body is nested too deeply in line {line}, column {column}.")
    } else {
        format!("The body is not JSON from line {line}, column {column} on.")
    };
    Problem::new(ProblemKind::BadJson, detail)
}

fn unknown_field(fields: &Map<String, Value>, subject: Subject) -> Option<Problem> {
    let known: [&'static str; 5] =
        [subject.field().0, OPTIONS[0].0, OPTIONS[1].0, OPTIONS[2].0, OPTIONS[3].0];
    let unknown = fields.keys().find(|field| !known.contains(&field.as_str()))?;
    let nearest = nearest_name(unknown, known, 3);
    let detail = match nearest {
        Some(nearest) => format!("There is no such field; did you mean `{nearest}`?"),
        None => format!("There is no such field; there are {}.", known.join(", ")),
    };
    Some(Problem::field(shortened(unknown), detail).nearest(nearest))
}

fn wrong_field(fields: &Map<String, Value>, subject: Subject) -> Option<Problem> {
    let (needed, ..) = subject.field();
    if !fields.contains_key(needed) {
        return Some(Problem::field(needed, format!("`{needed}` is missing.")));
    }
    let is_wrong =
        |(field, is_right, _): &FieldRule| fields.get(*field).is_some_and(|value| !is_right(value));
    let (field, _, detail) = [subject.field()].into_iter().chain(OPTIONS).find(is_wrong)?;
    Some(Problem::field(field, detail))
}

fn wrong_element(fields: &Map<String, Value>, subject: Subject) -> Option<Problem> {
    let (field, ..) = subject.field();
    let elements = fields.get(field)?.as_array()?;
    if elements.len() > MAX_ADDRESSES {
        return Some(too_many(elements.len()));
    }
    let index = elements.iter().position(|element| !element.is_string())?;
    let detail = "Each element of `emails` is a string, an address as it was typed.";
    Some(Problem::field(field, detail).at(index))
}

fn too_many(count: usize) -> Problem {
    let detail = format!(
        "A batch may have {MAX_ADDRESSES} addresses at most, and this one has {count}; send the rest \
         in further ones."
    );
    Problem::new(ProblemKind::TooManyAddresses, detail)
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

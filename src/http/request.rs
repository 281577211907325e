//! Parses the bodies of `POST /v1/validate` and `POST /v1/validate/batch`.

use std::borrow::Cow;
use std::time::Duration;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::error::Category;
use serde_path_to_error::Segment;

use super::problem::{Problem, ProblemKind};
use crate::did_you_mean::nearest_name;
use crate::roster::replace_lone_surrogates;
use crate::typo::Locale;
use crate::validator::Strictness;
use crate::verdict::Depth;

/// Most addresses of a batch.
const MAX_ADDRESSES: usize = 1_000;
/// The range of `timeout_ms`.
const TIMEOUT_MS: std::ops::RangeInclusive<u64> = 50..=30_000;
const TIMEOUT_RANGE: &str = "`timeout_ms` is a whole number from 50 to 30000.";
const DEPTHS: &str = "`depth` is one of syntax, domain, mailbox.";

/// A valid body with one address.
pub(super) struct ValidateBody<'a> {
    pub(super) email: Cow<'a, str>,
    pub(super) options: Options,
}

/// A valid body with many addresses.
pub(super) struct BatchBody {
    pub(super) emails: Vec<String>,
    pub(super) options: Options,
}

/// The fields that both bodies have, each in its range.
pub(super) struct Options {
    pub(super) depth: Depth,
    pub(super) timeout: Option<Duration>,
    pub(super) strictness: Strictness,
    pub(super) locale: Option<Locale>,
}

/// A body as it was sent: both kinds, so that a field of the other kind is diagnosed as unknown.
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

/// Refuses `null` as the value of a field.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A string that borrows from the body unless it has escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct LenientText<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> ValidateBody<'a> {
    pub(super) fn parse(bytes: &'a mut [u8]) -> Result<Self, Problem> {
        let mut raw = parse(lenient(bytes), Subject::One)?;
        match (raw.email.take(), &raw.emails) {
            (Some(LenientText(email)), None) => Ok(Self { email, options: Options::of(&raw)? }),
            (_, Some(_)) => Err(Subject::One.unknown_field("emails")),
            (None, None) => Err(Subject::One.missing_field()),
        }
    }
}

impl BatchBody {
    pub(super) fn parse(bytes: &mut [u8]) -> Result<Self, Problem> {
        let mut raw = parse(lenient(bytes), Subject::Many)?;
        match (raw.emails.take(), &raw.email) {
            (Some(emails), _) if emails.len() > MAX_ADDRESSES => Err(too_many(emails.len())),
            (Some(emails), None) => {
                let options = Options::of(&raw)?;
                let emails =
                    emails.into_iter().map(|LenientText(email)| email.into_owned()).collect();
                Ok(Self { emails, options })
            }
            (_, Some(_)) => Err(Subject::Many.unknown_field("email")),
            (None, None) => Err(Subject::Many.missing_field()),
        }
    }
}

impl Options {
    fn of(raw: &RawRequest<'_>) -> Result<Self, Problem> {
        Ok(Self {
            depth: raw.depth.as_ref().map_or(Ok(Depth::Domain), |code| depth(&code.0))?,
            timeout: raw.timeout_ms.map(timeout).transpose()?,
            strictness: match raw.strict {
                Some(true) => Strictness::Strict,
                Some(false) | None => Strictness::Lenient,
            },
            locale: raw.locale.as_ref().map(|tag| locale(&tag.0)).transpose()?,
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
    TIMEOUT_MS
        .contains(&ms)
        .then(|| Duration::from_millis(ms))
        .ok_or_else(|| Problem::field("timeout_ms", TIMEOUT_RANGE))
}

/// Which body a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// One address.
    One,
    /// A batch of addresses.
    Many,
}

/// The name of a field, and the sentence about a wrong value.
type FieldRule = (&'static str, &'static str);

const OPTIONS: [FieldRule; 4] = [
    ("depth", DEPTHS),
    ("timeout_ms", TIMEOUT_RANGE),
    ("strict", "`strict` is true or false."),
    ("locale", "`locale` is a language tag such as `fr` or `pt-BR`."),
];

impl Subject {
    /// The field that must be there.
    fn required(self) -> FieldRule {
        match self {
            Self::One => ("email", "`email` is a string, the address as it was typed."),
            Self::Many => ("emails", "`emails` is a list of strings."),
        }
    }

    fn fields(self) -> [FieldRule; 5] {
        let [depth, timeout, strict, locale] = OPTIONS;
        [self.required(), depth, timeout, strict, locale]
    }

    /// A valid body.
    pub(super) fn example(self) -> &'static str {
        match self {
            Self::One => r#"{"email": "joe@example.org"}"#,
            Self::Many => r#"{"emails": ["joe@example.org", "sue@example.org"]}"#,
        }
    }

    fn missing_field(self) -> Problem {
        let (field, _) = self.required();
        Problem::field(field, format!("`{field}` is missing."))
    }

    fn unknown_field(self, field: &str) -> Problem {
        let known = self.fields().map(|(name, _)| name);
        let nearest = nearest_name(field, known, 3);
        let detail = match nearest {
            Some(nearest) => format!("There is no such field; did you mean `{nearest}`?"),
            None => format!("There is no such field; there are {}.", known.join(", ")),
        };
        // The name is the client's own text: enough of it to recognise it.
        let field: String = field.chars().take(40).collect();
        Problem::field(field, detail).nearest(nearest)
    }

    /// A field of a wrong type.
    fn wrong_field(self, field: &str, index: Option<usize>) -> Problem {
        match (self.fields().into_iter().find(|(name, _)| *name == field), index) {
            (None, _) => self.unknown_field(field),
            (Some((name, detail)), None) => Problem::field(name, detail),
            (Some((name, _)), Some(index)) => {
                let detail = "Each element of `emails` is a string, an address as it was typed.";
                Problem::field(name, detail).at(index)
            }
        }
    }
}

/// Tolerates what well-meaning clients send: a byte order mark (RFC 8259 §8.1), half of a surrogate pair.
fn lenient(bytes: &mut [u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    replace_lone_surrogates(bytes);
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

fn parse(bytes: &[u8], subject: Subject) -> Result<RawRequest<'_>, Problem> {
    // serde would accept an array of the fields' values as well.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(not_an_object(bytes, subject));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let raw = serde_path_to_error::deserialize(&mut json)
        .map_err(|error| invalid(&error, bytes, subject))?;
    json.end().map_err(|error| not_json(&error, bytes))?;
    Ok(raw)
}

fn not_an_object(bytes: &[u8], subject: Subject) -> Problem {
    let is = if bytes.trim_ascii().is_empty() { "is empty; it has to be" } else { "has to be" };
    let detail = format!("The body {is} a JSON object such as {}.", subject.example());
    not_utf_8(bytes).unwrap_or_else(|| Problem::new(ProblemKind::BadJson, detail))
}

fn not_utf_8(bytes: &[u8]) -> Option<Problem> {
    let at = std::str::from_utf8(bytes).err()?.valid_up_to();
    Some(Problem::new(ProblemKind::BadJson, format!("The body is not UTF-8 from byte {at} on.")))
}

fn not_json(error: &serde_json::Error, bytes: &[u8]) -> Problem {
    let (line, column) = (error.line(), error.column());
    let detail = format!("The body is not JSON from line {line}, column {column} on.");
    not_utf_8(bytes).unwrap_or_else(|| Problem::new(ProblemKind::BadJson, detail))
}

fn invalid(
    error: &serde_path_to_error::Error<serde_json::Error>,
    bytes: &[u8],
    subject: Subject,
) -> Problem {
    if error.inner().classify() != Category::Data {
        return not_json(error.inner(), bytes);
    }
    // That the rest is no JSON matters more than a wrong field.
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return not_json(&error, bytes);
    }
    let mut path = error.path().iter();
    match (path.next(), path.next()) {
        (Some(Segment::Map { key }), Some(Segment::Seq { index })) => {
            subject.wrong_field(key, Some(*index))
        }
        (Some(Segment::Map { key }), _) => subject.wrong_field(key, None),
        // serde names no field that is there twice.
        _ => Problem::new(ProblemKind::BadJson, "Each field of the body may be there once only."),
    }
}

fn too_many(count: usize) -> Problem {
    let detail = format!(
        "A batch may have at most {MAX_ADDRESSES} addresses, and this one has {count}; send the others in \
         further batches."
    );
    Problem::new(ProblemKind::TooManyAddresses, detail)
}

//! Checks the declared type and encoding of a body.

use axum::http::{HeaderMap, header};

use super::problem::{Problem, ProblemKind};
use super::request::Subject;

/// Refuses a body whose headers say that it is no JSON, not UTF-8, or compressed.
pub(super) fn check(headers: &HeaderMap, subject: Subject) -> Result<(), Problem> {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let line = lines.next();
    if lines.next().is_some() {
        // It is no list header (RFC 9110 §5.3), and a proxy may have used another line than the service.
        let detail = "The header `Content-Type` may be there once only.";
        return Err(Problem::new(ProblemKind::BadRequest, detail));
    }
    let line = line.and_then(|line| line.to_str().ok()).unwrap_or_default();
    let mut parts = line.split(';').map(str::trim);
    match parts.next().map_or(DeclaredBody::Other, DeclaredBody::of_type) {
        DeclaredBody::Json => {}
        DeclaredBody::Form => {
            let why = "The body of a form is not accepted.";
            return Err(unreadable(format!("{why} {}", what_to_send(subject))));
        }
        DeclaredBody::Other => return Err(unreadable(what_to_send(subject))),
    }
    if !parts.filter_map(charset).all(is_utf_8) {
        return Err(unreadable("Send the body as UTF-8, as JSON requires (RFC 8259 §8.1)."));
    }
    if is_encoded(headers) {
        return Err(unreadable("Send the body uncompressed, without `Content-Encoding`."));
    }
    Ok(())
}

/// An example of a body, and its header.
pub(super) fn what_to_send(subject: Subject) -> String {
    let example = subject.example();
    format!("Send a body such as {example} with the header `Content-Type: application/json`.")
}

fn unreadable(detail: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::ContentType, detail)
}

/// The declared type of a body.
enum DeclaredBody {
    Json,
    Form,
    Other,
}

impl DeclaredBody {
    /// JSON is `application/json` and `application/…+json`; HTML forms have two types.
    fn of_type(essence: &str) -> Self {
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        let begins =
            essence.get(..12).is_some_and(|start| start.eq_ignore_ascii_case("application/"));
        let ends = || {
            let end = essence.len().checked_sub(5).and_then(|at| essence.get(at..));
            end.is_some_and(|end| end.eq_ignore_ascii_case("+json"))
        };
        match () {
            () if is("application/json") || (begins && ends()) => Self::Json,
            () if is("application/x-www-form-urlencoded") || is("multipart/form-data") => {
                Self::Form
            }
            () => Self::Other,
        }
    }
}

/// The value of a `charset` parameter.
fn charset(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
}

fn is_utf_8(charset: &str) -> bool {
    ["utf-8", "utf8", "us-ascii"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// Whether the body is compressed or otherwise encoded (RFC 9110 §8.4).
fn is_encoded(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_ENCODING).iter();
    lines.any(|line| !line.is_empty() && !line.as_bytes().eq_ignore_ascii_case(b"identity"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_bodies() {
        // The headers, the status.
        let cases: [(&[&str], u16); 19] = [
            (&["application/json"], 200),
            (&["Application/JSON"], 200),
            (&["application/json; charset=utf-8"], 200),
            (&["application/json;charset=\"UTF-8\""], 200),
            (&["application/json; charset=utf8"], 200),
            (&["application/json; charset=us-ascii"], 200),
            (&["application/problem+json; profile=x"], 200),
            (&["application/json;"], 200),
            (&["application/json; charset=utf-16"], 415),
            (&["application/json; Charset = \"UTF-16LE\""], 415),
            (&["application/json; charset=utf-8; charset=iso-8859-1"], 415),
            (&["application/json; charset="], 415),
            (&["application/x-www-form-urlencoded"], 415),
            (&["multipart/form-data; boundary=x"], 415),
            (&["application/jsonp"], 415),
            (&["+json"], 415),
            (&[], 415),
            (&["application/json", "application/json"], 400),
            (&["text/plain", "application/json"], 400),
        ];
        for (lines, status) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::CONTENT_TYPE, line.parse().unwrap());
            }
            let refused = check(&headers, Subject::One).err();
            let refused = refused.map_or(200, |problem| problem.status().as_u16());
            assert_eq!(refused, status, "{lines:?}");
        }
    }
}

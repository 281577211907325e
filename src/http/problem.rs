//! The error answers of the service: `application/problem+json` (RFC 9457).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    kind: ProblemKind,
    detail: String,
    field: Option<String>,
    index: Option<usize>,
    nearest: Option<&'static str>,
}

/// The kinds of problem, each with its code, title and status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemKind {
    /// A header that must be unique is there twice.
    BadRequest,
    /// The body is no JSON object, or has a field twice.
    BadJson,
    /// The request comes from a web page of another origin, or through an untrusted proxy.
    OriginNotAllowed,
    /// A client on another machine uses a service without keys.
    MissingKey,
    NotFound,
    MethodNotAllowed,
    /// The client took too long to send the body.
    RequestTimeout,
    /// The body is too long.
    TooLarge,
    /// The batch has too many addresses.
    TooManyAddresses,
    /// The headers say that the body is no JSON, or compressed.
    ContentType,
    /// A field is missing, unknown or has a wrong value.
    InvalidField,
    Internal,
    Overloaded,
    Draining,
}

impl ProblemKind {
    fn code(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::BadJson => "bad_json",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::MissingKey => "missing_key",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::TooLarge => "too_large",
            Self::TooManyAddresses => "too_many_addresses",
            Self::ContentType => "content_type",
            Self::InvalidField => "invalid_field",
            Self::Internal => "internal",
            Self::Overloaded => "overloaded",
            Self::Draining => "draining",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::BadRequest => "The request is invalid",
            Self::BadJson => "The body is invalid",
            Self::OriginNotAllowed => "Origin not allowed",
            Self::MissingKey => "A key is missing",
            Self::NotFound => "No such route",
            Self::MethodNotAllowed => "Wrong method",
            Self::RequestTimeout => "The request took too long",
            Self::TooLarge => "The body is too long",
            Self::TooManyAddresses => "Too many addresses at once",
            Self::ContentType => "The body must be JSON",
            Self::InvalidField => "A field is invalid",
            Self::Internal => "Internal error",
            Self::Overloaded => "The service is overloaded",
            Self::Draining => "The service is stopping",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::BadRequest | Self::BadJson => StatusCode::BAD_REQUEST,
            Self::OriginNotAllowed => StatusCode::FORBIDDEN,
            Self::MissingKey => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge | Self::TooManyAddresses => StatusCode::PAYLOAD_TOO_LARGE,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::InvalidField => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Overloaded | Self::Draining => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Problem {
    /// `detail` says what to change. It must not repeat an address.
    pub(super) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), field: None, index: None, nearest: None }
    }

    /// A problem with one field of the body.
    pub(super) fn field(field: impl Into<String>, detail: impl Into<String>) -> Self {
        let field = Some(field.into());
        Self { field, ..Self::new(ProblemKind::InvalidField, detail) }
    }

    pub(super) fn status(&self) -> StatusCode {
        self.kind.status()
    }

    /// An internal error. The answer does not say which.
    pub(super) fn internal() -> Self {
        let detail =
            "The request could not be answered because of an internal error; please report it.";
        Self::new(ProblemKind::Internal, detail)
    }

    pub(super) fn overloaded() -> Self {
        let detail = "The service has too many requests already; try again in a second or later.";
        Self::new(ProblemKind::Overloaded, detail)
    }

    /// Names the element of a list, counted from 0.
    #[must_use]
    pub(super) fn at(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }

    /// Names the known field most like the one that was sent.
    #[must_use]
    pub(super) fn nearest(self, nearest: Option<&'static str>) -> Self {
        Self { nearest, ..self }
    }
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'static str>,
}

impl Problem {
    fn json(&self) -> Vec<u8> {
        let json = JsonProblem {
            r#type: format!("urn:mailvet:problem:{}", self.kind.code()),
            title: self.kind.title(),
            status: self.status().as_u16(),
            detail: &self.detail,
            field: self.field.as_deref(),
            index: self.index,
            nearest: self.nearest,
        };
        // It cannot fail: there are only strings and numbers.
        serde_json::to_vec(&json).unwrap_or_default()
    }

    /// The bytes of a whole answer, after which the connection is closed.
    pub(super) fn bare(&self) -> Vec<u8> {
        let (status, body) = (self.status(), self.json());
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
             retry-after: 1\r\nconnection: close\r\n\r\n",
            body.len()
        );
        [head.into_bytes(), body].concat()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = Response::new(Body::from(self.json()));
        *response.status_mut() = status;
        let content_type = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // RFC 9110 §11.6.1: a 401 must name an authentication scheme.
            StatusCode::UNAUTHORIZED => {
                let scheme = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
            }
            _ => {}
        }
        response
    }
}

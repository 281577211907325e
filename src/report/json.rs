//! The report as JSON: the one place that names its fields.

use jiff::Timestamp;
use serde::Serialize;

use super::{AddressFacts, Flags, MailboxFacts, Report, beginning};
use crate::evidence::CatchAll;
use crate::route::HostName;
use crate::verdict::Reason;

/// Which fields a JSON report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// All of them.
    Full,
    /// All of them, and what the mail server said: for the operator's eyes alone.
    WithReply,
    /// None that tell when and how the evidence was come by, so that equal evidence gives equal bytes.
    Evidence,
}

/// A report to be written as JSON.
///
/// The fields borrow from the [`Report`]; the README tells what each of them means.
#[derive(Serialize)]
pub struct JsonReport<'a> {
    email: &'a str,
    verdict: &'static str,
    advice: &'static str,
    reasons: Vec<&'static str>,
    message: &'a str,
    suggestion: Option<JsonSuggestion<'a>>,
    checks: JsonChecks,
    depth: &'static str,
    address: Option<JsonAddress<'a>>,
    flags: Option<JsonFlags>,
    provider: Option<&'a str>,
    dns: JsonDns<'a>,
    mailbox: Option<JsonMailbox<'a>>,
    syntax_error: Option<JsonSyntaxError>,
    #[serde(flatten)]
    course: Option<JsonCourse>,
}

#[derive(Serialize)]
struct JsonSuggestion<'a> {
    email: &'a str,
    domain: &'a str,
    confidence: f64,
}

#[derive(Serialize)]
struct JsonChecks {
    syntax: &'static str,
    domain: &'static str,
    mailbox: &'static str,
}

#[derive(Serialize)]
struct JsonAddress<'a> {
    normalized: String,
    ascii: Option<String>,
    local: &'a str,
    domain: String,
    domain_ascii: String,
    canonical: &'a str,
    tag: Option<&'a str>,
    smtputf8: bool,
    cleaned: bool,
}

#[derive(Serialize)]
struct JsonFlags {
    disposable: bool,
    relay: bool,
    role: bool,
    free: bool,
}

#[derive(Serialize)]
struct JsonDns<'a> {
    status: &'static str,
    mx: Vec<JsonMx<'a>>,
}

#[derive(Serialize)]
struct JsonMx<'a> {
    host: &'a str,
    preference: u16,
}

#[derive(Serialize)]
struct JsonMailbox<'a> {
    status: &'static str,
    code: Option<u16>,
    enhanced: Option<String>,
    host: Option<&'a str>,
    catch_all: &'static str,
    detail: Option<&'a str>,
    retry_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonSyntaxError {
    code: &'static str,
    message: &'static str,
    at: usize,
}

/// When and how the evidence was come by.
#[derive(Serialize)]
struct JsonCourse {
    checked_at: String,
    valid_until: Option<String>,
    cached: bool,
    elapsed_ms: f64,
}

impl Report {
    /// The report in the form of JSON.
    pub fn json(&self, form: Form) -> JsonReport<'_> {
        let judgement = &self.judgement;
        JsonReport {
            email: &self.email,
            verdict: judgement.verdict.code(),
            advice: judgement.advice.code(),
            reasons: judgement.reasons.iter().copied().map(Reason::code).collect(),
            message: &self.message,
            suggestion: self.suggestion.as_ref().map(|meant| JsonSuggestion {
                email: &meant.email,
                domain: &meant.domain,
                confidence: meant.confidence.probability(),
            }),
            checks: JsonChecks {
                syntax: judgement.checks.syntax.code(),
                domain: judgement.checks.domain.code(),
                mailbox: judgement.checks.mailbox.code(),
            },
            depth: judgement.depth.code(),
            address: self.address.as_ref().map(json_address),
            flags: self.address.as_ref().map(|facts| json_flags(facts.flags)),
            provider: self.address.as_ref().and_then(|facts| facts.provider.as_deref()),
            dns: json_dns(self),
            mailbox: self.mailbox.as_ref().map(|facts| json_mailbox(facts, form)),
            syntax_error: self.syntax_error.map(|error| JsonSyntaxError {
                code: error.code.code(),
                message: error.code.message(),
                at: error.at,
            }),
            course: match form {
                Form::Full | Form::WithReply => Some(json_course(self)),
                Form::Evidence => None,
            },
        }
    }
}

fn json_address(facts: &AddressFacts) -> JsonAddress<'_> {
    let address = &facts.address;
    JsonAddress {
        normalized: address.normalized(),
        ascii: address.ascii(),
        local: address.local().as_str(),
        domain: address.host().unicode().into_owned(),
        domain_ascii: address.host().ascii().into_owned(),
        canonical: &facts.canonical.key,
        tag: facts.canonical.tag.as_deref(),
        smtputf8: address.local().needs_smtputf8(),
        cleaned: facts.cleaned,
    }
}

fn json_flags(flags: Flags) -> JsonFlags {
    let Flags { disposable, relay, role, free } = flags;
    JsonFlags { disposable, relay, role, free }
}

fn json_dns(report: &Report) -> JsonDns<'_> {
    let mx = report.dns.exchangers().iter().map(|exchanger| JsonMx {
        host: exchanger.host.as_str(),
        preference: exchanger.preference,
    });
    JsonDns { status: report.dns.code(), mx: mx.collect() }
}

fn json_mailbox(facts: &MailboxFacts, form: Form) -> JsonMailbox<'_> {
    let evidence = &facts.evidence;
    JsonMailbox {
        status: evidence.status.code(),
        code: evidence.code,
        enhanced: evidence.enhanced.map(|enhanced| enhanced.to_string()),
        host: evidence.host.as_ref().map(HostName::as_str),
        catch_all: evidence.status.catch_all().unwrap_or(CatchAll::Unknown).code(),
        detail: evidence.detail.as_deref(),
        retry_at: evidence.retry_at.map(rfc3339),
        text: match form {
            Form::WithReply => evidence.text.as_deref().map(beginning),
            Form::Full | Form::Evidence => None,
        },
    }
}

fn json_course(report: &Report) -> JsonCourse {
    JsonCourse {
        checked_at: rfc3339(report.checked_at()),
        valid_until: report.valid_until().map(rfc3339),
        cached: report.is_cached(),
        elapsed_ms: (report.elapsed.as_secs_f64() * 10_000.0).round() / 10.0,
    }
}

/// RFC 3339 in UTC, whole seconds.
pub(super) fn rfc3339(time: Timestamp) -> String {
    format!("{time:.0}")
}

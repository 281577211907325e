//! The report as JSON.
//!
//! Names and order of the fields are those of [`JsonReport`] and of the types in it.

use jiff::Timestamp;
use serde::Serialize;

use super::{AddressFacts, MailboxFacts, Report, SuggestedAddress, beginning};
use crate::evidence::CatchAll;
use crate::route::HostName;
use crate::verdict::{Advice, Checks, Depth, Flags, Reason, Verdict};

/// Which fields a JSON report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonForm {
    /// All but the mail server's own words.
    Full,
    /// All, with the mail server's own words: for the operator alone.
    WithReply,
    /// Without the times and the origin of the evidence, so that equal evidence gives equal bytes.
    Evidence,
}

/// A report as it is serialised. The README says what each field means.
#[derive(Serialize)]
pub struct JsonReport<'a> {
    email: &'a str,
    verdict: Verdict,
    advice: Advice,
    reasons: &'a [Reason],
    message: &'a str,
    suggestion: Option<&'a SuggestedAddress>,
    checks: Checks,
    depth: Depth,
    address: Option<JsonParsedAddress<'a>>,
    flags: Option<Flags>,
    provider: Option<&'a str>,
    dns: JsonDns<'a>,
    mailbox: Option<JsonMailbox<'a>>,
    syntax_error: Option<JsonSyntaxError>,
    #[serde(flatten)]
    timing: Option<JsonTiming>,
}

#[derive(Serialize)]
struct JsonParsedAddress<'a> {
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

/// When the evidence was gathered, and whether it was cached.
#[derive(Serialize)]
struct JsonTiming {
    checked_at: String,
    valid_until: Option<String>,
    cached: bool,
    elapsed_ms: f64,
}

impl Report {
    /// The report as it is serialised.
    pub fn json(&self, form: JsonForm) -> JsonReport<'_> {
        let judgement = &self.judgement;
        JsonReport {
            email: &self.email,
            verdict: judgement.verdict,
            advice: judgement.advice,
            reasons: &judgement.reasons,
            message: &self.message,
            suggestion: self.suggestion.as_ref(),
            checks: judgement.checks,
            depth: judgement.depth,
            address: self.address.as_ref().map(json_parsed_address),
            flags: self.address.as_ref().map(|facts| facts.flags),
            provider: self.address.as_ref().and_then(|facts| facts.provider.as_deref()),
            dns: json_dns(self),
            mailbox: self.mailbox.as_ref().map(|facts| json_mailbox(facts, form)),
            syntax_error: self.syntax_error.map(|error| JsonSyntaxError {
                code: error.code.code(),
                message: error.code.message(),
                at: error.at,
            }),
            timing: match form {
                JsonForm::Full | JsonForm::WithReply => Some(json_timing(self)),
                JsonForm::Evidence => None,
            },
        }
    }
}

fn json_parsed_address(facts: &AddressFacts) -> JsonParsedAddress<'_> {
    let address = &facts.address;
    JsonParsedAddress {
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

fn json_dns(report: &Report) -> JsonDns<'_> {
    let mx = report.dns.exchangers().iter().map(|exchanger| JsonMx {
        host: exchanger.host.as_str(),
        preference: exchanger.preference,
    });
    JsonDns { status: report.dns.code(), mx: mx.collect() }
}

fn json_mailbox(facts: &MailboxFacts, form: JsonForm) -> JsonMailbox<'_> {
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
            JsonForm::WithReply => evidence.text.as_deref().map(beginning),
            JsonForm::Full | JsonForm::Evidence => None,
        },
    }
}

fn json_timing(report: &Report) -> JsonTiming {
    JsonTiming {
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

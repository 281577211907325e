//! The summary as JSON.

use serde::{Serialize, Serializer};

use super::{FailingDomain, KindCounts, ListedAddress, RowCounts, Summary, TypoCount};
use crate::verdict::{Advice, Verdict};

/// The summary as JSON. It holds foreign text: [`crate::report::visible_json`] escapes it.
#[derive(Serialize)]
pub struct JsonSummary<'a> {
    depth: &'static str,
    rows: JsonRows,
    verdicts: Counts,
    advice: Counts,
    reasons: Counts,
    duplicates: u64,
    several_addresses: u64,
    unreadable: u64,
    kept: u64,
    typos: Vec<JsonTypo<'a>>,
    failing_domains: Vec<JsonFailing<'a>>,
    kinds: JsonKinds,
    domains_asked: u64,
    elapsed_seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<Vec<JsonAddress<'a>>>,
}

#[derive(Serialize)]
struct JsonRows {
    read: u64,
    written: u64,
    left_out: u64,
    suppressed: u64,
    rejected: u64,
    asides: u64,
}

#[derive(Serialize)]
struct JsonTypo<'a> {
    typed: &'a str,
    meant: &'a str,
    rows: u64,
}

#[derive(Serialize)]
struct JsonFailing<'a> {
    domain: &'a str,
    reason: &'static str,
    rows: u64,
}

#[derive(Serialize)]
struct JsonKinds {
    free: u64,
    disposable: u64,
    role: u64,
    relay: u64,
}

#[derive(Serialize)]
struct JsonAddress<'a> {
    row: u64,
    email: &'a str,
    verdict: &'static str,
    reason: &'static str,
    suggestion: Option<&'a str>,
}

/// Numbers by code, as one object in this order.
struct Counts(Vec<(&'static str, u64)>);

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

impl Summary {
    pub fn json(&self) -> JsonSummary<'_> {
        let verdicts = Verdict::ALL.map(Verdict::code).into_iter().zip(self.verdicts);
        let advice = Advice::ALL.map(Advice::code).into_iter().zip(self.advice);
        JsonSummary {
            depth: self.depth.code(),
            rows: json_rows(self.rows),
            verdicts: Counts(verdicts.collect()),
            advice: Counts(advice.collect()),
            reasons: Counts(self.reasons.clone()),
            duplicates: self.duplicates,
            several_addresses: self.several_addresses,
            unreadable: self.unreadable,
            kept: self.kept,
            typos: self.typos.iter().map(json_typo).collect(),
            failing_domains: self.failing.iter().map(json_failing).collect(),
            kinds: json_kinds(self.kinds),
            domains_asked: self.domains_asked,
            elapsed_seconds: (self.elapsed.as_secs_f64() * 1_000.0).round() / 1_000.0,
            addresses: self
                .addresses
                .as_ref()
                .map(|listed| listed.iter().map(json_address).collect()),
        }
    }
}

fn json_rows(rows: RowCounts) -> JsonRows {
    let RowCounts { read, written, left_out, suppressed, rejected, non_data, .. } = rows;
    JsonRows { read, written, left_out, suppressed, rejected, asides: non_data }
}

fn json_typo(typo: &TypoCount) -> JsonTypo<'_> {
    JsonTypo { typed: &typo.typed, meant: &typo.meant, rows: typo.rows }
}

fn json_failing(failing: &FailingDomain) -> JsonFailing<'_> {
    JsonFailing { domain: &failing.domain, reason: failing.reason, rows: failing.rows }
}

fn json_kinds(kinds: KindCounts) -> JsonKinds {
    let KindCounts { free, disposable, role, relay } = kinds;
    JsonKinds { free, disposable, role, relay }
}

fn json_address(listed: &ListedAddress) -> JsonAddress<'_> {
    JsonAddress {
        row: listed.row,
        email: &listed.email,
        verdict: listed.verdict.code(),
        reason: listed.reason,
        suggestion: listed.suggestion.as_deref(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use crate::report::visible_json;

    fn written(summary: &super::Summary) -> String {
        String::from_utf8(visible_json(&summary.json()).unwrap()).unwrap()
    }

    #[test]
    fn a_full_summary() {
        let expected = concat!(
            r#"{"depth":"domain","#,
            r#""rows":{"read":1000000,"written":990000,"left_out":8000,"suppressed":1500,"rejected":500,"asides":3},"#,
            r#""verdicts":{"deliverable":0,"plausible":936500,"risky":21000,"undeliverable":30000,"unknown":11000},"#,
            r#""advice":{"accept":947500,"confirm":22000,"reject":29000},"#,
            r#""reasons":{"domain_accepts_mail":936500,"role_account":31000,"domain_not_found":24000,"#,
            r#""domain_typo":19800,"dns_timeout":10500,"syntax_no_at":6000,"disposable":1200,"row_not_utf8":500},"#,
            r#""duplicates":12030,"several_addresses":31,"unreadable":500,"kept":4000,"#,
            r#""typos":[{"typed":"gmal.com","meant":"gmail.com","rows":1204},{"typed":"yahooo.com","meant":"yahoo.com","rows":1}],"#,
            r#""failing_domains":[{"domain":"firma-alt.example","reason":"domain_not_found","rows":312},"#,
            r#"{"domain":"langsam.example","reason":"dns_timeout","rows":97}],"#,
            r#""kinds":{"free":612000,"disposable":1200,"role":31000,"relay":0},"#,
            r#""domains_asked":40112,"elapsed_seconds":112.346}"#,
        );
        assert_eq!(written(&samples::full()), expected);
    }

    #[test]
    fn an_empty_summary() {
        let expected = concat!(
            r#"{"depth":"syntax","rows":{"read":0,"written":0,"left_out":0,"suppressed":0,"rejected":0,"asides":0},"#,
            r#""verdicts":{"deliverable":0,"plausible":0,"risky":0,"undeliverable":0,"unknown":0},"#,
            r#""advice":{"accept":0,"confirm":0,"reject":0},"reasons":{},"duplicates":0,"several_addresses":0,"#,
            r#""unreadable":0,"kept":0,"typos":[],"failing_domains":[],"#,
            r#""kinds":{"free":0,"disposable":0,"role":0,"relay":0},"domains_asked":0,"elapsed_seconds":0.0}"#,
        );
        assert_eq!(written(&samples::empty()), expected);
    }

    #[test]
    fn addresses_where_they_are_wanted() {
        let json = written(&samples::hostile());
        let expected = concat!(
            r#""addresses":[{"row":2,"email":"<script>alert('1')</script>@gmal.com","verdict":"undeliverable","#,
            r#""reason":"syntax_local_bad_character","suggestion":null},"#,
            r#"{"row":3,"email":"a\"b\u202ec&d@gmal.com","verdict":"risky","reason":"domain_typo","#,
            r#""suggestion":"a\"b\u202ec&d@gmail.com"}]}"#,
        );
        assert!(json.ends_with(expected), "{json}");
        let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(parsed["addresses"][1]["email"], "a\"b\u{202e}c&d@gmal.com");
    }
}

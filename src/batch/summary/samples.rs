//! Summaries for tests.

use std::time::Duration;

use super::{
    FailingDomain, KindCounts, ListedAddress, MailServerCounts, RowCounts, Summary, TypoCount,
};
use crate::verdict::{Depth, Verdict};

pub(super) fn typo(typed: &str, meant: &str, rows: u64) -> TypoCount {
    TypoCount { typed: typed.into(), meant: meant.into(), rows }
}

pub(super) fn failing(domain: &str, reason: &'static str, rows: u64) -> FailingDomain {
    FailingDomain { domain: domain.into(), reason, rows }
}

/// A list without rows.
pub(super) fn empty() -> Summary {
    Summary {
        depth: Depth::Syntax,
        rows: RowCounts::default(),
        verdicts: [0; 5],
        advice: [0; 3],
        reasons: Vec::new(),
        duplicates: 0,
        several_addresses: 0,
        unreadable: 0,
        kept: 0,
        typos: Vec::new(),
        failing: Vec::new(),
        kinds: KindCounts::default(),
        domains_asked: 0,
        mail_servers: MailServerCounts::default(),
        elapsed: Duration::ZERO,
        addresses: None,
    }
}

/// Of a list with something of everything but addresses.
pub(super) fn full() -> Summary {
    Summary {
        depth: Depth::Domain,
        rows: RowCounts {
            read: 1_000_000,
            written: 990_000,
            left_out: 8_000,
            suppressed: 1_500,
            rejected: 500,
            non_data: 3,
            non_data_left_out: 0,
            not_utf8: 0,
            recoded: 0,
        },
        verdicts: [0, 936_500, 21_000, 30_000, 11_000],
        advice: [947_500, 22_000, 29_000],
        reasons: vec![
            ("domain_accepts_mail", 936_500),
            ("role_account", 31_000),
            ("domain_not_found", 24_000),
            ("domain_typo", 19_800),
            ("dns_timeout", 10_500),
            ("syntax_no_at", 6_000),
            ("disposable", 1_200),
            ("row_not_utf8", 500),
        ],
        duplicates: 12_030,
        several_addresses: 31,
        unreadable: 500,
        kept: 4_000,
        typos: vec![typo("gmal.com", "gmail.com", 1_204), typo("yahooo.com", "yahoo.com", 1)],
        failing: vec![
            failing("firma-alt.example", "domain_not_found", 312),
            failing("langsam.example", "dns_timeout", 97),
        ],
        kinds: KindCounts { free: 612_000, disposable: 1_200, role: 31_000, relay: 0 },
        domains_asked: 40_112,
        mail_servers: MailServerCounts::default(),
        elapsed: Duration::from_micros(112_345_678),
        addresses: None,
    }
}

/// A list made to deceive the readers of its summary.
pub(super) fn hostile() -> Summary {
    let listed = |row, email: &str, verdict, reason, suggestion: Option<&str>| ListedAddress {
        row,
        email: email.into(),
        verdict,
        reason,
        suggestion: suggestion.map(Into::into),
    };
    Summary {
        rows: RowCounts { read: 2, written: 2, ..RowCounts::default() },
        verdicts: [0, 0, 1, 1, 0],
        advice: [0, 1, 1],
        typos: vec![typo("<b>\u{202e}\"x'&.com", "\u{1b}[2Jx.com", 1)],
        failing: vec![failing("<img src=x onerror=alert(2)>", "", 1)],
        addresses: Some(vec![
            listed(
                2,
                "<script>alert('1')</script>@gmal.com",
                Verdict::Undeliverable,
                "syntax_local_bad_character",
                None,
            ),
            listed(
                3,
                "a\"b\u{202e}c&d@gmal.com",
                Verdict::Risky,
                "domain_typo",
                Some("a\"b\u{202e}c&d@gmail.com"),
            ),
        ]),
        ..empty()
    }
}

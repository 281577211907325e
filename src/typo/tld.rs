//! Typos in the top-level domain of any domain: `mycompany.con`.
//!
//! No list has every domain, so this is only a candidate: it is suggested where the typed domain does not
//! exist and the candidate accepts mail. `validator/corrected_tld.rs` asks the DNS about both.

use super::Confidence;
use super::keyboard::KeyboardLayout;
use super::typos::{Log10, best_typos_behind_dot};
use crate::address::Domain;

/// The typed domain with its ending corrected.
// No `Debug`: it may be a person's own domain.
pub struct TldCorrection {
    pub domain: Domain,
    /// How likely it was meant, given that it accepts mail and the typed domain does not exist.
    pub confidence: Confidence,
}

/// The most frequent endings, and how likely each is.
const ENDINGS: [(&str, Log10); 32] = [
    ("com", -0.3),
    ("net", -1.4),
    ("org", -1.4),
    ("de", -1.5),
    ("co.uk", -1.6),
    ("fr", -1.8),
    ("it", -1.8),
    ("nl", -1.8),
    ("ru", -1.8),
    ("com.br", -1.8),
    ("com.au", -1.9),
    ("pl", -1.9),
    ("es", -1.9),
    ("ca", -1.9),
    ("ch", -2.0),
    ("jp", -2.0),
    ("co.jp", -2.0),
    ("be", -2.1),
    ("at", -2.1),
    ("se", -2.1),
    ("eu", -2.1),
    ("edu", -2.1),
    ("gov", -2.4),
    ("dk", -2.2),
    ("no", -2.2),
    ("cz", -2.2),
    ("in", -2.2),
    ("co.in", -2.3),
    ("info", -2.3),
    ("com.mx", -2.3),
    ("com.ar", -2.3),
    ("co.nz", -2.3),
];

/// Endings that exist, and yet are typos of `com` where the domain does not.
const MOSTLY_TYPOS: [&str; 3] = ["cm", "co", "om"];
/// How likely a candidate that accepts mail is meant, where the typed ending does not exist.
const OF_INVALID: f64 = 0.85;
/// The same where the typed ending exists, the typed domain does not.
const OF_ABSENT: f64 = 0.65;
/// Less likely candidates are not worth a DNS question.
const LEAST: f64 = 0.5;
/// `mycompany.com.com`
const REPEATED: Log10 = -3.4;

/// What was probably meant by a domain that does not exist, if the typo is in its ending: at most one
/// domain, so that one address costs at most one more look-up.
pub fn tld_typo(typed: &Domain) -> Option<TldCorrection> {
    let text = typed.ascii();
    let mut found: Vec<(&str, &str, Log10)> = Vec::new();
    for (at, _) in text.match_indices('.') {
        let (name, ending) = (&text[..at], &text[at + 1..]);
        let exists = psl::suffix(ending.as_bytes())
            .is_some_and(|suffix| suffix.is_known() && suffix.as_bytes() == ending.as_bytes());
        if exists && !MOSTLY_TYPOS.contains(&ending) && !is_twice(ending) {
            continue;
        }
        for (meant, share) in ENDINGS.iter().filter(|(meant, _)| *meant != ending) {
            if let Some(typo) = typo(ending, meant) {
                found.push((name, meant, share + typo));
            }
        }
    }
    let (name, meant, likelihood) = *found.iter().max_by(|one, other| one.2.total_cmp(&other.2))?;
    let all: f64 = found.iter().map(|(.., other)| 10f64.powf(other - likelihood)).sum();
    let exists = psl::suffix(text.as_bytes()).is_some_and(|suffix| suffix.is_known());
    let sure = if exists { OF_ABSENT } else { OF_INVALID } / all;
    Some(TldCorrection {
        domain: Domain::parse(&format!("{name}.{meant}")).ok()?,
        confidence: Confidence::from_probability(sure).filter(|_| sure >= LEAST)?,
    })
}

/// How likely `typed` is typed for the ending `meant`.
fn typo(typed: &str, meant: &str) -> Option<Log10> {
    if typed.strip_prefix(meant).is_some_and(|rest| rest.trim_start_matches('.') == meant) {
        return Some(REPEATED);
    }
    // With two typos, `.lan` would be corrected to a public ending.
    let typos =
        best_typos_behind_dot(typed.as_bytes(), meant.as_bytes(), 1, KeyboardLayout::of(None))?;
    Some(typos.likelihood())
}

/// `com.com`
fn is_twice(ending: &str) -> bool {
    ending.split_once('.').is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_that_do_not_exist_are_mended() {
        let cases = [
            ("mycompany.con", Some("mycompany.com")),
            ("mycompany.cmo", Some("mycompany.com")),
            ("mycompany.comm", Some("mycompany.com")),
            ("mycompany.vom", Some("mycompany.com")),
            ("mycompany.c0m", Some("mycompany.com")),
            ("mycompany.co", Some("mycompany.com")),
            ("mycompany.cm", Some("mycompany.com")),
            ("mycompany.com.com", Some("mycompany.com")),
            ("mycompany.couk", Some("mycompany.co.uk")),
            ("mycompany.co.ku", Some("mycompany.co.uk")),
            ("mail.mycompany.ogr", Some("mail.mycompany.org")),
            ("mycompany.nte", Some("mycompany.net")),
            ("bücher.con", Some("xn--bcher-kva.com")),
            ("mycompany.com", None),
            ("mycompany.de", None),
            ("mycompany.dev", None),
            ("mycompany.qqqq", None),
            ("mail.mycompany.lan", None),
            ("mycompany.test", None),
            ("mycompany.corp", None),
        ];
        for (typed, meant) in cases {
            let candidate = tld_typo(&Domain::parse(typed).unwrap());
            assert_eq!(candidate.as_ref().map(|found| found.domain.ascii()), meant, "{typed}");
        }
    }
}

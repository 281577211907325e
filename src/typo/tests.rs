use proptest::prelude::*;

use super::*;
use crate::catalog::Catalog;

fn speller() -> Speller {
    Speller::new(Catalog::builtin().provider_domains())
}

#[test]
fn slips_are_recognised() {
    let cases = [
        ("gmal.com", Some(("gmail.com", 98))),
        ("gmial.com", Some(("gmail.com", 98))),
        ("gmail.con", Some(("gmail.com", 98))),
        ("yahooo.com", Some(("yahoo.com", 98))),
        ("hotmial.com", Some(("hotmail.com", 98))),
        ("gmailcom", Some(("gmail.com", 98))),
        ("hotmaill.con", Some(("hotmail.com", 82))),
        ("some-company.de", None),
        ("x.com", None),
        ("", None),
    ];
    let speller = speller();
    for (typed, meant) in cases {
        let suggestion = speller.nearest(typed, None);
        let suggestion = suggestion.as_ref().map(|s| (&*s.domain, s.confidence.probability()));
        let meant = meant.map(|(domain, percent)| (domain, f64::from(percent) / 100.0));
        assert_eq!(suggestion, meant, "{typed}");
    }
}

#[test]
fn a_missing_at_is_found() {
    let cases = [
        ("joe.gmail.com", Some(("joe", "gmail.com"))),
        ("joe#Gmail.com", Some(("joe", "Gmail.com"))),
        ("joegmail.com", Some(("joe", "gmail.com"))),
        ("joe.hotmail.com", Some(("joe", "hotmail.com"))),
        ("gmail.com", None),
        (".gmail.com", None),
        ("nonsense", None),
        ("", None),
        ("ü", None),
    ];
    let speller = speller();
    for (text, parts) in cases {
        let parted = speller.part(text).map(|parted| (parted.local, parted.domain));
        assert_eq!(parted, parts, "{text}");
    }
}

#[test]
fn the_dns_joins_in() {
    let cases = [
        (98, TypedDomain::TakesMail, Some(98)),
        (93, TypedDomain::TakesMail, None),
        (93, TypedDomain::Unknown, Some(93)),
        (80, TypedDomain::TakesNone, Some(90)),
        (100, TypedDomain::TakesNone, Some(100)),
    ];
    for (before, typed, after) in cases {
        let typo = Suggestion {
            domain: "gmail.com".into(),
            kind: SlipKind::Typo,
            confidence: Confidence::from_percent(before),
        };
        let weighed = weigh(&typo, typed);
        assert_eq!(weighed, after.map(Confidence::from_percent), "{before} {typed:?}");
    }
}

#[test]
fn lookalikes_are_told_from_typos() {
    let lookalike = |domain| Some((domain, SlipKind::Lookalike));
    let cases = [
        ("one Cyrillic letter", "gm\u{430}il.com", lookalike("gmail.com")),
        ("several scripts", "g\u{3bf}\u{43e}glemail.com", lookalike("googlemail.com")),
        (
            "whole label in Cyrillic",
            "\u{443}\u{430}\u{4bb}\u{43e}\u{43e}.com",
            lookalike("yahoo.com"),
        ),
        ("top-level domain too", "gm\u{430}il.\u{441}\u{43e}m", lookalike("gmail.com")),
        ("as A-labels", "xn--gmil-63d.com", lookalike("gmail.com")),
        ("an accent is a slip of the hand", "gmáil.com", Some(("gmail.com", SlipKind::Typo))),
        ("a German company", "bücher.de", None),
        ("a Russian company", "почта.рф", None),
        ("the provider itself", "gmail.com", None),
    ];
    let speller = speller();
    for (name, typed, meant) in cases {
        let suggestion = speller.suggest(&Domain::parse(typed).unwrap(), None);
        let suggestion = suggestion.as_ref().map(|meant| (&*meant.domain, meant.kind));
        assert_eq!(suggestion.filter(|_| name != "the provider itself"), meant, "{name}");
    }
}

#[test]
fn the_locale_decides_between_equals() {
    let cases = [
        ("hotmail.ee", None, None),
        ("hotmail.ee", Some("de"), Some("hotmail.de")),
        ("hotmail.ee", Some("es-MX"), None),
        ("hotmail.ee", Some("es"), Some("hotmail.es")),
        ("gmal.com", Some("fr"), Some("gmail.com")),
    ];
    let speller = speller();
    for (typed, tag, meant) in cases {
        let locale = tag.map(|tag| tag.parse::<Locale>().unwrap());
        let suggestion = speller.nearest(typed, locale.as_ref());
        assert_eq!(suggestion.as_ref().map(|meant| &*meant.domain), meant, "{typed} {tag:?}");
    }
}

proptest! {
    /// The glance at the letters never hides a target.
    #[test]
    fn letters_promise_no_more_edits_than_there_are(
        typed in "[a-e01.éж-]{0,12}",
        target in "[a-e01.-]{0,12}",
    ) {
        let least = Letters::of(&typed).least_edits(Letters::of(&target));
        prop_assert!(least <= strsim::osa_distance(&typed, &target));
    }
}

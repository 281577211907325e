use super::*;
use crate::catalog::Catalog;

fn suggester() -> Suggester {
    Suggester::new(Catalog::builtin().provider_domains())
}

#[test]
fn typos_are_recognised() {
    let cases = [
        ("gmal.com", Some(("gmail.com", 98))),
        ("gmial.com", Some(("gmail.com", 98))),
        ("gmail.con", Some(("gmail.com", 98))),
        ("yahooo.com", Some(("yahoo.com", 98))),
        ("hotmial.com", Some(("hotmail.com", 98))),
        ("gmailcom", Some(("gmail.com", 98))),
        ("hotmaill.con", Some(("hotmail.com", 94))),
        ("some-company.de", None),
        ("x.com", None),
        ("", None),
    ];
    let suggester = suggester();
    for (typed, meant) in cases {
        let suggestion = suggester.nearest(typed, None);
        let suggestion = suggestion.as_ref().map(|s| (&*s.domain, s.confidence.probability()));
        let meant = meant.map(|(domain, percent)| (domain, f64::from(percent) / 100.0));
        assert_eq!(suggestion, meant, "{typed}");
    }
}

#[test]
fn the_dns_joins_in() {
    let cases = [
        (98, TypedDomain::AcceptsMail, Some(98)),
        (93, TypedDomain::AcceptsMail, None),
        (93, TypedDomain::Unknown, Some(93)),
        (80, TypedDomain::AcceptsNone, Some(95)),
        (98, TypedDomain::AcceptsNone, Some(99)),
    ];
    for (before, typed, after) in cases {
        let typo = Suggestion {
            domain: "gmail.com".into(),
            kind: TypoKind::Typo,
            confidence: Confidence::from_percent(before),
        };
        let weighed = weigh(&typo, typed);
        assert_eq!(weighed, after.map(Confidence::from_percent), "{before} {typed:?}");
    }
}

#[test]
fn lookalikes_are_told_from_typos() {
    let lookalike = |domain| Some((domain, TypoKind::Lookalike));
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
        ("an accent is an ordinary typo", "gmáil.com", Some(("gmail.com", TypoKind::Typo))),
        ("a German company", "bücher.de", None),
        ("a Russian company", "почта.рф", None),
        ("the provider itself", "gmail.com", None),
    ];
    let suggester = suggester();
    for (name, typed, meant) in cases {
        let suggestion = suggester.suggest(&Domain::parse(typed).unwrap(), None);
        let suggestion = suggestion.as_ref().map(|meant| (&*meant.domain, meant.kind));
        assert_eq!(suggestion, meant, "{name}");
    }
}

#[test]
fn own_domains_are_suggested_and_never_corrected() {
    let own = ["corp.example.com", "mycompany.de", "gmal.com"];
    let own: Vec<Domain> = own.into_iter().map(|name| Domain::parse(name).unwrap()).collect();
    let suggester = Suggester::with_own(Catalog::builtin().provider_domains(), &own);
    let cases = [
        ("corp.exmaple.com", Some("corp.example.com")),
        ("copr.example.com", Some("corp.example.com")),
        ("mycompny.de", Some("mycompany.de")),
        ("mycompany.dee", Some("mycompany.de")),
        ("corp.example.com", None),
        ("mail.corp.example.com", None),
        ("mycompany.de", None),
        ("gmal.com", None),
        ("gmial.com", Some("gmail.com")),
    ];
    for (typed, meant) in cases {
        let suggestion = suggester.suggest(&Domain::parse(typed).unwrap(), None);
        assert_eq!(suggestion.as_ref().map(|meant| &*meant.domain), meant, "{typed}");
        let sure = suggestion.is_none_or(|meant| meant.confidence >= Confidence::from_percent(80));
        assert!(sure, "{typed}");
    }
}

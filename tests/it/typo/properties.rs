//! What holds for whatever is typed.

use mailvet::address::{Address, Domain, SyntaxCode};
use mailvet::typo::{Confidence, DomainStatus, Repaired, TypedDomain, weigh};
use proptest::prelude::*;

use super::cases::{CATALOG, SUGGESTER};
use super::keyboard;

#[test]
fn what_can_be_suggested_is_never_corrected() {
    for class in 1..=5 {
        for name in keyboard::domains_of_class(class) {
            let domain = Domain::parse(name).unwrap();
            assert!(CATALOG.look_up(&domain).is_known_real(), "{name}");
            if class <= 4 {
                assert_eq!(SUGGESTER.suggest(&domain, None), None, "{name}");
            }
        }
    }
}

/// One typo in a name: a letter left out, put in, replaced, or swapped with the next one.
#[derive(Clone, Copy, Debug)]
struct Edit {
    kind: u8,
    at: prop::sample::Index,
    letter: char,
}

impl Edit {
    fn make(self, name: &str) -> String {
        let mut letters: Vec<char> = name.chars().collect();
        let at = self.at.index(letters.len());
        match self.kind {
            0 if letters.len() > 1 => drop(letters.remove(at)),
            1 => letters.insert(at, self.letter),
            2 if at + 1 < letters.len() => letters.swap(at, at + 1),
            _ => letters[at] = self.letter,
        }
        letters.into_iter().collect()
    }
}

fn edits() -> impl Strategy<Value = Edit> {
    (0..4u8, any::<prop::sample::Index>(), prop::char::range('a', 'z'))
        .prop_map(|(kind, at, letter)| Edit { kind, at, letter })
}

/// Whether so much is wrong with a domain that what was meant may as well be what was typed.
fn is_more_than_one_typo(typed: &str, meant: &str) -> bool {
    let name = |domain: &str| domain.split('.').next().unwrap().to_owned();
    // Where only the ending is another one, it is one typo, however many letters it has.
    name(typed) != name(meant) && strsim::osa_distance(typed, meant) > 1
}

#[test]
fn more_than_one_typo_never_overrules_a_domain_that_accepts_mail() {
    let cases = [
        ("gmial.con", "gmail.com"),
        ("htoamil.com", "hotmail.com"),
        ("yhooo.com", "yahoo.com"),
        ("hotmale.com", "hotmail.com"),
        ("outluck.com", "outlook.com"),
        ("gmal.com.ar", "gmail.com"),
        ("www.gmal.com", "gmail.com"),
    ];
    for (typed, meant) in cases {
        let suggestion = SUGGESTER.suggest(&Domain::parse(typed).unwrap(), None).unwrap();
        assert_eq!(&*suggestion.domain, meant, "{typed}");
        assert_eq!(weigh(&suggestion, TypedDomain::AcceptsMail), None, "{typed}");
        assert!(weigh(&suggestion, TypedDomain::Unknown) >= Some(Confidence::from_percent(90)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_typos_in_a_name_never_overrule_a_domain_that_accepts_mail(
        meant in prop::sample::select(
            (1..=4).flat_map(keyboard::domains_of_class).collect::<Vec<_>>()
        ),
        one in edits(),
        other in edits(),
        locale in prop::sample::select(vec![None, Some("fr"), Some("de"), Some("es-AR")]),
    ) {
        let (name, ending) = meant.split_once('.').unwrap();
        let typed = format!("{}.{ending}", other.make(&one.make(name)));
        let locale = locale.map(|tag| tag.parse().unwrap());
        if let Ok(domain) = Domain::parse(&typed)
            && let Some(suggestion) = SUGGESTER.suggest(&domain, locale.as_ref())
            && is_more_than_one_typo(&typed, &suggestion.domain)
        {
            prop_assert_eq!(weigh(&suggestion, TypedDomain::AcceptsMail), None, "{}", typed);
        }
    }
}

proptest! {
    #[test]
    fn a_suggestion_is_another_domain_that_is_known(
        typed in "(www\\.)?[a-eghil-oty0é-]{1,9}(\\.?[cmonuk]{1,3}){1,3}",
    ) {
        if let Ok(domain) = Domain::parse(&typed)
            && let Some(meant) = SUGGESTER.suggest(&domain, None)
        {
            let meant = Domain::parse(&meant.domain).unwrap();
            prop_assert!(meant != domain);
            prop_assert!(CATALOG.look_up(&meant).is_known_real());
            prop_assert_eq!(SUGGESTER.suggest(&meant, None), None);
        }
        SUGGESTER.nearest(&typed, None);
    }

    #[test]
    fn what_is_repaired_is_an_address(
        text in "[ .@]{0,2}(joe|@|2|#|\\(at\\)|\\.| |gmail|yahoo|é|,|;|>|\\.com|com|co\\.uk){1,9}",
    ) {
        let Err(error) = text.parse::<Address>() else { return Ok(()) };
        for code in [error.code, SyntaxCode::NoAt, SyntaxCode::ManyAt, SyntaxCode::WhiteSpace] {
            let repaired = SUGGESTER.repair(&text, code, None, |_| DomainStatus::Unknown);
            if let Some(Repaired { address, confidence }) = repaired {
                let again: Address = address.normalized().parse().unwrap();
                prop_assert_eq!(again.normalized(), address.normalized());
                prop_assert!(address.normalized() != text);
                prop_assert!(confidence.probability() > 0.0);
            }
        }
    }
}

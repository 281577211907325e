//! How many typos are recognised, and how many real domains are left alone.

use std::collections::BTreeMap;

use super::cases::{SUGGEST_AT, real_domains, suggested, typos};
use super::keyboard;

/// How often what was suggested was right, wrong, or nothing.
#[derive(Clone, Copy, Default)]
struct Score {
    right: usize,
    wrong: usize,
    silent: usize,
}

impl Score {
    fn count(&mut self, typed: &str, meant: &str) {
        match suggested(typed, None).filter(|(_, confidence)| *confidence >= SUGGEST_AT) {
            None => self.silent += 1,
            Some((domain, _)) if domain == meant => self.right += 1,
            Some((domain, confidence)) => {
                println!("wrong: {typed} -> {domain} {confidence}, meant {meant}");
                self.wrong += 1;
            }
        }
    }

    fn percent(self, part: usize) -> f64 {
        100.0 * part as f64 / (self.right + self.wrong + self.silent) as f64
    }

    fn show(self, name: &str) {
        let Self { right, wrong, silent } = self;
        println!(
            "{name:<14} right {right:>5} ({:.1} %)  wrong {wrong:>3} ({:.1} %)  silent {silent:>4}",
            self.percent(right),
            self.percent(wrong)
        );
    }
}

#[test]
fn typos_are_recognised() {
    let mut all = Score::default();
    let mut by_kind: BTreeMap<&str, Score> = BTreeMap::new();
    for typo in typos() {
        all.count(typo.typed, typo.meant);
        by_kind.entry(typo.kind).or_default().count(typo.typed, typo.meant);
    }
    for (kind, score) in &by_kind {
        score.show(kind);
        assert!(score.percent(score.right) >= 80.0, "{kind}");
    }
    all.show("all");
    assert!(all.right + all.wrong + all.silent >= 300);
    assert!(all.percent(all.right) >= 93.0);
    assert!(all.percent(all.wrong) <= 1.5);
}

#[test]
fn typos_at_random_are_recognised() {
    // The less popular the domain, the more likely it is that the typed one is meant.
    for (class, most_wrong, least_right) in [(1, 1.5, 80.0), (2, 3.0, 70.0)] {
        let mut score = Score::default();
        for (typed, meant) in keyboard::typos(&keyboard::domains_of_class(class), 2000, 20_261_121)
        {
            score.count(&typed, meant);
        }
        score.show(&format!("class {class}"));
        assert!(score.percent(score.wrong) <= most_wrong, "class {class}");
        assert!(score.percent(score.right) >= least_right, "class {class}");
    }
}

#[test]
fn real_domains_are_left_alone() {
    let (mut near, mut of_near, mut big) = (0, 0, 0);
    for (name, domain) in real_domains() {
        of_near += usize::from(name != "big");
        let Some((meant, confidence)) = suggested(domain, None) else { continue };
        if confidence >= SUGGEST_AT {
            println!("corrected: {domain} -> {meant} {confidence}");
            *(if name == "big" { &mut big } else { &mut near }) += 1;
        }
    }
    println!("corrected: {near} of {of_near} near a provider's, {big} of the well-known");
    assert!(of_near >= 300);
    // Nobody is asked here, and most of these are as like a provider's as can be.
    assert!(near * 100 <= of_near * 13);
    assert_eq!(big, 0);
}

#[test]
fn what_everybody_mistypes_is_near_certain() {
    let cases = [
        ("gmal.com", "gmail.com"),
        ("gmial.com", "gmail.com"),
        ("gamil.com", "gmail.com"),
        ("gnail.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmai.com", "hotmail.com"),
        ("hotmal.com", "hotmail.com"),
        ("hotmail.con", "hotmail.com"),
        ("yaho.com", "yahoo.com"),
        ("yahooo.com", "yahoo.com"),
        ("yhaoo.com", "yahoo.com"),
        ("outlok.com", "outlook.com"),
        ("outloo.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
    ];
    for (typed, meant) in cases {
        let (domain, confidence) = suggested(typed, None).unwrap();
        assert_eq!(domain, meant, "{typed}");
        assert!(confidence >= 0.95, "{typed}: {confidence}");
    }
    assert_eq!(suggested("yahooo.com", None).unwrap().1, 0.98);
}

#[test]
fn what_is_like_a_provider_and_is_not_is_left_alone() {
    let cases = [
        "hicloud.com",
        "pcloud.com",
        "qcloud.com",
        "life.com",
        "mlive.com",
        "vive.com",
        "msdn.com",
        "yandex.eu",
        "vahoo.com",
        "me.co",
        "mai.com",
        "free.org",
        "orange.be",
    ];
    for typed in cases {
        let sure = suggested(typed, None).filter(|(_, confidence)| *confidence >= SUGGEST_AT);
        assert_eq!(sure, None, "{typed}");
    }
}

#[test]
fn the_language_decides_what_else_is_a_tie() {
    let cases = [
        ("hotmail.dr", None, Some("hotmail.fr")),
        ("hotmail.dr", Some("fr"), Some("hotmail.fr")),
        ("hotmail.dr", Some("de"), Some("hotmail.de")),
        // The m of a French keyboard is next to the l.
        ("gmaim.com", Some("fr"), Some("gmail.com")),
        ("yahoo.f", Some("fr"), Some("yahoo.fr")),
        // A company's own, however French the keyboard.
        ("orange.com", Some("fr"), None),
        ("oange.com", Some("fr"), Some("orange.fr")),
        ("gmal.com", Some("fr"), Some("gmail.com")),
    ];
    for (typed, locale, meant) in cases {
        let found = suggested(typed, locale).filter(|(_, confidence)| *confidence >= SUGGEST_AT);
        assert_eq!(found.map(|(domain, _)| domain).as_deref(), meant, "{typed} {locale:?}");
    }
}

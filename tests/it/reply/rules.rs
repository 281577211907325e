//! The rules under `data/`: each is the first to fit its own examples.

use std::collections::BTreeSet;

use mailvet::catalog::Catalog;
use mailvet::reply::{About, Reply, ReplyRules, classify};

#[test]
fn every_example_is_understood_by_its_rule() {
    let patterns = ReplyRules::builtin();
    let mut faults = Vec::new();
    let mut examples = 0;
    for example in patterns.examples() {
        examples += 1;
        let reply = Reply::parse(example.text).unwrap();
        let meaning = classify(example.stage, &reply, example.provider, &patterns);
        if meaning.rule != example.rule {
            let seen = format!("{} by {}", meaning.about.detail(), meaning.rule);
            faults.push(format!("{}: {}: {seen}", example.rule, example.text));
        }
    }
    assert!(examples > 200, "only {examples} examples");
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_rule_has_an_example() {
    let patterns = ReplyRules::builtin();
    let shown: BTreeSet<&str> = patterns.examples().map(|example| example.rule).collect();
    assert_eq!(shown.len(), patterns.in_force()[0].rules, "{shown:?}");
}

#[test]
fn the_readme_knows_how_many_there_are() {
    let rules = ReplyRules::builtin().in_force()[0].rules;
    let row = format!("| `replies.toml` | {rules} |");
    assert!(include_str!("../../../data/README.md").contains(&row), "data/README.md: no {row}");
}

#[test]
fn rules_are_for_providers_that_there_are() {
    let (patterns, catalog) = (ReplyRules::builtin(), Catalog::builtin());
    for named in patterns.providers() {
        let known = catalog.providers().any(|provider| &*provider.id == named);
        assert!(known, "no provider {named}");
    }
}

#[test]
fn every_meaning_has_its_own_code_and_sentence() {
    let all: Vec<About> = About::all().collect();
    let codes: BTreeSet<&str> = all.iter().map(|about| about.detail()).collect();
    let sentences: BTreeSet<&str> = all.iter().map(|about| about.explanation()).collect();
    assert_eq!((codes.len(), sentences.len()), (all.len(), all.len()));
    for about in all {
        let detail = about.detail();
        assert_eq!(About::from_detail(detail), Some(about), "{detail}");
        let statuses: &[&str] = match about {
            About::Mailbox(_) => &["accepted", "not_found", "disabled", "full"],
            About::Us(_) => &[
                "not_probed",
                "refused",
                "rate_limited",
                "tls_failed",
                "smtputf8_unsupported",
                "protocol_error",
            ],
            About::Now(_) => &["greylisted", "rate_limited", "deferred"],
        };
        assert!(statuses.contains(&about.status()), "{detail}: {}", about.status());
        for sentence in [about.explanation(), about.remedy()] {
            assert!(sentence.ends_with('.'), "{detail}: {sentence}");
        }
    }
}

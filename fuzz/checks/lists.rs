//! Any text in place of a list is read or has a bad line, and what was read can be looked up.

use mailvet::address::{Address, Domain, Host, SingleLabels};
use mailvet::catalog::{Catalog, Knowledge, ListKind, Lists, SourceText};
use mailvet::typo::Suggester;

pub(crate) fn check(bytes: &[u8]) {
    let [choice, text @ ..] = bytes else { return };
    let kind = ListKind::ALL[usize::from(*choice) % ListKind::ALL.len()];
    let text = String::from_utf8_lossy(text);
    let mut lists = small_lists();
    lists.extend(kind, SourceText { name: "fuzzed".into(), text: text.as_ref().into() });
    match Catalog::from_lists(&lists) {
        Ok(catalog) => holds(&catalog, kind, &text),
        Err(error) => {
            assert_eq!(error.source_name, "fuzzed");
            assert!((1..=text.lines().count()).contains(&error.line));
        }
    }
}

/// A few rows of each list: all of ours would take milliseconds to read.
fn small_lists() -> Lists<'static> {
    let mut lists = Lists::builtin();
    for kind in ListKind::ALL {
        lists.clear(kind);
    }
    for (kind, text) in [
        (ListKind::Providers, "gmail\tGmail\tgoogle.com\t+\tfree"),
        (ListKind::LocalParts, "gmail\t.\tnone\tother\tits documentation"),
        (ListKind::ProviderDomains, "gmail.com\tgmail\t1\t-\ngooglemail.com\tgmail\t2\tgmail.com"),
        (ListKind::Disposable, "mailinator.com"),
        (ListKind::Roles, "info"),
        (ListKind::SpecialUse, "test\tRFC 6761"),
    ] {
        lists.extend(kind, SourceText { name: "small".into(), text: text.into() });
    }
    lists
}

fn holds(catalog: &Catalog, kind: ListKind, text: &str) {
    let read = catalog.in_force().iter().find(|list| list.source == "fuzzed");
    assert!(read.is_some_and(|list| list.kind == kind && list.entries <= text.lines().count()));
    let suggester = Suggester::new(catalog.provider_domains());
    let words = text.split(|c: char| c.is_whitespace()).filter(|word| !word.is_empty());
    for word in words.take(32) {
        suggester.nearest(word, None);
        if let Ok(domain) = Domain::parse_name(word) {
            let known = catalog.look_up(&domain);
            let special = domain.and_parents().any(|name| catalog.is_special_use(name));
            assert_eq!(known.reserved, special);
            suggester.suggest(&domain, None);
        }
        let address = Address::parse(word, SingleLabels::AcceptedIf(&|_| true))
            .or_else(|_| format!("joe+x@{word}").parse())
            .or_else(|_| format!("{word}@gmail.com").parse());
        if let Ok(address) = address {
            holds_for(catalog, kind, word, &address);
        }
    }
}

fn holds_for(catalog: &Catalog, kind: ListKind, word: &str, address: &Address) {
    let known = match address.host() {
        Host::Domain(domain) => catalog.look_up(domain),
        Host::Literal(_) => Knowledge::default(),
    };
    let canonical = catalog.canonical(address, &known);
    assert!(canonical.key.contains('@'));
    catalog.is_role(address.local());
    let said = catalog.decision_on_address(address, &canonical);
    catalog.decision_on_mail_servers(std::iter::once(word));
    let has_rules = matches!(kind, ListKind::Allow | ListKind::Deny);
    assert!(has_rules || said.is_none());
}

//! Whatever is typed: what is suggested for it is an address, and another one.

use std::sync::LazyLock;

use mailvet::address::{Address, Domain};
use mailvet::catalog::Catalog;
use mailvet::typo::{DomainStatus, Repaired, Suggester, tld_typo};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);
static SUGGESTER: LazyLock<Suggester> =
    LazyLock::new(|| Suggester::new(CATALOG.provider_domains()));

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = text.parse::<Address>() {
        let repaired = SUGGESTER.repair(&text, error.code, None, |_| DomainStatus::Unknown);
        if let Some(Repaired { address, confidence }) = repaired {
            assert_ne!(address.normalized(), text);
            assert!(address.normalized().parse::<Address>().as_ref() == Ok(&address));
            assert!((0.0..=1.0).contains(&confidence.probability()));
        }
    }
    SUGGESTER.nearest(&text, None);
    if let Ok(domain) = Domain::parse(&text) {
        holds_for(&domain);
    }
}

fn holds_for(domain: &Domain) {
    if let Some(candidate) = tld_typo(domain) {
        assert!(candidate.domain != *domain);
    }
    let Some(meant) = SUGGESTER.suggest(domain, None) else { return };
    let meant = Domain::parse(&meant.domain).expect("what is suggested is a domain");
    assert!(meant != *domain);
    assert!(SUGGESTER.suggest(&meant, None).is_none());
}

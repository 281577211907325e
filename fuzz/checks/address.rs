//! Any bytes are an address or have a fault with a place; what passes stays what it is.

use mailvet::address::{
    Address, Domain, Host, MAX_ADDRESS_OCTETS, MAX_DOMAIN_OCTETS, MAX_LABEL_OCTETS,
    MAX_LOCAL_OCTETS, SyntaxCode,
};

pub(crate) fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Address>() {
        Ok(address) => holds(&address),
        Err(error) => {
            assert!(text.is_char_boundary(error.at));
            assert_ne!(error.code, SyntaxCode::NotClean);
        }
    }
}

fn holds(address: &Address) {
    let local = address.local().as_str();
    assert!((1..=MAX_LOCAL_OCTETS).contains(&local.len()));
    assert!(local.len() + 1 + address.host().ascii().len() <= MAX_ADDRESS_OCTETS);
    let in_quotes = local.starts_with('"');
    assert!(local.chars().all(|c| is_visible(c) || in_quotes && c == ' '));
    if let Host::Domain(domain) = address.host() {
        holds_for_domain(domain);
    }

    let normalized = address.normalized();
    assert_eq!(again(&normalized).normalized(), normalized);
    assert_eq!(again(&normalized).ascii(), address.ascii());
    if let Some(ascii) = address.ascii() {
        assert!(ascii.is_ascii());
        assert_eq!(again(&ascii).normalized(), normalized);
        assert_eq!(again(&ascii).ascii(), Some(ascii));
    }
}

fn holds_for_domain(domain: &Domain) {
    let ascii = domain.ascii();
    let is_of_a_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    assert!(ascii.bytes().all(is_of_a_name));
    assert!(ascii.len() <= MAX_DOMAIN_OCTETS);
    assert!(ascii.split('.').count() >= 2);
    assert!(ascii.split('.').all(|label| (1..=MAX_LABEL_OCTETS).contains(&label.len())));
    assert!(domain.unicode().chars().all(is_visible));
    for form in [ascii, domain.unicode()] {
        assert!(Domain::parse(form).as_ref() == Ok(domain));
    }
}

fn is_visible(c: char) -> bool {
    let turns_direction = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !c.is_whitespace() && !turns_direction
}

fn again(text: &str) -> Address {
    text.parse().expect("what passed passes again")
}

//! What holds for every text, well-formed or not.

use icu_normalizer::ComposingNormalizerBorrowed;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestCaseResult;

use super::chars::{Class, classify};
use super::*;

/// What an address is made of, and what has broken parsers of addresses.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    // Structure.
    "@", "@", ".", "..", "\"", "\\", "\\\"", " ", "(", ")", "<", ">", ",", ";", ":", "-", "_",
    "[", "]", "[192.0.2.1]", "[IPv6:", "::1", "IPv6:", "%", "+", "=", "{", "}",
    // Text.
    "a", "joe", "E", "1", "example.com", "xn--", "xn--bcher-kva", "xn--a", "ü", "é", "黒", "💩",
    "ß", "ẞ", "ς", "Σ", "\u{5d0}", "\u{627}", "\u{661}", "ａ", "１", "－", "＠", "。", "．", "｡",
    "ﬁ", "\u{2024}", "\u{2100}",
    // What normalisation and mapping change, and what composes.
    "\u{301}", "\u{308}", "\u{323}", "\u{338}", "\u{37e}", "\u{387}", "\u{958}", "\u{1fef}",
    "\u{2126}", "\u{212a}", "\u{1112}", "\u{1161}", "\u{11ab}", "\u{1d160}", "\u{fb1d}",
    // What cannot be seen.
    "\t", "\n", "\r", "\0", "\u{7f}", "\u{85}", "\u{a0}", "\u{ad}", "\u{61c}", "\u{200b}",
    "\u{200c}", "\u{200d}", "\u{200e}", "\u{2000}", "\u{2028}", "\u{202e}", "\u{2066}",
    "\u{3000}", "\u{fe0f}", "\u{feff}",
    // What is no text.
    "\u{378}", "\u{e000}", "\u{fffd}", "\u{ffff}", "\u{e0041}", "\u{10ffff}",
];

#[rustfmt::skip]
const BARE: &[&str] = &[
    "a", "joe", "+", ".b", "é", "e\u{301}", "=", "\u{338}", "黒", "\u{958}", "\u{212a}",
    "\u{1fef}", "\u{5d0}", "\u{200d}",
];

#[rustfmt::skip]
const QUOTED: &[&str] = &[
    "a", ".", " ", "@", "(", "\\\"", "\\\\", "\\e", "e", "\u{301}", "<", "\u{338}", "é",
    "\u{958}", "\u{37e}", "\u{1fef}",
];

#[rustfmt::skip]
const LABEL: &[&str] = &[
    "a", "B", "1", "a-b", "ü", "u\u{308}", "ß", "Σ", "ς", "黒", "💩", "\u{5d0}", "ａ", "\u{fe0f}",
    "\u{212a}", "c\u{327}", "xn--tda", "XN--BCHER-KVA", "xn--xn--bcher-u9a",
];

fn joined(pieces: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let piece = (select(pieces), prop_oneof![8 => Just(1), 1 => 2..70_usize]);
    prop::collection::vec(piece, 1..most)
        .prop_map(|pieces| pieces.iter().map(|(piece, times)| piece.repeat(*times)).collect())
}

fn local() -> impl Strategy<Value = String> {
    prop_oneof![joined(BARE, 8), joined(QUOTED, 8).prop_map(|content| format!("\"{content}\""))]
}

fn domain() -> impl Strategy<Value = String> {
    let dotted = (joined(LABEL, 4), select(&[".", "。", "．", "｡"][..]));
    prop::collection::vec(dotted, 1..6)
        .prop_map(|labels| labels.iter().map(|(label, dot)| format!("{label}{dot}")).collect())
        .prop_map(|labels: String| labels + "com")
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => domain(),
        1 => any::<std::net::Ipv4Addr>().prop_map(|ip| format!("[{ip}]")),
        1 => any::<std::net::Ipv6Addr>().prop_map(|ip| format!("[ipv6:{ip}]")),
    ]
}

/// Good more often than not.
fn address() -> impl Strategy<Value = String> {
    (local(), host()).prop_map(|(local, host)| format!("{local}@{host}"))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        joined(PIECES, 20),
        (joined(PIECES, 6), host()).prop_map(|(local, host)| format!("{local}@{host}")),
        (local(), joined(PIECES, 6)).prop_map(|(local, host)| format!("{local}@{host}")),
    ]
}

fn holds_for_text(text: &str) -> TestCaseResult {
    match text.parse::<Address>() {
        Ok(address) => holds_for_address(&address),
        Err(error) => {
            prop_assert!(text.is_char_boundary(error.at), "at {}", error.at);
            prop_assert_ne!(error.code, SyntaxCode::NotClean);
            Ok(())
        }
    }
}

fn holds_for_address(address: &Address) -> TestCaseResult {
    holds_for_local(address.local())?;
    if let Host::Domain(domain) = address.host() {
        holds_for_domain(domain)?;
    }
    prop_assert!(address.wire_octets() <= MAX_ADDRESS_OCTETS);

    let normalized = address.normalized();
    prop_assert_eq!(&again(&normalized)?.normalized(), &normalized);
    prop_assert_eq!(again(&normalized)?.ascii(), address.ascii());
    if let Some(ascii) = address.ascii() {
        prop_assert!(ascii.is_ascii());
        prop_assert_eq!(&again(&ascii)?.normalized(), &normalized);
        prop_assert_eq!(again(&ascii)?.ascii(), Some(ascii));
    }
    Ok(())
}

fn again(text: &str) -> Result<Address, TestCaseError> {
    text.parse().map_err(|error| TestCaseError::fail(format!("{text:?} once more: {error}")))
}

fn holds_for_local(local: &LocalPart) -> TestCaseResult {
    let wire = local.as_str();
    prop_assert!((1..=MAX_LOCAL_OCTETS).contains(&wire.len()));
    prop_assert!(ComposingNormalizerBorrowed::new_nfc().is_normalized(wire));
    let in_quotes = wire.starts_with('"');
    for c in wire.chars() {
        prop_assert!(classify(c) == Class::Text || in_quotes && c == ' ', "{c:?}");
    }
    Ok(())
}

fn holds_for_domain(domain: &Domain) -> TestCaseResult {
    let ascii = domain.ascii();
    let is_of_a_name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b);
    prop_assert!(ascii.bytes().all(is_of_a_name), "{ascii}");
    prop_assert!(ascii.len() <= MAX_DOMAIN_OCTETS);
    prop_assert!(ascii.split('.').count() >= 2);
    prop_assert!(ascii.split('.').all(|label| (1..=MAX_LABEL_OCTETS).contains(&label.len())));
    prop_assert!(domain.unicode().chars().all(|c| classify(c) == Class::Text));
    for form in [ascii, domain.unicode()] {
        prop_assert_eq!(Domain::parse(form), Ok(domain.clone()));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_an_address_or_has_a_fault_with_a_place(text in text()) {
        holds_for_text(&text)?;
    }

    #[test]
    fn what_looks_like_an_address_as_well(text in address()) {
        holds_for_text(&text)?;
    }

    #[test]
    fn another_domain_keeps_the_limit(text in address(), domain in domain()) {
        if let (Ok(address), Ok(domain)) = (text.parse::<Address>(), Domain::parse(&domain)) {
            let octets = address.local().as_str().len() + 1 + domain.ascii().len();
            match address.with_domain(domain) {
                Ok(moved) => holds_for_address(&moved)?,
                Err(error) => {
                    prop_assert_eq!(error, SyntaxError::new(SyntaxCode::TooLong, 0));
                    prop_assert!(octets > MAX_ADDRESS_OCTETS);
                }
            }
        }
    }
}

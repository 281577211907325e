//! What holds for whatever is typed.

use mailvet::address::{Address, Domain, SyntaxCode};
use mailvet::typo::{Repaired, Standing};
use proptest::prelude::*;

use super::cases::{CATALOG, SPELLER};
use super::keyboard;

#[test]
fn what_can_be_suggested_is_never_corrected() {
    for class in 1..=5 {
        for name in keyboard::domains_of_class(class) {
            let domain = Domain::parse(name).unwrap();
            assert!(CATALOG.look_up(&domain).is_known_real(), "{name}");
            if class <= 4 {
                assert_eq!(SPELLER.suggest(&domain, None), None, "{name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn a_suggestion_is_another_domain_that_is_known(
        typed in "(www\\.)?[a-eghil-oty0é-]{1,9}(\\.?[cmonuk]{1,3}){1,3}",
    ) {
        if let Ok(domain) = Domain::parse(&typed)
            && let Some(meant) = SPELLER.suggest(&domain, None)
        {
            let meant = Domain::parse(&meant.domain).unwrap();
            prop_assert!(meant != domain);
            prop_assert!(CATALOG.look_up(&meant).is_known_real());
            prop_assert_eq!(SPELLER.suggest(&meant, None), None);
        }
        SPELLER.nearest(&typed, None);
    }

    #[test]
    fn what_is_repaired_is_an_address(
        text in "[ .@]{0,2}(joe|@|2|#|\\(at\\)|\\.| |gmail|yahoo|é|,|;|>|\\.com|com|co\\.uk){1,9}",
    ) {
        let Err(error) = text.parse::<Address>() else { return Ok(()) };
        for code in [error.code, SyntaxCode::NoAt, SyntaxCode::ManyAt, SyntaxCode::WhiteSpace] {
            let repaired = SPELLER.repair(&text, code, None, |_| Standing::Unknown);
            if let Some(Repaired { address, confidence }) = repaired {
                let again: Address = address.normalized().parse().unwrap();
                prop_assert_eq!(again.normalized(), address.normalized());
                prop_assert!(address.normalized() != text);
                prop_assert!(confidence.probability() > 0.0);
            }
        }
    }
}

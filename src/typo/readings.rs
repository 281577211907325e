//! The ways to read a text that is no address as one.

use std::borrow::Cow;

use crate::address::SyntaxCode;

/// A text split where the `@` belongs.
// No `Debug`: it holds an address.
pub(super) struct AddressReading<'t> {
    pub(super) local: Cow<'t, str>,
    pub(super) domain: Cow<'t, str>,
    /// How likely the text is meant like that, given that the domain is right.
    pub(super) likelihood: f64,
    pub(super) support: DomainSupport,
}

/// How well known the domain has to be for a reading to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DomainSupport {
    /// Anything that could exist.
    CouldExist,
    /// Listed, or a typo of a listed one.
    Known,
    /// One of the most popular.
    Famous,
}

/// What people write to hide an `@` from address harvesters, or say in its place.
const SPELT_OUT: [&str; 8] = ["(at)", "[at]", "{at}", "<at>", " at ", "_at_", "-at-", "(a)"];
/// The same for a dot.
const DOT_SPELT_OUT: [&str; 4] = [" dot ", "(dot)", "[dot]", "{dot}"];
/// Characters on or next to the key of the `@` on some keyboard, or similar to it.
const WRONG_SIGNS: [char; 13] = ['#', '*', '"', '\'', '&', '$', '!', '§', '£', '€', 'à', '©', '®'];
/// The `@` without shift.
const WITHOUT_SHIFT: char = '2';
/// What stands between words.
const SEPARATORS: [char; 8] = ['.', ',', ';', ' ', '/', '-', '_', ':'];
/// The longest domain that is looked for behind a separator.
const LONGEST_DOMAIN: usize = 64;

/// The readings of a text with this syntax error.
pub(super) fn readings(text: &str, error: SyntaxCode) -> Vec<AddressReading<'_>> {
    match error {
        SyntaxCode::NoAt => without_at(text),
        SyntaxCode::ManyAt => with_many_at(text),
        SyntaxCode::WhiteSpace => with_blanks(text),
        SyntaxCode::DomainBadCharacter
        | SyntaxCode::LabelEmpty
        | SyntaxCode::LabelHyphen
        | SyntaxCode::DomainNumeric
        | SyntaxCode::Comment => around_at(text, 0.97).into_iter().collect(),
        SyntaxCode::DomainSingleLabel => around_at(text, 1.0).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn without_at(text: &str) -> Vec<AddressReading<'_>> {
    let mut found = Vec::new();
    let mut read = |at: usize, length: usize, likelihood: f64, support: DomainSupport| {
        let (local, domain) = (text[..at].trim(), &text[at + length..]);
        // `www.gmail.com` is a page, not a person.
        if !local.is_empty() && local != "www" {
            found.push(AddressReading {
                local: local.into(),
                domain: tidied(domain),
                likelihood,
                support,
            });
        }
    };
    // The blanks of `joe at gmail.com` belong to the word between them.
    let mut spelt_out = Vec::new();
    for sign in SPELT_OUT {
        if let Some((at, sign)) = text.rmatch_indices(sign).next() {
            read(at, sign.len(), 0.95, DomainSupport::CouldExist);
            spelt_out.push(at..at + sign.len());
        }
    }
    if let Some((at, sign)) = text.rmatch_indices(WRONG_SIGNS).next() {
        read(at, sign.len(), 0.95, DomainSupport::CouldExist);
    }
    let rest_is_short = |at: usize| text.len() - at <= LONGEST_DOMAIN;
    let separates = |at: usize| !spelt_out.iter().any(|place| place.contains(&at));
    let separators = text.match_indices(SEPARATORS);
    for (at, sign) in separators.filter(|(at, _)| rest_is_short(*at) && separates(*at)) {
        read(at, sign.len(), 0.95, DomainSupport::Known);
    }
    for (at, sign) in text.match_indices(WITHOUT_SHIFT).filter(|(at, _)| rest_is_short(*at)) {
        read(at, sign.len(), 0.9, DomainSupport::Famous);
    }
    for (at, _) in text.char_indices().skip(1).filter(|(at, _)| rest_is_short(*at)) {
        read(at, 0, 0.85, DomainSupport::Famous);
    }
    // The longest domain first.
    found.sort_by_key(|reading| std::cmp::Reverse(reading.domain.len()));
    found
}

fn with_many_at(text: &str) -> Vec<AddressReading<'_>> {
    let inner = text.trim_matches('@');
    let parts: Vec<&str> = inner.split('@').filter(|part| !part.is_empty()).collect();
    let twice = |text: &str| {
        let (one, other) = text.split_at_checked(text.len() / 2)?;
        one.eq_ignore_ascii_case(other).then_some(())
    };
    let reading = match parts[..] {
        [local, domain] => (local, domain.into(), DomainSupport::CouldExist),
        [local, domain, again] if domain.eq_ignore_ascii_case(again) => {
            (local, domain.into(), DomainSupport::CouldExist)
        }
        // `joe@gmail@com`
        [local, name, ending] if !name.contains('.') => {
            (local, Cow::from(format!("{name}.{ending}")), DomainSupport::Known)
        }
        // `joe@gmail.comjoe@gmail.com`
        [local, _, domain] if twice(text).is_some() => {
            (local, domain.into(), DomainSupport::CouldExist)
        }
        _ => return Vec::new(),
    };
    let (local, domain, support) = reading;
    let domain = Cow::from(tidied(&domain).into_owned());
    vec![AddressReading { local: local.into(), domain, likelihood: 0.97, support }]
}

fn with_blanks(text: &str) -> Vec<AddressReading<'_>> {
    let Some((local, domain)) = text.rsplit_once('@') else { return Vec::new() };
    let without = |text: &str| -> String { text.split_whitespace().collect() };
    let trimmed = local.trim();
    // A blank within the local part may stand for a dot or for nothing.
    let (local, likelihood) = if trimmed.contains(char::is_whitespace) {
        (without(trimmed).into(), 0.6)
    } else {
        (Cow::from(trimmed), 0.97)
    };
    let closed_up = Cow::from(tidied(&without(domain)).into_owned());
    let dotted = tidied(domain);
    vec![
        AddressReading {
            local: local.clone(),
            domain: closed_up,
            likelihood,
            support: DomainSupport::CouldExist,
        },
        AddressReading { local, domain: dotted, likelihood, support: DomainSupport::Known },
    ]
}

/// The text with its domain tidied up.
fn around_at(text: &str, likelihood: f64) -> Option<AddressReading<'_>> {
    let (local, domain) = text.rsplit_once('@')?;
    let domain = tidied(domain);
    Some(AddressReading {
        local: local.into(),
        domain,
        likelihood,
        support: DomainSupport::CouldExist,
    })
}

/// A domain with dots where they belong and nothing around it.
fn tidied(domain: &str) -> Cow<'_, str> {
    let domain = domain.trim_matches(|c: char| !c.is_alphanumeric());
    let is_sound = |c: char| c.is_alphanumeric() || matches!(c, '-' | '.');
    if domain.chars().all(is_sound)
        && !domain.contains("..")
        && !domain.contains("-.")
        && !domain.contains(".-")
    {
        return domain.into();
    }
    let mut dotted = domain.to_owned();
    for spelt_out in DOT_SPELT_OUT {
        dotted = dotted.replace(spelt_out, ".");
    }
    let labels = dotted.split(['.', ',', ';', ':', ' ', '\t']);
    let labels = labels.map(|label| label.trim_matches('-')).filter(|label| !label.is_empty());
    let tidy: Vec<&str> = labels.collect();
    tidy.join(".").into()
}

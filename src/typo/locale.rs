//! The user's language and country: they favour domains of that country, and show the keyboard layout.

use std::str::FromStr;

use super::keyboard::KeyboardLayout;
use super::languages::{keyboard_of, language};

/// The longest language tag: RFC 5646 §4.4.1 says that 35 characters are enough.
const LONGEST: usize = 35;

/// A language tag (BCP 47), such as `fr` or `pt-BR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    favoured: FavouredTlds,
    layout: KeyboardLayout,
}

/// The top-level domains that a locale favours.
#[derive(Clone, Debug, PartialEq, Eq)]
enum FavouredTlds {
    /// That of the country that the tag names.
    Country(Box<str>),
    /// Those of the countries where the language is spoken, if it is known.
    Language(&'static [&'static str]),
}

/// A text that is no language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language tag such as `fr` or `pt-BR`")]
pub struct LocaleError;

impl Locale {
    pub(super) fn layout(&self) -> KeyboardLayout {
        self.layout
    }

    /// Whether a domain is of a country that the tag names.
    pub fn favours(&self, domain: &str) -> bool {
        let top = domain.rsplit('.').next().unwrap_or_default();
        match &self.favoured {
            FavouredTlds::Country(country) => top == &**country,
            FavouredTlds::Language(markets) => markets.contains(&top),
        }
    }
}

impl FromStr for Locale {
    type Err = LocaleError;

    /// Reads a tag as RFC 5646 §2.1 has it: groups of at most eight letters and digits, the language first.
    /// Also with `_` between the groups, as Unix and Java write it.
    fn from_str(text: &str) -> Result<Self, LocaleError> {
        let is_group = |group: &str| {
            (1..=8).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let mut groups = text.split(['-', '_']);
        if text.len() > LONGEST || !groups.clone().all(is_group) {
            return Err(LocaleError);
        }
        let code = groups.next().unwrap_or_default();
        if !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(LocaleError);
        }
        let known = language(code);
        let (markets, layout) =
            known.map_or((&[][..], KeyboardLayout::Qwerty), |known| (known.markets, known.layout));
        // A tag for private use (`x-…`) and the old ones (`i-klingon`) have no such parts.
        let region = if code.len() > 1 { region(groups) } else { None };
        Ok(match region {
            Some(Region::Country(country)) => {
                let layout = keyboard_of(&country);
                Self { favoured: FavouredTlds::Country(country), layout }
            }
            Some(Region::Several) => Self { favoured: FavouredTlds::Language(&[]), layout },
            None => Self { favoured: FavouredTlds::Language(markets), layout },
        })
    }
}

/// The region that a tag names.
enum Region {
    /// A country, by its top-level domain.
    Country(Box<str>),
    /// Several countries: a number (UN M.49), such as the 419 of `es-419` for Latin America.
    Several,
}

/// The region among what follows the language (RFC 5646 §2.2): behind further languages of three letters
/// and a script of four, before anything else. Two letters further behind, as in `de-u-co-phonebk`, name no
/// country.
fn region<'t>(mut groups: impl Iterator<Item = &'t str>) -> Option<Region> {
    let is_alphabetic = |group: &str| group.bytes().all(|b| b.is_ascii_alphabetic());
    let comes_before = |group: &&str| matches!(group.len(), 3 | 4) && is_alphabetic(group);
    let group = groups.find(|group| !comes_before(group))?;
    match group.len() {
        2 if group.eq_ignore_ascii_case("GB") => Some(Region::Country("uk".into())),
        2 if is_alphabetic(group) => Some(Region::Country(group.to_ascii_lowercase().into())),
        3 if group.bytes().all(|b| b.is_ascii_digit()) => Some(Region::Several),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_what_they_favour() {
        let cases = [
            ("fr", "orange.fr", true),
            ("FR-ca", "sympatico.ca", true),
            ("FR-ca", "orange.fr", false),
            ("pt-BR", "uol.com.br", true),
            ("en-GB", "yahoo.co.uk", true),
            ("uk", "ukr.ua", true),
            ("uk", "yahoo.co.uk", false),
            ("en", "gmail.com", false),
            ("ja", "yahoo.co.jp", true),
            ("zh-Hant-TW", "yahoo.com.tw", true),
            ("tlh", "gmail.com", false),
            ("i-klingon", "gmail.com", false),
            ("de_DE", "gmx.de", true),
            ("pt_BR", "uol.com.br", true),
            ("en_GB", "yahoo.co.uk", true),
            ("zh_Hans_CN", "qq.cn", true),
            ("zh-yue-HK", "yahoo.com.hk", true),
            // Latin America is not Spain, the world no country.
            ("es-419", "yahoo.es", false),
            ("en-001", "yahoo.co.uk", false),
            // Extensions name no country: this one sorts as a phone book does.
            ("de-u-co-phonebk", "gmx.de", true),
            ("de-u-co-phonebk", "hotmail.co", false),
            ("x-de", "gmx.de", false),
        ];
        for (tag, domain, favoured) in cases {
            assert_eq!(tag.parse::<Locale>().unwrap().favours(domain), favoured, "{tag} {domain}");
        }
        for wrong in
            ["", "-", "f r", "12", "abcdefghi", "fr-", "fr_", "fr.FR", &"a-".repeat(30), "ü"]
        {
            assert_eq!(wrong.parse::<Locale>(), Err(LocaleError), "{wrong}");
        }
    }

    #[test]
    fn a_language_is_not_the_country_of_that_code() {
        // The language, where it is spoken, and the country that has its code.
        let cases = [
            ("ca", Some("es"), "ca"),
            ("be", Some("by"), "be"),
            ("sr", Some("rs"), "sr"),
            ("bs", Some("ba"), "bs"),
            ("vi", Some("vn"), "vi"),
            ("ms", Some("my"), "ms"),
            ("cy", Some("uk"), "cy"),
            ("si", Some("lk"), "si"),
            ("lb", Some("lu"), "lb"),
            ("gl", Some("es"), "gl"),
            ("ga", Some("ie"), "ga"),
            ("fa", Some("ir"), "fa"),
            ("eu", Some("es"), "eu"),
            ("br", Some("fr"), "br"),
            ("co", Some("fr"), "co"),
            ("sl", Some("si"), "sl"),
            ("gd", Some("uk"), "gd"),
            ("et", Some("ee"), "et"),
            ("ar", None, "ar"),
            // Languages that are not in the table.
            ("ie", None, "ie"),
            ("tt", None, "tt"),
            ("za", None, "za"),
        ];
        for (tag, spoken, same_code) in cases {
            let locale: Locale = tag.parse().unwrap();
            assert!(!locale.favours(&format!("hotmail.{same_code}")), "{tag}");
            if let Some(country) = spoken {
                assert!(locale.favours(&format!("hotmail.{country}")), "{tag}");
            }
            // As a region it is that country, whatever the language.
            let of_region: Locale = format!("tlh-{same_code}").parse().unwrap();
            assert!(of_region.favours(&format!("hotmail.{same_code}")), "tlh-{same_code}");
        }
    }
}

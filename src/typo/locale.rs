//! The language of whoever types, which decides between suggestions that are equally likely otherwise.

use std::str::FromStr;

/// The longest language tag (RFC 5646 §4.4.1 has room enough in 35 characters).
const LONGEST: usize = 35;

/// A language tag (BCP 47), such as `fr` or `pt-BR`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locale {
    /// The top-level domain of the country that it speaks of, as far as it speaks of one.
    country: Option<Box<str>>,
}

/// A text that is no language tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a language tag such as `fr` or `pt-BR`")]
pub struct LocaleError;

/// What stands between the groups of a tag.
const SEPARATORS: [char; 2] = ['-', '_'];

/// Languages whose code is not the top-level domain of the country where most people speak it.
const HOMES: [(&str, &str); 12] = [
    ("cs", "cz"),
    ("da", "dk"),
    ("el", "gr"),
    ("et", "ee"),
    ("he", "il"),
    ("ja", "jp"),
    ("ko", "kr"),
    ("nb", "no"),
    ("sl", "si"),
    ("sv", "se"),
    ("uk", "ua"),
    ("zh", "cn"),
];
/// Languages of so many countries that they favour none.
const OF_THE_WORLD: [&str; 2] = ["ar", "en"];

impl Locale {
    /// The top-level domain of the country that it speaks of.
    pub(super) fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// Whether a domain is of the country that the tag speaks of.
    pub fn favours(&self, domain: &str) -> bool {
        let top = domain.rsplit('.').next();
        self.country.is_some() && top == self.country.as_deref()
    }
}

impl FromStr for Locale {
    type Err = LocaleError;

    /// Reads a tag as RFC 5646 §2.1 has it: groups of at most eight letters and digits, the language first.
    /// POSIX and Java write `_` between them.
    fn from_str(text: &str) -> Result<Self, LocaleError> {
        let is_group = |group: &str| {
            (1..=8).contains(&group.len()) && group.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let mut groups = text.split(SEPARATORS);
        let language = groups.next().unwrap_or_default();
        let is_language = language.bytes().all(|b| b.is_ascii_alphabetic());
        if text.len() > LONGEST || !text.split(SEPARATORS).all(is_group) || !is_language {
            return Err(LocaleError);
        }
        let is_region =
            |group: &&str| group.len() == 2 && group.bytes().all(|b| b.is_ascii_alphabetic());
        let country = match groups.find(is_region) {
            Some(region) if region.eq_ignore_ascii_case("GB") => Some("uk".into()),
            Some(region) => Some(region.to_ascii_lowercase().into()),
            None => home(&language.to_ascii_lowercase()).map(Into::into),
        };
        Ok(Self { country })
    }
}

/// The top-level domain of the country where most people speak a language.
fn home(language: &str) -> Option<&str> {
    if OF_THE_WORLD.contains(&language) || language.len() != 2 {
        return None;
    }
    let known = HOMES.iter().find(|(code, _)| *code == language);
    Some(known.map_or(language, |(_, country)| country))
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
            ("pt_BR", "uol.com.br", true),
            ("zh_Hant-TW", "yahoo.com.tw", true),
            ("en-GB", "yahoo.co.uk", true),
            ("uk", "ukr.ua", true),
            ("uk", "yahoo.co.uk", false),
            ("en", "gmail.com", false),
            ("ja", "yahoo.co.jp", true),
            ("zh-Hant-TW", "yahoo.com.tw", true),
            ("tlh", "gmail.com", false),
            ("i-klingon", "gmail.com", false),
        ];
        for (tag, domain, favoured) in cases {
            assert_eq!(tag.parse::<Locale>().unwrap().favours(domain), favoured, "{tag} {domain}");
        }
        for wrong in [
            "",
            "-",
            "_",
            "fr_",
            "fr_FR.UTF-8",
            "f r",
            "12",
            "abcdefghi",
            "fr-",
            &"a-".repeat(30),
            "ü",
        ] {
            assert_eq!(wrong.parse::<Locale>(), Err(LocaleError), "{wrong}");
        }
    }
}

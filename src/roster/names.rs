//! What the name of a column says, in many languages. The words are in `data/column_names.tsv`.

use std::collections::HashSet;
use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// What the name of a column says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameMatch {
    /// It mentions addresses, such as `Work email` or `Email 2`. So does that of a column without any, such
    /// as `Email status`.
    Mentions,
    /// It is a name of the address itself.
    Names,
}

/// The words of `data/column_names.tsv`.
#[derive(Default)]
struct ColumnNames {
    /// Names of the column of addresses, squeezed.
    addresses: HashSet<String>,
    /// Parts of names of columns that may hold addresses, squeezed.
    parts: Vec<String>,
    /// Words in names of columns that hold no address of the row's own person.
    not_own: HashSet<&'static str>,
}

static COLUMN_NAMES: LazyLock<ColumnNames> = LazyLock::new(|| {
    let mut names = ColumnNames::default();
    let rows = include_str!("../../data/column_names.tsv").lines();
    for (text, kinds) in rows.filter_map(|row| row.split_once('\t')) {
        for kind in kinds.split(',') {
            match kind {
                "address" => _ = names.addresses.insert(squeezed(text)),
                "part" => names.parts.push(squeezed(text)),
                "about" | "other" => _ = names.not_own.insert(text),
                // The comments at the top.
                _ => {}
            }
        }
    }
    names
});

/// What a name says about its column; none for most.
pub(super) fn match_name(name: &str) -> Option<NameMatch> {
    let name = squeezed(name);
    if COLUMN_NAMES.addresses.contains(&name) {
        return Some(NameMatch::Names);
    }
    COLUMN_NAMES.parts.iter().any(|part| name.contains(part)).then_some(NameMatch::Mentions)
}

/// Whether a column that mentions addresses may hold those of the row's own person.
pub(super) fn may_hold_own(name: &str) -> bool {
    let words = name.to_lowercase();
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    !words.any(|word| COLUMN_NAMES.not_own.contains(word))
}

/// Whether two names are the same but for case, accents and what is between the words.
pub(super) fn are_alike(one: &str, other: &str) -> bool {
    squeezed(one) == squeezed(other)
}

/// Letters and digits only, without case, accents and widths.
fn squeezed(name: &str) -> String {
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let plain: String =
        normalizer.normalize(name).chars().filter(|c| c.is_alphanumeric()).collect();
    plain.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written() {
        let cases = [
            ("Email", Some(NameMatch::Names)),
            ("E-Mail", Some(NameMatch::Names)),
            ("E_MAIL", Some(NameMatch::Names)),
            (" email address ", Some(NameMatch::Names)),
            ("EMAIL", Some(NameMatch::Names)),
            ("user_email", Some(NameMatch::Names)),
            ("emailAddress", Some(NameMatch::Names)),
            ("# email", Some(NameMatch::Names)),
            ("Adresse e-mail", Some(NameMatch::Names)),
            ("Correo electronico", Some(NameMatch::Names)),
            ("Correo electrónico", Some(NameMatch::Names)),
            ("メールアドレス", Some(NameMatch::Names)),
            ("Ｅメール", Some(NameMatch::Names)),
            ("Sa\u{308}hko\u{308}posti", Some(NameMatch::Names)),
            ("Email 2", Some(NameMatch::Mentions)),
            ("Work email", Some(NameMatch::Mentions)),
            ("EMAIL_BLACKLISTED", Some(NameMatch::Mentions)),
            ("Name", None),
            ("", None),
            ("#", None),
        ];
        for (name, expected) in cases {
            assert_eq!(match_name(name), expected, "{name}");
        }
    }

    #[test]
    fn every_row_of_the_file_says_something_of_its_own() {
        let text = include_str!("../../data/column_names.tsv");
        let rows = || text.lines().filter(|line| !line.starts_with('#'));
        for row in rows() {
            let (text, kinds) = row.split_once('\t').unwrap();
            assert!(!squeezed(text).is_empty() && text.to_lowercase() == text, "{row}");
            let mut kinds = kinds.split(',');
            assert!(
                kinds.all(|kind| ["about", "address", "other", "part"].contains(&kind)),
                "{row}"
            );
        }
        let addresses = rows().filter(|row| row.contains("\taddress"));
        assert_eq!(addresses.count(), COLUMN_NAMES.addresses.len(), "a name stands twice");
    }

    #[test]
    fn others_and_states_are_no_addresses_of_the_row() {
        let cases = [
            ("Work email", true),
            ("Email 2", true),
            ("E-mail (private)", true),
            ("EMAIL_BLACKLISTED", false),
            ("Contact owner email", false),
            ("Email Marketing Status", false),
        ];
        for (name, expected) in cases {
            assert_eq!(may_hold_own(name), expected, "{name}");
        }
    }
}

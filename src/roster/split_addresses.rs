//! Splits a cell with several addresses: `a@x.de; b@y.de`.
//!
//! Commas, blanks or line breaks may separate them, and names may stand before them. A cell with one `@` is
//! one address however it is written; the validator finds what is wrong with it.

use crate::address::Pasted;

/// How many addresses of one cell are checked. A cell for people to read has a few; one with thousands comes
/// from a broken export or an attacker.
pub const MAX_ADDRESSES_OF_CELL: usize = 1_000;

/// The addresses of a row.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct RowAddresses {
    /// Those that are checked.
    pub(super) kept: Vec<String>,
    /// Those beyond [`MAX_ADDRESSES_OF_CELL`] of a cell. They are kept since one of them may be suppressed.
    pub(super) left_out: Vec<Box<str>>,
}

impl RowAddresses {
    pub(super) fn one(address: &str) -> Self {
        Self { kept: vec![address.to_owned()], left_out: Vec::new() }
    }

    /// Adds the addresses of one cell, in a row with so many address cells.
    pub(super) fn add_cell(&mut self, addresses: Vec<String>, cells: usize) {
        // An object may have one key many times.
        let most = cells.saturating_mul(MAX_ADDRESSES_OF_CELL) - self.kept.len();
        let mut addresses = addresses.into_iter();
        self.kept.extend(addresses.by_ref().take(most.min(MAX_ADDRESSES_OF_CELL)));
        self.left_out.extend(addresses.map(String::into_boxed_str));
    }
}

/// The addresses in a cell, as they were typed. None where it is blank.
pub(super) fn addresses(cell: &str) -> Vec<String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Vec::new();
    }
    if count_of_at(cell) < 2 {
        return vec![cell.to_owned()];
    }
    // The clearest separators come first: a comma may be a typo for a dot.
    let mut parts = vec![cell];
    for separators in [&[';', '\n', '\r'][..], &[',', '|', '\t'], &[' ', '\u{a0}']] {
        parts = parts.into_iter().flat_map(|part| split_at_separators(part, separators)).collect();
    }
    let is_around = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '|');
    let parts = parts.into_iter().map(|part| part.trim_matches(is_around));
    // A dash or a slash between two addresses is no address.
    parts.filter(|part| part.contains(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// Whether a text looks like an address, or several.
pub(super) fn look_like_addresses(text: &str) -> bool {
    // Nearly every other cell has no `@`, so this is fast.
    text.contains('@') && addresses(text).iter().any(|part| looks_like_one(part))
}

fn looks_like_one(text: &str) -> bool {
    let pasted = Pasted::clean(text);
    let Some((local, domain)) = pasted.text().rsplit_once('@') else { return false };
    let is_of_domain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-') || !c.is_ascii();
    !local.is_empty()
        && (local.starts_with('"') || !local.contains(|c: char| c.is_whitespace() || c == '@'))
        && domain.contains('.')
        && domain.chars().all(is_of_domain)
}

/// Splits a part with two or more addresses at the separators, but never a name from its address.
fn split_at_separators<'a>(part: &'a str, separators: &[char]) -> Vec<&'a str> {
    if count_of_at(part) < 2 || (separators.contains(&' ') && part.contains(['<', '('])) {
        return vec![part];
    }
    let last_open = part.rfind('<').unwrap_or(0);
    let mut parts: Vec<&str> = Vec::new();
    let (mut start, mut seen, mut has_at) = (0, 0, false);
    for end in outside_of_quotes(part, separators).chain([part.len()]) {
        has_at |= part[seen..end].contains('@');
        seen = end;
        // `Smith, Joe <joe@example.org>`: what is before a comma may belong to what follows.
        let is_name = !has_at && last_open > end;
        if !is_name {
            parts.push(part[start..end].trim_start_matches(separators));
            start = end;
            has_at = false;
        }
    }
    parts
}

/// The offsets of the separators outside quotes and brackets.
fn outside_of_quotes<'a>(
    text: &'a str,
    separators: &'a [char],
) -> impl Iterator<Item = usize> + 'a {
    let mut closing: Option<char> = None;
    let mut escaped = false;
    text.char_indices().filter_map(move |(at, c)| {
        let is_escaped = std::mem::take(&mut escaped);
        match (closing, c) {
            (Some('"'), '\\') => escaped = !is_escaped,
            (Some('"'), '"') if is_escaped => {}
            (Some(end), c) if c == end => closing = None,
            (None, '"') => closing = Some('"'),
            (None, '<') => closing = Some('>'),
            (None, '(') => closing = Some(')'),
            (None, c) if separators.contains(&c) => return Some(at),
            _ => {}
        }
        None
    })
}

fn count_of_at(text: &str) -> usize {
    text.matches('@').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_holds_none_one_or_several() {
        let cases: [(&str, &str, &[&str]); 23] = [
            ("nothing", " \n", &[]),
            ("one", " joe@x.de ", &["joe@x.de"]),
            ("no address", "joe", &["joe"]),
            ("one with a blank in it", "joe smith@x.de", &["joe smith@x.de"]),
            ("one with a comma for a dot", "joe@gmail,com", &["joe@gmail,com"]),
            ("one with a name", "Smith, Joe <joe@x.de>", &["Smith, Joe <joe@x.de>"]),
            ("one that is its own name", "joe@x.de <joe@x.de>", &["joe@x.de <joe@x.de>"]),
            ("semicolons", "a@x.de; b@y.de;", &["a@x.de", "b@y.de"]),
            ("commas", "a@x.de,b@y.de, c@z.de", &["a@x.de", "b@y.de", "c@z.de"]),
            ("blanks", "a@x.de b@y.de\u{a0}c@z.de", &["a@x.de", "b@y.de", "c@z.de"]),
            ("line breaks", "a@x.de,\r\nb@y.de\n", &["a@x.de", "b@y.de"]),
            ("bars", "a@x.de | b@y.de", &["a@x.de", "b@y.de"]),
            ("a typo beside another", "joe@gmail,com; b@y.de", &["joe@gmail,com", "b@y.de"]),
            ("names", "A B <a@x.de>, C D <b@y.de>", &["A B <a@x.de>", "C D <b@y.de>"]),
            (
                "names with commas",
                "Smith, Joe <joe@x.de>, Doe, Ann <ann@y.de>",
                &["Smith, Joe <joe@x.de>", "Doe, Ann <ann@y.de>"],
            ),
            (
                "quoted names",
                "\"Smith; Joe\" <joe@x.de>; ann@y.de",
                &["\"Smith; Joe\" <joe@x.de>", "ann@y.de"],
            ),
            (
                "quoted local part",
                "\"a, \\\" b@c\"@x.de, d@y.de",
                &["\"a, \\\" b@c\"@x.de", "d@y.de"],
            ),
            ("an open quote", "\"a@x.de, b@y.de", &["\"a@x.de, b@y.de"]),
            ("brackets", "<a@x.de>, <b@y.de>", &["<a@x.de>", "<b@y.de>"]),
            ("comments", "a@x.de (A, at y@y), b@y.de", &["a@x.de (A, at y@y)", "b@y.de"]),
            ("slashes", "a@x.de / b@y.de", &["a@x.de", "b@y.de"]),
            ("one of them none", "a@x.de, none, b@y.de", &["a@x.de", "none", "b@y.de"]),
            ("glued together", "a@x.deb@y.de", &["a@x.deb@y.de"]),
        ];
        for (name, cell, expected) in cases {
            assert_eq!(addresses(cell), expected, "{name}");
        }
    }

    #[test]
    fn addresses_are_told_from_other_texts() {
        let cases = [
            ("joe@x.de", true),
            (" Joe <joe@x.de> ", true),
            ("a@x.de; b@y.de", true),
            ("jörg@bücher.example", true),
            ("\"joe smith\"@x.de", true),
            ("joe@x", false),
            ("@joe", false),
            ("meet @ 5.30", false),
            ("joe@x.de;Joe", false),
            ("joe", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(look_like_addresses(text), expected, "{text}");
        }
    }
}

//! Several addresses in one cell.
//!
//! `a@x.de; b@y.de`, with commas, blanks or line breaks between them, with names before them. A cell with
//! one `@` is one address however it is written: what is wrong with it is found out elsewhere.

use crate::address::Pasted;

/// How many addresses of one cell are looked at. A cell for people to read has a few; one with thousands is an export
/// gone wrong, or made to keep somebody busy.
pub const MAX_ADDRESSES_OF_CELL: usize = 1_000;

/// The addresses of a row.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct RowAddresses {
    /// Those that are looked at.
    pub(super) kept: Vec<String>,
    /// Those beyond [`MAX_ADDRESSES_OF_CELL`] of a cell. Somebody among them may have unsubscribed.
    pub(super) left_out: Vec<Box<str>>,
}

impl RowAddresses {
    /// One address.
    pub(super) fn one(address: &str) -> Self {
        Self { kept: vec![address.to_owned()], left_out: Vec::new() }
    }

    /// Adds those of one cell, in a row that has so many.
    pub(super) fn add_cell(&mut self, addresses: Vec<String>, cells: usize) {
        // An object may have one key many times.
        let most = cells.saturating_mul(MAX_ADDRESSES_OF_CELL) - self.kept.len();
        let mut addresses = addresses.into_iter();
        self.kept.extend(addresses.by_ref().take(most.min(MAX_ADDRESSES_OF_CELL)));
        self.left_out.extend(addresses.map(String::into_boxed_str));
    }
}

/// The addresses in the text of a cell, as they were typed. None where it is blank.
pub(super) fn addresses(cell: &str) -> Vec<String> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Vec::new();
    }
    if split_addresses(cell) < 2 {
        return vec![cell.to_owned()];
    }
    // The separators that can hardly be meant otherwise come first: a comma may be a typo for a dot.
    let mut parts = vec![cell];
    for separators in [&[';', '\n', '\r'][..], &[',', '|', '\t'], &[' ', '\u{a0}']] {
        parts = parts.into_iter().flat_map(|part| apart(part, separators)).collect();
    }
    let is_around = |c: char| c.is_whitespace() || matches!(c, ';' | ',' | '|');
    let parts = parts.into_iter().map(|part| part.trim_matches(is_around));
    // A dash or a slash between two addresses is none.
    parts.filter(|part| part.contains(char::is_alphanumeric)).map(str::to_owned).collect()
}

/// Whether a text has the look of an address, or of several.
pub(super) fn look_like_addresses(text: &str) -> bool {
    // Nobody's name or note has an `@`, so nearly every other cell is settled here.
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

/// A part with two addresses or more is cut at these separators, unless that cuts a name off its
/// address.
fn apart<'a>(part: &'a str, separators: &[char]) -> Vec<&'a str> {
    if split_addresses(part) < 2 || (separators.contains(&' ') && part.contains(['<', '('])) {
        return vec![part];
    }
    let last_open = part.rfind('<').unwrap_or(0);
    let mut parts: Vec<&str> = Vec::new();
    let (mut start, mut seen, mut has_at) = (0, 0, false);
    for end in outside_of_quotes(part, separators).chain([part.len()]) {
        has_at |= part[seen..end].contains('@');
        seen = end;
        // `Smith, Joe <joe@example.org>`: what stands before a comma may belong to what follows.
        let is_name = !has_at && last_open > end;
        if !is_name {
            parts.push(part[start..end].trim_start_matches(separators));
            start = end;
            has_at = false;
        }
    }
    parts
}

/// The places of the separators that stand neither in quotes nor in brackets.
fn outside_of_quotes<'a>(
    text: &'a str,
    separators: &'a [char],
) -> impl Iterator<Item = usize> + 'a {
    let mut within: Option<char> = None;
    let mut escaped = false;
    text.char_indices().filter_map(move |(at, c)| {
        let is_escaped = std::mem::take(&mut escaped);
        match (within, c) {
            (Some('"'), '\\') => escaped = !is_escaped,
            (Some('"'), '"') if is_escaped => {}
            (Some(end), c) if c == end => within = None,
            (None, '"') => within = Some('"'),
            (None, '<') => within = Some('>'),
            (None, '(') => within = Some(')'),
            (None, c) if separators.contains(&c) => return Some(at),
            _ => {}
        }
        None
    })
}

fn split_addresses(text: &str) -> usize {
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

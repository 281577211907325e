//! Normalises the text of a reply for matching.
//!
//! Servers write the same in capitals, with accents or without, with the address, our IP address or a link in the
//! middle. And the parts of an address say nothing: a mailbox may be called `user.unknown`.

use std::net::IpAddr;

use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::MAX_TEXT;

/// The most bytes that are matched: what [`MAX_TEXT`] bytes of ordinary text can become.
const MAX_NORMALIZED: usize = 2 * MAX_TEXT;

/// The text of a reply as patterns see it.
pub(super) struct NormalizedText {
    /// The text in lower case, without accents, one blank between words; `@` stands for an address, `ip`
    /// for an IP address, `host` for a host name, and links are left out.
    pub(super) prose: String,
    /// The links and host names in the text.
    pub(super) names: String,
}

impl NormalizedText {
    pub(super) fn of(text: &str) -> Self {
        let folded = folded(&text[..text.floor_char_boundary(MAX_TEXT)]);
        let mut normalized = Self { prose: String::new(), names: String::new() };
        let mut rest = &folded[..folded.floor_char_boundary(MAX_NORMALIZED)];
        while let Some(c) = rest.chars().next() {
            if is_link(rest) {
                let (link, after) = rest.split_at(link_length(rest));
                normalized.name(link);
                rest = after;
            } else if c.is_whitespace() || is_delimiter(c) {
                normalized.punctuation(c);
                rest = &rest[c.len_utf8()..];
            } else {
                let (piece, after) = rest.split_at(piece_length(rest));
                normalized.piece(piece);
                rest = after;
            }
        }
        for (start, end) in FRAMES {
            normalized.cut(start, end);
        }
        normalized
    }

    /// Removes each `start`, each `end` behind it, and what is between them.
    fn cut(&mut self, start: &str, end: &str) {
        while let Some(at) = self.prose.find(start) {
            let Some(length) = self.prose[at..].find(end) else { return };
            self.prose.replace_range(at..at + length + end.len(), "");
        }
    }

    fn name(&mut self, name: &str) {
        self.names.push_str(name);
        self.names.push(' ');
    }

    fn punctuation(&mut self, c: char) {
        if !c.is_whitespace() {
            self.prose.push(c);
        } else if !self.prose.ends_with(' ') {
            self.prose.push(' ');
        }
    }

    /// A word, an address, a name, with the punctuation behind it.
    fn piece(&mut self, piece: &str) {
        let word = piece.trim_end_matches(['.', ':', '!', '?']);
        let after = &piece[word.len()..];
        if let Some((local, rest)) = word.split_once('@') {
            let end = rest.find(|c: char| c.is_ascii() && !is_of_a_host_name(c));
            let (domain, rest) = rest.split_at(end.unwrap_or(rest.len()));
            self.address(local, domain);
            self.prose.push_str(rest);
        } else if word.strip_prefix("ipv6:").unwrap_or(word).parse::<IpAddr>().is_ok() {
            self.prose.push_str("ip");
        } else if is_host_name(word) {
            self.name(word);
            self.prose.push_str("host");
        } else {
            self.prose.push_str(word);
        }
        self.prose.push_str(after);
    }

    /// An address. Text that is no part of it may be glued to its local part (`rcpt:joe@…`); a quoted local part
    /// was already written to the prose and is removed.
    fn address(&mut self, local: &str, domain: &str) {
        let glued = local.rfind(':').max(local.rfind("..").map(|dots| dots + 1));
        match glued {
            Some(last) => self.prose.push_str(&local[..=last]),
            None if local.is_empty() && self.prose.ends_with('"') => {
                let quoted = &self.prose[..self.prose.len() - 1];
                let start = quoted.rfind('"').unwrap_or(quoted.len());
                self.prose.truncate(start);
            }
            None => {}
        }
        if is_host_name(domain) {
            self.name(domain);
        }
        self.prose.push('@');
    }
}

/// What the sending server writes around a reply, as start and end. It is no part of the reply.
const FRAMES: [(&str, &str); 4] = [
    ("(in reply to ", "command)"),
    ("i'm not going to try again; this message has been in the ", "queue too long."),
    ("no further delivery attempts ", "will be made."),
    ("unknown address ", "error"),
];

/// The text in lower case, decomposed, without accents, quotation marks and dashes in their plain form.
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(text);
    let category = CodePointMapData::<GeneralCategory>::new();
    let kept = decomposed.chars().filter(|c| category.get(*c) != GeneralCategory::NonspacingMark);
    let lower = kept.flat_map(char::to_lowercase);
    lower
        .map(|c| match c {
            // A byte that was no UTF-8 was mostly one letter.
            char::REPLACEMENT_CHARACTER => '?',
            '\u{2018}' | '\u{2019}' | '\u{b4}' => '\'',
            '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ab}' | '\u{bb}' => '"',
            '\u{2010}'..='\u{2015}' => '-',
            c => c,
        })
        .collect()
}

fn is_delimiter(c: char) -> bool {
    "()[]<>{}\"=,;|".contains(c)
}

/// The length of the piece at the start of a text: up to a blank, a delimiter or a link.
fn piece_length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || is_delimiter(c)).unwrap_or(text.len());
    let link = LINK_STARTS.iter().filter_map(|start| text[..end].find(start)).min();
    link.unwrap_or(end)
}

const LINK_STARTS: [&str; 3] = ["http://", "https://", "www."];

fn is_link(text: &str) -> bool {
    LINK_STARTS.iter().any(|start| text.starts_with(start))
}

fn link_length(text: &str) -> usize {
    let end = text.find(|c: char| c.is_whitespace() || "<>\"')]".contains(c));
    text[..end.unwrap_or(text.len())].trim_end_matches(['.', ',', ';', ':']).len()
}

/// Whether a word is a host name: labels under a top-level domain that exists.
fn is_host_name(word: &str) -> bool {
    word.contains('.')
        && word.split('.').all(|label| !label.is_empty() && label.chars().all(is_of_a_host_name))
        && psl::suffix(word.as_bytes()).is_some_and(|suffix| suffix.is_known())
}

fn is_of_a_host_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.".contains(c)
}

/// The links in a text, as they stand there.
pub fn links(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("http").map(|(at, _)| &text[at..]);
    starts.filter(|rest| is_link(rest)).map(|rest| &rest[..link_length(rest)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_and_names() {
        let cases = [
            ("User  UNKNOWN", "user unknown", ""),
            ("<user.unknown@b.com>: Relay\naccess denied", "<@>: relay access denied", "b.com "),
            ("<\"user unknown\"@b.com>... no", "<@>... no", "b.com "),
            ("rcpt:joe@b.com joe@b.com.", "rcpt:@ @.", "b.com b.com "),
            ("joe@b.com:user unknown", "@:user unknown", "b.com "),
            ("not allowed...joe@b.com", "not allowed...@", "b.com "),
            ("client [192.0.2.1] [2001:db8::1], 192.0.2.1: no", "client [ip] [ip], ip: no", ""),
            ("IP=[192.0.2.1] mx.a.com[192.0.2.1]:25", "ip=[ip] host[ip]:25", "mx.a.com "),
            ("see https://a.com/b?user=unknown.", "see .", "https://a.com/b?user=unknown "),
            ("no;url:https://a.com/b", "no;url:", "https://a.com/b "),
            ("(www.spamhaus.org)", "()", "www.spamhaus.org "),
            ("blocked using zen.spamhaus.org; no", "blocked using host; no", "zen.spamhaus.org "),
            ("User unknown.Please go", "user unknown.please go", ""),
            ("RESOLVER.ADR.RecipNotFound", "resolver.adr.recipnotfound", ""),
            (
                "Boîte désactivée \u{201c}x\u{201d} doesn\u{2019}t",
                "boite desactivee \"x\" doesn't",
                "",
            ),
            ("bo\u{fffd}te", "bo?te", ""),
            ("no (in reply to MAIL FROM command)", "no ", ""),
            ("ＵＳＥＲ　ｕｎｋｎｏｗｎ", "user unknown", ""),
            (
                "Full I'm not going to try again; this message has been in the queue too long.",
                "full ",
                "",
            ),
        ];
        for (text, prose, names) in cases {
            let normalized = NormalizedText::of(text);
            assert_eq!(
                (normalized.prose.as_str(), normalized.names.as_str()),
                (prose, names),
                "{text}"
            );
        }
    }

    #[test]
    fn links_of_a_text() {
        let text = "see https://a.com/x?ip=1. or (http://b.com), http:/c www.d.com";
        assert_eq!(links(text).collect::<Vec<_>>(), ["https://a.com/x?ip=1", "http://b.com"]);
    }
}

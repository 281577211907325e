//! The part before the `@`: a dot-atom or a quoted string (RFC 5321 §4.1.2, RFC 6531 §3.3).

use std::borrow::Cow;
use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::chars::{self, Class};
use super::error::{SyntaxCode, SyntaxError};

/// The most octets a local part may have (RFC 5321 §4.5.3.1.1).
pub const MAX_LOCAL_OCTETS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quoting {
    /// `joe.smith`
    Bare,
    /// `"joe smith"`
    Quoted,
}

/// A valid local part, in NFC and with no more quotation than it needs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LocalPart {
    wire: Box<str>,
    quoting: Quoting,
}

impl LocalPart {
    /// Reads a whole local part. Offsets of errors count from its first byte.
    pub(super) fn parse(text: &str) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            return Err(SyntaxError::new(SyntaxCode::EmptyLocal, 0));
        }
        let quoting = quoting_of(text);
        check(text)?;
        check_length(text, text)?;
        if quoting == Quoting::Bare && text.is_ascii() {
            // ASCII is its own normal form.
            return Ok(Self { wire: text.into(), quoting });
        }
        let content = match quoting {
            Quoting::Bare => Cow::Borrowed(text),
            // Before NFC, or the escape in `"\e\u{301}"` keeps the letter from its accent.
            Quoting::Quoted => Cow::Owned(unquoted(text)),
        };
        let normalized = ComposingNormalizerBorrowed::new_nfc().normalize(&content);
        let wire = match quoting {
            Quoting::Bare => normalized.into_owned(),
            Quoting::Quoted => quoted(&normalized),
        };
        // NFC may turn valid into invalid: U+037E is a question mark that NFC turns into a semicolon.
        if check(&wire).is_err() {
            return Err(SyntaxError::new(SyntaxCode::NotNormalizable, culprit(text)));
        }
        check_length(text, &wire)?;
        Ok(Self { wire: wire.into_boxed_str(), quoting })
    }

    /// The local part as it goes over the wire: NFC, quoted only where it has to be
    /// (RFC 5321 §4.1.2 asks senders for the least quotation).
    pub fn as_str(&self) -> &str {
        &self.wire
    }

    /// How it was written; a part that was quoted without need still counts as quoted.
    pub fn quoting(&self) -> Quoting {
        self.quoting
    }

    /// Whether it can go only to servers that offer SMTPUTF8 (RFC 6531).
    pub fn needs_smtputf8(&self) -> bool {
        !self.wire.is_ascii()
    }
}

/// Hides the text: an address never appears in a panic or a log line by accident.
impl fmt::Debug for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalPart").field("quoting", &self.quoting).finish_non_exhaustive()
    }
}

fn quoting_of(text: &str) -> Quoting {
    if text.starts_with('"') { Quoting::Quoted } else { Quoting::Bare }
}

fn check(text: &str) -> Result<(), SyntaxError> {
    match quoting_of(text) {
        Quoting::Bare => check_dot_atom(text),
        Quoting::Quoted => check_quoted(text),
    }
}

fn check_length(typed: &str, wire: &str) -> Result<(), SyntaxError> {
    if typed.len().max(wire.len()) <= MAX_LOCAL_OCTETS {
        return Ok(());
    }
    let at = typed.floor_char_boundary(MAX_LOCAL_OCTETS);
    Err(SyntaxError::new(SyntaxCode::LocalTooLong, at))
}

/// `Dot-string = Atom *("." Atom)`
fn check_dot_atom(text: &str) -> Result<(), SyntaxError> {
    let mut after_dot = true;
    for (at, c) in text.char_indices() {
        let wrong = match c {
            '.' if after_dot => Some(SyntaxCode::LocalDot),
            '.' => None,
            '(' | ')' => Some(SyntaxCode::Comment),
            '"' => Some(SyntaxCode::BadQuote),
            _ if chars::is_atext(c) => None,
            _ => match refusal(text, at, c) {
                None if c.is_ascii() => Some(SyntaxCode::LocalBadCharacter),
                None if at == 0 && chars::is_combining_mark(c) => {
                    Some(SyntaxCode::LocalBadCharacter)
                }
                refusal => refusal,
            },
        };
        if let Some(code) = wrong {
            return Err(SyntaxError::new(code, at));
        }
        after_dot = c == '.';
    }
    if after_dot {
        // At least one byte: an empty text never gets here.
        return Err(SyntaxError::new(SyntaxCode::LocalDot, text.len().saturating_sub(1)));
    }
    Ok(())
}

/// `Quoted-string = DQUOTE *QcontentSMTP DQUOTE`; blanks are allowed inside, tabs are not.
fn check_quoted(text: &str) -> Result<(), SyntaxError> {
    let mut escaped = false;
    let mut closed = false;
    for (at, c) in text.char_indices().skip(1) {
        let wrong = match c {
            _ if closed => Some(SyntaxCode::BadQuote),
            ' ' => None,
            '"' if !escaped => {
                closed = true;
                None
            }
            _ => match refusal(text, at, c) {
                // `quoted-pairSMTP` escapes printable ASCII alone.
                None if escaped && !c.is_ascii() => Some(SyntaxCode::BadQuote),
                refusal => refusal,
            },
        };
        if let Some(code) = wrong {
            return Err(SyntaxError::new(code, at));
        }
        escaped = c == '\\' && !escaped;
    }
    if closed { Ok(()) } else { Err(SyntaxError::new(SyntaxCode::BadQuote, 0)) }
}

/// Why a character can be in no local part at this place, quoted or not.
fn refusal(text: &str, at: usize, c: char) -> Option<SyntaxCode> {
    match chars::classify(c) {
        Class::Text => {
            let previous = text[..at].chars().next_back();
            let next = text[at + c.len_utf8()..].chars().next();
            chars::is_idle(previous, c, next).then_some(SyntaxCode::LocalBadCharacter)
        }
        Class::WhiteSpace => Some(SyntaxCode::WhiteSpace),
        Class::Control => Some(SyntaxCode::ControlCharacter),
        Class::BidiControl => Some(SyntaxCode::BidiControl),
        Class::NotText => Some(SyntaxCode::LocalBadCharacter),
    }
}

/// The first character that normalises to something a dot-atom refuses.
fn culprit(text: &str) -> usize {
    let nfc = ComposingNormalizerBorrowed::new_nfc();
    text.char_indices()
        .find(|(_, c)| {
            let mut alone = [0; 4];
            nfc.normalize(c.encode_utf8(&mut alone))
                .chars()
                .any(|normal| normal != *c && normal.is_ascii() && !chars::is_atext(normal))
        })
        .map_or(0, |(at, _)| at)
}

/// The least quotation: none where the content is a dot-atom, else escapes for `"` and `\` alone.
fn quoted(content: &str) -> String {
    if !content.is_empty() && check_dot_atom(content).is_ok() {
        return content.to_owned();
    }
    let mut wire = String::with_capacity(content.len() + 2);
    wire.push('"');
    for c in content.chars() {
        if matches!(c, '"' | '\\') {
            wire.push('\\');
        }
        wire.push(c);
    }
    wire.push('"');
    wire
}

/// What stands between the quotes, escapes resolved.
fn unquoted(quoted: &str) -> String {
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(quoted);
    let mut content = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            content.push(c);
            escaped = false;
        }
    }
    content
}

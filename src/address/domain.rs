//! The part after the `@` when it is a name: IDNA by UTS #46, lengths by RFC 1035.

use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::chars::{self, Class};
use super::error::{SyntaxCode, SyntaxError};

/// The most characters a domain name may have when written out (RFC 1035 §2.3.4: 255 octets on the wire).
pub const MAX_DOMAIN_OCTETS: usize = 253;
/// The most octets of one label.
pub const MAX_LABEL_OCTETS: usize = 63;

/// A valid domain name in lower case, as A-labels for the DNS and as U-labels for people.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Domain {
    ascii: Box<str>,
    /// Only where it differs from `ascii`.
    unicode: Option<Box<str>>,
}

/// Which names may have no dot.
#[derive(Clone, Copy)]
pub enum SingleLabels<'a> {
    /// None: a domain has at least two labels.
    Refused,
    /// Those (lower-case A-labels) that the function accepts, such as `localhost`.
    AcceptedIf(&'a dyn Fn(&str) -> bool),
}

impl Domain {
    /// Reads a domain name of at least two labels, in any script and case.
    ///
    /// # Errors
    /// What is wrong and where, counted from the first byte of `text`.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_with(text, SingleLabels::Refused)
    }

    /// Reads a domain name of one label or more, such as `test`: for names that mean all domains below them.
    ///
    /// # Errors
    /// What is wrong and where, counted from the first byte of `text`.
    pub fn parse_name(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_with(text, SingleLabels::AcceptedIf(&|_| true))
    }

    pub(super) fn parse_with(text: &str, single: SingleLabels<'_>) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            return Err(SyntaxError::new(SyntaxCode::EmptyDomain, 0));
        }
        check_characters(text)?;
        check_labels(text)?;
        let ascii = to_ascii(text)?;
        check_shape(text, &ascii, single)?;
        let unicode = to_unicode(text, &ascii)?;
        Ok(Self { ascii: ascii.into_boxed_str(), unicode })
    }

    /// A-labels in lower case: for the DNS and for lists.
    pub fn ascii(&self) -> &str {
        &self.ascii
    }

    /// U-labels: for people.
    pub fn unicode(&self) -> &str {
        self.unicode.as_deref().unwrap_or(&self.ascii)
    }

    /// The domain itself and the domains above it, nearest first: `a.b.c`, `b.c`, `c`.
    pub fn and_parents(&self) -> impl Iterator<Item = &str> {
        and_parents(&self.ascii)
    }
}

/// A name and the names above it, nearest first.
pub fn and_parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.split_once('.').map(|(_, parent)| parent))
}

/// Hides the text: a domain may be personal data and never appears in a panic by accident.
impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Domain").finish_non_exhaustive()
    }
}

/// The characters that UTS #46 maps to a dot.
pub(super) fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

fn check_characters(text: &str) -> Result<(), SyntaxError> {
    for (at, c) in text.char_indices() {
        let wrong = match c {
            '(' | ')' => Some(SyntaxCode::Comment),
            _ if c.is_ascii_alphanumeric() || c == '-' || is_dot(c) => None,
            _ => match chars::classify(c) {
                Class::Text if c.is_ascii() => Some(SyntaxCode::DomainBadCharacter),
                Class::Text => None,
                Class::WhiteSpace => Some(SyntaxCode::WhiteSpace),
                Class::Control => Some(SyntaxCode::ControlCharacter),
                Class::BidiControl => Some(SyntaxCode::BidiControl),
                Class::NotText => Some(SyntaxCode::DomainBadCharacter),
            },
        };
        if let Some(code) = wrong {
            return Err(SyntaxError::new(code, at));
        }
    }
    Ok(())
}

/// Checks the labels as typed, so that an error has a place.
fn check_labels(text: &str) -> Result<(), SyntaxError> {
    for (at, label) in labels(text) {
        let last = at + label.len();
        if label.is_empty() {
            return Err(SyntaxError::new(SyntaxCode::LabelEmpty, at.min(text.len())));
        }
        if label.starts_with('-') {
            return Err(SyntaxError::new(SyntaxCode::LabelHyphen, at));
        }
        if label.ends_with('-') {
            return Err(SyntaxError::new(SyntaxCode::LabelHyphen, last - 1));
        }
        if label.is_ascii() && label.len() > MAX_LABEL_OCTETS {
            return Err(SyntaxError::new(SyntaxCode::LabelTooLong, at));
        }
    }
    Ok(())
}

fn to_ascii(text: &str) -> Result<String, SyntaxError> {
    let convert = |part: &str, length| {
        Uts46::new()
            .to_ascii(part.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast, length)
            .map(std::borrow::Cow::into_owned)
    };
    if let Ok(ascii) = convert(text, DnsLength::Verify) {
        return Ok(ascii);
    }
    // UTS #46 does not say what is wrong: try label by label.
    for (at, label) in labels(text) {
        match convert(label, DnsLength::Ignore) {
            Err(_) => return Err(SyntaxError::new(SyntaxCode::DomainNotIdna, at)),
            // Nothing but characters that the mapping drops, such as variation selectors.
            Ok(ascii) if ascii.is_empty() => {
                return Err(SyntaxError::new(SyntaxCode::LabelEmpty, at));
            }
            Ok(ascii) if ascii.len() > MAX_LABEL_OCTETS => {
                return Err(SyntaxError::new(SyntaxCode::LabelTooLong, at));
            }
            Ok(_) => {}
        }
    }
    match convert(text, DnsLength::Ignore) {
        Ok(ascii) if ascii.len() > MAX_DOMAIN_OCTETS => {
            let at = text.floor_char_boundary(MAX_DOMAIN_OCTETS);
            Err(SyntaxError::new(SyntaxCode::DomainTooLong, at))
        }
        // Each label is valid alone, so the rule across labels is broken (RFC 5893, bidi).
        _ => Err(SyntaxError::new(SyntaxCode::DomainNotIdna, 0)),
    }
}

/// The U-labels; none where there is no A-label to decode.
fn to_unicode(text: &str, ascii: &str) -> Result<Option<Box<str>>, SyntaxError> {
    if !ascii.contains("xn--") {
        return Ok(None);
    }
    let (unicode, _) =
        Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::CheckFirstLast);
    // A U-label that looks like an A-label is invalid (UTS #46 §4.1), which the crate does not
    // check: it could never be turned back.
    for ((at, _), label) in labels(text).zip(unicode.split('.')) {
        if label.starts_with("xn--") {
            return Err(SyntaxError::new(SyntaxCode::DomainNotIdna, at));
        }
    }
    Ok((unicode != ascii).then(|| unicode.into_owned().into_boxed_str()))
}

fn check_shape(text: &str, ascii: &str, single: SingleLabels<'_>) -> Result<(), SyntaxError> {
    let Some((_, last)) = ascii.rsplit_once('.') else {
        return match single {
            SingleLabels::AcceptedIf(is_a_name) if is_a_name(ascii) => Ok(()),
            _ => Err(SyntaxError::new(SyntaxCode::DomainSingleLabel, 0)),
        };
    };
    if last.bytes().all(|b| b.is_ascii_digit()) {
        let at = labels(text).last().map_or(0, |(at, _)| at);
        return Err(SyntaxError::new(SyntaxCode::DomainNumeric, at));
    }
    Ok(())
}

/// The labels as typed, each with its byte offset.
fn labels(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start = text.as_ptr() as usize;
    text.split(is_dot).map(move |label| (label.as_ptr() as usize - start, label))
}

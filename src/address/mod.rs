//! Parses a text into an [`Address`], or an error that says what is wrong and where.
//!
//! The grammar is the `Mailbox` of RFC 5321 §4.1.2 with the internationalisation of RFC 6531 and
//! RFC 6532: dot-atom or quoted local part, domain name or address literal. What mail headers
//! allow beyond that (comments, folding, obsolete forms of RFC 5322) is no address.
//! [`Pasted`] first removes what people paste around an address.
//!
//! Whether a domain exists, is reserved or belongs to a provider is the concern of other modules.

mod chars;
mod domain;
mod error;
mod literal;
mod local;
mod paste;

use std::borrow::Cow;
use std::str::FromStr;

pub use chars::shows_nothing;
pub use domain::{Domain, MAX_DOMAIN_OCTETS, MAX_LABEL_OCTETS, SingleLabels, and_parents};
pub use error::{SyntaxCode, SyntaxError};
pub use literal::Literal;
pub use local::{LocalPart, MAX_LOCAL_OCTETS, Quoting};
pub use paste::Pasted;

/// The most octets of a whole address: a path of 256 less its angle brackets (RFC 5321 §4.5.3.1.3).
pub const MAX_ADDRESS_OCTETS: usize = 254;

/// Beyond this no normalisation can bring a text down to [`MAX_ADDRESS_OCTETS`]; longer ones are
/// refused before any work is spent on them.
const MAX_TYPED_OCTETS: usize = 4 * MAX_ADDRESS_OCTETS;

/// A valid address.
///
/// ```
/// use mailvet::address::Address;
///
/// let address: Address = "Joe@Bücher.example".parse()?;
/// assert_eq!(address.normalized(), "Joe@bücher.example");
/// assert_eq!(address.ascii().as_deref(), Some("Joe@xn--bcher-kva.example"));
/// # Ok::<(), mailvet::address::SyntaxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    local: LocalPart,
    host: Host,
}

/// The part after the `@`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Host {
    Domain(Domain),
    Literal(Literal),
}

impl Address {
    /// Reads an address; names without a dot pass only where `single` accepts them.
    ///
    /// # Errors
    /// The first thing that is wrong. Where there are several, a second `@` is named before what is
    /// wrong with the parts, and the part before the `@` before the one after it.
    pub fn parse(text: &str, single: SingleLabels<'_>) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            return Err(SyntaxError::new(SyntaxCode::Empty, 0));
        }
        if text.len() > MAX_TYPED_OCTETS {
            return Err(too_long(text));
        }
        let (local, domain) = split(text)?;
        let domain_at = local.len() + 1;
        let local = LocalPart::parse(local)?;
        let host = Host::parse(domain, single).map_err(|error| error.shifted(domain_at))?;
        let address = Self { local, host };
        if address.wire_octets() > MAX_ADDRESS_OCTETS {
            return Err(too_long(text));
        }
        Ok(address)
    }

    /// The same mailbox name at another domain.
    ///
    /// # Errors
    /// The two may be too long together.
    pub fn with_domain(&self, domain: Domain) -> Result<Self, SyntaxError> {
        let address = Self { local: self.local.clone(), host: Host::Domain(domain) };
        if address.wire_octets() > MAX_ADDRESS_OCTETS {
            return Err(SyntaxError::new(SyntaxCode::TooLong, 0));
        }
        Ok(address)
    }

    pub fn local(&self) -> &LocalPart {
        &self.local
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The address in its normal form: NFC, least quotation, domain in lower-case U-labels.
    pub fn normalized(&self) -> String {
        format!("{}@{}", self.local.as_str(), self.host.unicode())
    }

    /// The address in ASCII, the domain as A-labels; none where the local part is not ASCII.
    pub fn ascii(&self) -> Option<String> {
        (!self.local.needs_smtputf8())
            .then(|| format!("{}@{}", self.local.as_str(), self.host.ascii()))
    }

    fn wire_octets(&self) -> usize {
        self.local.as_str().len() + 1 + self.host.ascii().len()
    }
}

impl FromStr for Address {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text, SingleLabels::Refused)
    }
}

impl Host {
    fn parse(text: &str, single: SingleLabels<'_>) -> Result<Self, SyntaxError> {
        if text.starts_with('[') {
            Literal::parse(text).map(Self::Literal)
        } else {
            Domain::parse_with(text, single).map(Self::Domain)
        }
    }

    /// For people: U-labels, or the literal in its brackets.
    pub fn unicode(&self) -> Cow<'_, str> {
        match self {
            Self::Domain(domain) => Cow::Borrowed(domain.unicode()),
            Self::Literal(literal) => Cow::Owned(literal.to_string()),
        }
    }

    /// For the wire: A-labels, or the literal in its brackets.
    pub fn ascii(&self) -> Cow<'_, str> {
        match self {
            Self::Domain(domain) => Cow::Borrowed(domain.ascii()),
            Self::Literal(literal) => Cow::Owned(literal.to_string()),
        }
    }
}

impl FromStr for Host {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse(text, SingleLabels::Refused)
    }
}

fn too_long(text: &str) -> SyntaxError {
    SyntaxError::new(SyntaxCode::TooLong, text.floor_char_boundary(MAX_ADDRESS_OCTETS))
}

/// The parts around the `@` that separates them, which is the first one outside quotes.
fn split(text: &str) -> Result<(&str, &str), SyntaxError> {
    let at = if text.starts_with('"') { end_of_quoted(text)? } else { text.find('@') };
    let at = at.ok_or_else(|| SyntaxError::new(SyntaxCode::NoAt, text.len()))?;
    let (local, domain) = (&text[..at], &text[at + 1..]);
    match domain.find('@') {
        Some(second) => Err(SyntaxError::new(SyntaxCode::ManyAt, at + 1 + second)),
        None => Ok((local, domain)),
    }
}

/// Where the `@` stands that has to follow a quoted string; none if the text ends there.
fn end_of_quoted(text: &str) -> Result<Option<usize>, SyntaxError> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '"' if !escaped => {
                let rest = &text[at + 1..];
                return match rest.chars().next() {
                    None => Ok(None),
                    Some('@') => Ok(Some(at + 1)),
                    Some(_) => Err(SyntaxError::new(SyntaxCode::BadQuote, at + 1)),
                };
            }
            _ => escaped = c == '\\' && !escaped,
        }
    }
    Err(SyntaxError::new(SyntaxCode::BadQuote, 0))
}

#[cfg(test)]
mod tests;

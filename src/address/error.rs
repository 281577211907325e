//! Every syntax error: its code, one plain sentence, and its place in the text.

use std::fmt;

use strum::{IntoStaticStr, VariantArray};

/// What is wrong with the syntax. Clients must expect new codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", prefix = "syntax_")]
pub enum SyntaxCode {
    /// There is no text.
    #[default]
    Empty,
    /// Longer than 254 octets in all (RFC 5321 §4.5.3.1.3, erratum 1690).
    TooLong,
    /// No `@`.
    NoAt,
    /// More than one `@` outside quotes.
    ManyAt,
    /// Nothing before the `@`.
    EmptyLocal,
    /// The local part is longer than 64 octets (RFC 5321 §4.5.3.1.1).
    LocalTooLong,
    /// A character that a local part cannot have unquoted.
    LocalBadCharacter,
    /// A dot at the start or the end of the local part, or two in a row.
    LocalDot,
    /// Quotation marks that do not enclose the whole local part.
    BadQuote,
    /// A parenthesis: comments are part of mail headers, not of addresses (RFC 5321 §4.1.2).
    Comment,
    /// A blank.
    WhiteSpace,
    /// A control character.
    ControlCharacter,
    /// A character that changes the direction of the text.
    BidiControl,
    /// Text that Unicode normalisation turns into something an address cannot hold.
    NotNormalizable,
    /// Nothing after the `@`.
    EmptyDomain,
    /// The domain is longer than 253 characters (RFC 1035 §2.3.4).
    DomainTooLong,
    /// Two dots in a row in the domain, or one at its start or end.
    LabelEmpty,
    /// A part of the domain is longer than 63 octets (RFC 1035 §2.3.4).
    LabelTooLong,
    /// A part of the domain starts or ends with a hyphen.
    LabelHyphen,
    /// A character that a domain cannot have.
    DomainBadCharacter,
    /// The domain is no valid internationalised name (UTS #46).
    DomainNotIdna,
    /// The domain has no dot.
    DomainSingleLabel,
    /// The last part of the domain is all digits.
    DomainNumeric,
    /// Square brackets that do not hold an IP address (RFC 5321 §4.1.3).
    BadLiteral,
    /// Something had to be removed around the address; only in strict mode.
    NotClean,
}

impl SyntaxCode {
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn code(self) -> &'static str {
        self.into()
    }

    /// One sentence for the person who typed the address. It never repeats what was typed.
    pub fn message(self) -> &'static str {
        match self {
            Self::Empty => "There is no address.",
            Self::TooLong => "The address is longer than 254 bytes, the most that mail can carry.",
            Self::NoAt => "The @ is missing.",
            Self::ManyAt => "There is more than one @: give one address at a time.",
            Self::EmptyLocal => "There is nothing before the @.",
            Self::LocalTooLong => "The part before the @ is longer than 64 bytes.",
            Self::LocalBadCharacter => "The part before the @ has a character that is not allowed.",
            Self::LocalDot => {
                "The part before the @ starts or ends with a dot, or has two dots in a row."
            }
            Self::BadQuote => "A quotation mark stands where none can.",
            Self::Comment => "An address cannot have parentheses.",
            Self::WhiteSpace => "There is a blank inside the address.",
            Self::ControlCharacter => "There is an invisible control character in the address.",
            Self::BidiControl => {
                "There is an invisible character in the address that turns the direction of the text."
            }
            Self::NotNormalizable => {
                "There is a character before the @ that turns into a different one when it is normalised."
            }
            Self::EmptyDomain => "There is nothing after the @.",
            Self::DomainTooLong => "The domain after the @ is longer than 253 characters.",
            Self::LabelEmpty => {
                "The domain after the @ starts or ends with a dot, or has two dots in a row."
            }
            Self::LabelTooLong => {
                "A part of the domain between two dots is longer than 63 characters."
            }
            Self::LabelHyphen => "A part of the domain starts or ends with a hyphen.",
            Self::DomainBadCharacter => {
                "The domain after the @ has a character that is not allowed."
            }
            Self::DomainNotIdna => "The domain after the @ is not a valid international name.",
            Self::DomainSingleLabel => {
                "The domain after the @ has no dot, such as the one in .com."
            }
            Self::DomainNumeric => {
                "The domain after the @ ends in a number; no top-level domain does."
            }
            Self::BadLiteral => "The square brackets after the @ do not hold an IP address.",
            Self::NotClean => "There is something around the address that is not part of it.",
        }
    }
}

/// Why a text is no address, and where it stops being one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SyntaxError {
    pub code: SyntaxCode,
    /// Offset in bytes into the text as given, on a character boundary, at most its length.
    pub at: usize,
}

impl SyntaxError {
    pub(super) fn new(code: SyntaxCode, at: usize) -> Self {
        Self { code, at }
    }

    /// The same error in a text of which this one is a part that starts at `offset`.
    pub(super) fn shifted(self, offset: usize) -> Self {
        Self { at: self.at + offset, ..self }
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {})", self.code.message(), self.at)
    }
}

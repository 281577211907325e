//! Reply codes (RFC 5321 §4.2) and enhanced status codes (RFC 3463).

use std::fmt;
use std::str::FromStr;

/// A reply code, from 200 to 599.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ReplyCode(u16);

/// The first digit of a reply code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyClass {
    /// 2: done.
    Positive,
    /// 3: go on.
    Intermediate,
    /// 4: not now.
    Transient,
    /// 5: no.
    Permanent,
}

impl ReplyCode {
    /// None outside 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        if 200 <= code && code <= 599 { Some(Self(code)) } else { None }
    }

    pub const fn get(self) -> u16 {
        self.0
    }

    pub const fn class(self) -> ReplyClass {
        match self.0 {
            ..=299 => ReplyClass::Positive,
            300..=399 => ReplyClass::Intermediate,
            400..=499 => ReplyClass::Transient,
            500.. => ReplyClass::Permanent,
        }
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An enhanced status code, such as `5.1.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    /// 2 done, 4 not now, 5 no.
    pub class: u8,
    /// What it is about: 1 the address, 2 the mailbox, 3 the system, 4 the network, 5 the protocol,
    /// 6 the content, 7 policy.
    pub subject: u16,
    pub detail: u16,
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an enhanced status code such as 5.1.1")]
pub struct EnhancedCodeError;

impl FromStr for EnhancedCode {
    type Err = EnhancedCodeError;

    fn from_str(text: &str) -> Result<Self, EnhancedCodeError> {
        let mut numbers = text.split('.').map(number);
        let mut next = || numbers.next().flatten().ok_or(EnhancedCodeError);
        let (class, subject, detail) = (next()?, next()?, next()?);
        let class = [2, 4, 5].into_iter().find(|known| u16::from(*known) == class);
        match (class, numbers.next()) {
            (Some(class), None) => Ok(Self { class, subject, detail }),
            _ => Err(EnhancedCodeError),
        }
    }
}

/// One to three digits (RFC 3463 §2).
fn number(text: &str) -> Option<u16> {
    let is_one = matches!(text.len(), 1..=3) && text.bytes().all(|b| b.is_ascii_digit());
    if is_one { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enhanced_codes() {
        for (text, expected) in [
            ("5.1.1", Some((5, 1, 1))),
            ("4.7.650", Some((4, 7, 650))),
            ("2.0.0", Some((2, 0, 0))),
            ("5.4.316", Some((5, 4, 316))),
            ("3.1.1", None),
            ("7.7.1", None),
            ("5.1", None),
            ("5.1.1.1", None),
            ("5.1.1000", None),
            ("5.1.", None),
            ("5.+1.1", None),
            ("", None),
        ] {
            let read: Option<EnhancedCode> = text.parse().ok();
            let numbers = read.map(|code| (code.class, code.subject, code.detail));
            assert_eq!(numbers, expected, "{text}");
            if let Some(code) = read {
                assert_eq!(code.to_string(), text);
            }
        }
    }

    #[test]
    fn reply_codes() {
        for (code, expected) in [
            (199, None),
            (200, Some(ReplyClass::Positive)),
            (354, Some(ReplyClass::Intermediate)),
            (421, Some(ReplyClass::Transient)),
            (599, Some(ReplyClass::Permanent)),
            (600, None),
        ] {
            assert_eq!(ReplyCode::new(code).map(ReplyCode::class), expected, "{code}");
        }
    }
}

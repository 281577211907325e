//! The parsed names that commands are made of.

use std::fmt;
use std::str::FromStr;

use crate::address::{Address, Host, SyntaxError};

/// Which addresses a transaction may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Charset {
    Ascii,
    /// Any, which needs SMTPUTF8 (RFC 6531 §3.4).
    Utf8,
}

/// The name that we greet servers with: a full domain name of the operator's own, which servers compare with
/// our address, or an address literal (RFC 5321 §4.1.1.1, §4.1.4).
#[derive(Clone, PartialEq, Eq)]
pub struct HeloName(Box<str>);

/// A text that is no [`HeloName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no name such as mail.example.org or [192.0.2.1]")]
pub struct HeloNameError;

impl HeloName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for HeloName {
    type Err = HeloNameError;

    fn from_str(text: &str) -> Result<Self, HeloNameError> {
        let host: Host = text.parse().map_err(|_: SyntaxError| HeloNameError)?;
        Ok(Self(host.ascii().into()))
    }
}

impl fmt::Display for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address in MAIL FROM, the operator's own. It is never empty (`<>`): many servers accept that for reports
/// of failed deliveries only.
#[derive(Clone, PartialEq, Eq)]
pub struct Sender(Box<str>);

/// A text that is no [`Sender`]. The message does not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// It is no address.
    #[error(transparent)]
    Syntax(#[from] SyntaxError),
    /// It has no ASCII form, so only some servers would accept it.
    #[error("not every mail server takes a sender beyond ASCII")]
    NotAscii,
    /// It is at an IP address.
    #[error("the sender has to be at a domain, not at an IP address")]
    Literal,
}

impl Sender {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, SenderError> {
        let address: Address = text.parse()?;
        match address.host() {
            Host::Domain(_) => {}
            Host::Literal(_) => return Err(SenderError::Literal),
        }
        address.ascii().map(|ascii| Self(ascii.into())).ok_or(SenderError::NotAscii)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A mailbox in RCPT TO.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    path: Box<str>,
    /// Where the domain begins.
    domain_at: usize,
    charset: Charset,
}

impl From<&Address> for Recipient {
    fn from(address: &Address) -> Self {
        let local = address.local();
        // A-labels even where SMTPUTF8 would allow others: not every server compares the two.
        let path = format!("{}@{}", local.as_str(), address.host().ascii());
        let charset = if local.needs_smtputf8() { Charset::Utf8 } else { Charset::Ascii };
        Self { path: path.into(), domain_at: local.as_str().len() + 1, charset }
    }
}

impl Recipient {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn domain(&self) -> &str {
        &self.path[self.domain_at..]
    }

    pub(crate) fn charset(&self) -> Charset {
        self.charset
    }
}

/// Hides the address.
impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").field("charset", &self.charset).finish_non_exhaustive()
    }
}

/// Hides the address.
impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

/// Hides the name.
impl fmt::Debug for HeloName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeloName").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helo_names() {
        for (text, name) in [
            ("probe.lab.test", Some("probe.lab.test")),
            ("Probe.Bücher.test", Some("probe.xn--bcher-kva.test")),
            ("probe", None),
            ("[192.0.2.1]", Some("[192.0.2.1]")),
            ("192.0.2.1", None),
            ("probe.lab.test\r\nMAIL FROM:<>", None),
            ("", None),
        ] {
            let read = text.parse::<HeloName>();
            assert_eq!(read.as_ref().ok().map(HeloName::as_str), name, "{text}");
        }
    }

    #[test]
    fn senders() {
        for (text, sender) in [
            ("probe@lab.test", Ok("probe@lab.test")),
            ("probe@Bücher.test", Ok("probe@xn--bcher-kva.test")),
            ("jörg@lab.test", Err("not every mail server takes a sender beyond ASCII")),
            ("probe@[192.0.2.1]", Err("the sender has to be at a domain, not at an IP address")),
            ("", Err("")),
            ("<>", Err("")),
            ("probe@lab", Err("")),
        ] {
            match (text.parse::<Sender>(), sender) {
                (Ok(read), Ok(expected)) => assert_eq!(read.as_str(), expected, "{text}"),
                (Err(error), Err(said)) => {
                    assert!(error.to_string().ends_with(said), "{text}: {error}");
                }
                (Ok(_), Err(_)) => panic!("{text} will do"),
                (Err(error), Ok(_)) => panic!("{text}: {error}"),
            }
        }
    }
}

//! The service extensions in the reply to EHLO (RFC 5321 §4.1.1.1).

use crate::reply::Reply;

/// The service extensions that matter to a probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Features {
    /// Several commands in one write (RFC 2920).
    pub(crate) pipelining: bool,
    /// Addresses beyond ASCII (RFC 6531).
    pub(crate) smtputf8: bool,
    /// Encryption (RFC 3207).
    pub(crate) starttls: bool,
}

impl Features {
    /// The extensions in a reply to EHLO, as far as its text is kept. The first line should be the server's name,
    /// which is no extension; servers that leave it out are understood all the same.
    pub(crate) fn of(reply: &Reply) -> Self {
        let offers = |feature: &str| {
            let mut keywords = reply.text.lines().map(|line| line.split_whitespace().next());
            keywords.any(|word| word.is_some_and(|word| word.eq_ignore_ascii_case(feature)))
        };
        Self {
            pipelining: offers("PIPELINING"),
            smtputf8: offers("SMTPUTF8"),
            starttls: offers("STARTTLS"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::ReplyCode;

    #[test]
    fn offers() {
        // What is offered: pipelining, SMTPUTF8, STARTTLS.
        let cases: [(&[&str], [bool; 3]); 6] = [
            (&["mx.test", "PIPELINING", "SIZE 10240000", "STARTTLS", "SMTPUTF8"], [true; 3]),
            (&["mx.test Hello", "pipelining"], [true, false, false]),
            (&["mx.test", "STARTTLS required"], [false, false, true]),
            (&["mx.test greets PIPELINING", "X-STARTTLS", "AUTH SMTPUTF8"], [false; 3]),
            (&["mx.test"], [false; 3]),
            (&["", "PIPELINING"], [true, false, false]),
        ];
        for (lines, expected) in cases {
            let reply = Reply::new(ReplyCode::new(250).unwrap(), lines);
            let Features { pipelining, smtputf8, starttls } = Features::of(&reply);
            assert_eq!([pipelining, smtputf8, starttls], expected, "{lines:?}");
        }
    }
}

//! The stage of an SMTP conversation that a reply answers.

use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray};

use crate::did_you_mean::{did_you_mean, nearest_name};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Stage {
    /// The connection itself: the banner.
    Connect,
    /// EHLO or HELO.
    Helo,
    /// STARTTLS.
    #[strum(serialize = "starttls")]
    StartTls,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, or the message after it.
    Data,
    /// RSET or QUIT.
    Quit,
}

impl Stage {
    /// In the order of a conversation.
    pub const ALL: [Self; Self::VARIANTS.len()] =
        *Self::VARIANTS.as_array().expect("its own length");

    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Other names of the stages, in commands, logs and bounces.
const STAGE_ALIASES: [(&str, Stage); 19] = [
    ("banner", Stage::Connect),
    ("connection", Stage::Connect),
    ("greeting", Stage::Connect),
    ("initial_connection", Stage::Connect),
    ("ehlo", Stage::Helo),
    ("lhlo", Stage::Helo),
    ("tls", Stage::StartTls),
    ("from", Stage::MailFrom),
    ("mail", Stage::MailFrom),
    ("mailfrom", Stage::MailFrom),
    ("rcpt", Stage::RcptTo),
    ("rcptto", Stage::RcptTo),
    ("recipient", Stage::RcptTo),
    ("to", Stage::RcptTo),
    ("bdat", Stage::Data),
    ("dot", Stage::Data),
    ("end_of_data", Stage::Data),
    ("message", Stage::Data),
    ("rset", Stage::Quit),
];

/// A text that names no stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no stage has this name{}; the stages are connect, helo, starttls, mail_from, rcpt_to, data, quit",
    did_you_mean(.nearest)
)]
pub struct StageError {
    nearest: Option<&'static str>,
}

impl FromStr for Stage {
    type Err = StageError;

    /// Reads a code or an alias: `rcpt_to`, `RCPT`, `MAIL FROM:`, `EHLO`.
    fn from_str(text: &str) -> Result<Self, StageError> {
        let name = text.trim().trim_end_matches(':').to_lowercase().replace([' ', '-'], "_");
        let codes = Self::ALL.map(|stage| (stage.code(), stage));
        let mut names = codes.into_iter().chain(STAGE_ALIASES);
        let found = names.clone().find(|(known, _)| *known == name);
        found.map(|(_, stage)| stage).ok_or_else(|| StageError {
            nearest: nearest_name(&name, names.by_ref().map(|(known, _)| known), 2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_stages() {
        for stage in Stage::ALL {
            assert_eq!(stage.code().parse(), Ok(stage));
        }
        for (text, stage) in [
            ("RCPT", Stage::RcptTo),
            ("rcpt to:", Stage::RcptTo),
            ("MAIL FROM", Stage::MailFrom),
            ("EHLO", Stage::Helo),
            ("Banner", Stage::Connect),
            ("end of data", Stage::Data),
            ("STARTTLS", Stage::StartTls),
        ] {
            assert_eq!(text.parse(), Ok(stage), "{text}");
        }
        for (text, nearest) in [("rctp", Some("rcpt")), ("helloo", Some("helo")), ("zebra", None)] {
            assert_eq!(text.parse::<Stage>(), Err(StageError { nearest }), "{text}");
        }
    }
}

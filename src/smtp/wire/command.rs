//! The commands, made of parsed names and addresses only.

use super::names::{Charset, HeloName, Recipient, Sender};
use crate::reply::Stage;

/// A command. None of them sends a message.
#[derive(Clone, Copy)]
pub(crate) enum SmtpCommand<'a> {
    Ehlo(&'a HeloName),
    Helo(&'a HeloName),
    StartTls,
    Mail(&'a Sender, Charset),
    Rcpt(&'a Recipient),
    Rset,
    Quit,
}

impl SmtpCommand<'_> {
    /// The stage that its reply belongs to.
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::Ehlo(_) | Self::Helo(_) => Stage::Helo,
            Self::StartTls => Stage::StartTls,
            Self::Mail(..) => Stage::MailFrom,
            Self::Rcpt(_) => Stage::RcptTo,
            Self::Rset | Self::Quit => Stage::Quit,
        }
    }

    /// The line with its CR LF. Nothing ends it sooner: all parts are parsed, and none of their grammars allows
    /// CR, LF or NUL.
    pub(crate) fn line(self) -> String {
        match self {
            Self::Ehlo(name) => format!("EHLO {}\r\n", name.as_str()),
            Self::Helo(name) => format!("HELO {}\r\n", name.as_str()),
            Self::StartTls => "STARTTLS\r\n".to_owned(),
            Self::Mail(sender, Charset::Ascii) => format!("MAIL FROM:<{}>\r\n", sender.as_str()),
            Self::Mail(sender, Charset::Utf8) => {
                format!("MAIL FROM:<{}> SMTPUTF8\r\n", sender.as_str())
            }
            Self::Rcpt(recipient) => format!("RCPT TO:<{}>\r\n", recipient.path()),
            Self::Rset => "RSET\r\n".to_owned(),
            Self::Quit => "QUIT\r\n".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::address::{Address, SingleLabels};

    #[test]
    fn commands_as_lines() {
        let helo: HeloName = "Probe.Bücher.test".parse().unwrap();
        let sender: Sender = "Probe@lab.test".parse().unwrap();
        let to = |text: &str| Recipient::from(&text.parse::<Address>().unwrap());
        let cases = [
            (SmtpCommand::Ehlo(&helo), "EHLO probe.xn--bcher-kva.test"),
            (SmtpCommand::Helo(&helo), "HELO probe.xn--bcher-kva.test"),
            (SmtpCommand::StartTls, "STARTTLS"),
            (SmtpCommand::Mail(&sender, Charset::Ascii), "MAIL FROM:<Probe@lab.test>"),
            (SmtpCommand::Mail(&sender, Charset::Utf8), "MAIL FROM:<Probe@lab.test> SMTPUTF8"),
            (SmtpCommand::Rcpt(&to("Joe@Good.test")), "RCPT TO:<Joe@good.test>"),
            (SmtpCommand::Rcpt(&to("joe@bücher.test")), "RCPT TO:<joe@xn--bcher-kva.test>"),
            (SmtpCommand::Rcpt(&to("jörg@bücher.test")), "RCPT TO:<jörg@xn--bcher-kva.test>"),
            (SmtpCommand::Rcpt(&to("\"a>b c\"@good.test")), "RCPT TO:<\"a>b c\"@good.test>"),
            (SmtpCommand::Rset, "RSET"),
            (SmtpCommand::Quit, "QUIT"),
        ];
        for (command, expected) in cases {
            assert_eq!(command.line(), format!("{expected}\r\n"));
        }
    }

    /// Texts that try to smuggle a line in.
    fn smuggling() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("\r\n"),
            Just("\r"),
            Just("\n"),
            Just("\0"),
            Just("\u{85}"),
            Just("\u{2028}"),
            Just("\\\r\n"),
            Just("\""),
            Just("\\"),
            Just("@"),
            Just("a"),
            Just("ü"),
            Just("."),
            Just(" "),
            Just("<"),
            Just(">"),
            Just("[127.0.0.1]"),
            Just("b.test"),
            Just("RSET"),
        ];
        prop_oneof![
            any::<String>(),
            proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat()),
        ]
    }

    fn is_one_line(command: SmtpCommand<'_>) -> bool {
        let line = command.line();
        line.strip_suffix("\r\n").is_some_and(|rest| !rest.contains(char::is_control))
    }

    proptest! {
        #[test]
        fn nothing_is_smuggled_in(a in smuggling(), b in smuggling()) {
            for text in [a.clone(), format!("{a}@{b}"), format!("\"{a}\"@b.test"), format!("a@{b}.test")] {
                if let Ok(address) = Address::parse(&text, SingleLabels::AcceptedIf(&|_| true)) {
                    let recipient = Recipient::from(&address);
                    prop_assert!(is_one_line(SmtpCommand::Rcpt(&recipient)));
                }
                if let Ok(sender) = text.parse::<Sender>() {
                    prop_assert!(is_one_line(SmtpCommand::Mail(&sender, Charset::Utf8)));
                }
                if let Ok(name) = text.parse::<HeloName>() {
                    prop_assert!(is_one_line(SmtpCommand::Ehlo(&name)));
                }
            }
        }
    }
}

//! Reads a reply as a server sent it, or as a log line or a bounce quotes it.

use std::fmt;

use super::{EnhancedCode, ReplyClass, ReplyCode, Stage};

/// The most bytes of text that a [`Reply`] keeps.
pub const MAX_TEXT: usize = 2048;

/// A server's reply.
// No derived `Debug`: servers repeat the address.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: ReplyCode,
    pub enhanced: Option<EnhancedCode>,
    /// All lines without the codes before them, joined by line ends; at most [`MAX_TEXT`] bytes.
    pub text: Box<str>,
}

/// Why a text holds no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    #[error("there is no text; give a reply such as `550 5.1.1 User unknown`")]
    Empty,
    #[error(
        "there is no reply code in it; a reply begins with three digits, such as `550 5.1.1 User unknown`"
    )]
    NoCode,
}

impl Reply {
    /// A reply of these lines, each without its reply code. The enhanced status code at the start of a line is cut
    /// off (RFC 2034 §4); one elsewhere counts if there is no other: `sorry, no mailbox here by that name (#5.1.1)`.
    pub fn new(code: ReplyCode, lines: &[impl AsRef<str>]) -> Self {
        let mut enhanced = None;
        let mut text = String::new();
        for line in lines.iter().flat_map(|line| line.as_ref().lines()) {
            let (first, words) = without_codes(code, line);
            enhanced = enhanced.or(first);
            if text.len() > MAX_TEXT {
                break;
            }
            text.push_str(words);
            text.push('\n');
        }
        text.truncate(text.floor_char_boundary(MAX_TEXT));
        text.truncate(text.trim_end().len());
        let enhanced = enhanced.or_else(|| enhanced_within(code, &text));
        Self { code, enhanced, text: text.into() }
    }

    /// Reads a reply of one or several lines, or a line of a log or bounce that quotes one:
    /// `host mx said: 550 5.1.1 User unknown (in reply to RCPT TO command)`.
    ///
    /// # Errors
    /// The text has neither a reply code nor an enhanced status code.
    pub fn parse(text: &str) -> Result<Self, ReplyError> {
        if text.trim().is_empty() {
            return Err(ReplyError::Empty);
        }
        match find_code(text) {
            Some((code, at)) => Ok(Self::new(code, &lines(code, &text[at..]))),
            None => {
                let code = bare_enhanced(text).ok_or(ReplyError::NoCode)?;
                Ok(Self::new(code, &[text]))
            }
        }
    }

    /// Whether the text contains another reply whose codes contradict this one's: two replies glued together, or
    /// one that was passed on under another code.
    pub(super) fn holds_another(&self) -> bool {
        self.text.match_indices(['2', '4', '5']).any(|(at, _)| {
            let is_within_a_number =
                self.text[..at].ends_with(|c: char| c.is_ascii_digit() || c == '.');
            let Some(code) = leading_code(&self.text[at..]).filter(|_| !is_within_a_number) else {
                return false;
            };
            let rest = self.text[at + DIGITS..].trim_start_matches(SEPARATORS);
            let Some((enhanced, _)) = leading_enhanced(rest) else {
                // Enhanced codes are optional (RFC 5321 §4.2). A number alone is no reply; with "Ok" it is.
                return code.class() == ReplyClass::Positive
                    && self.code.class() != ReplyClass::Positive
                    && is_acceptance(rest);
            };
            let is_a_reply = u16::from(enhanced.class) == code.get() / 100;
            // X.5.X answers a command that had no recipient to work with (RFC 3463 §3.6).
            let is_of_a_command = enhanced.subject == 5;
            is_a_reply
                && !is_of_a_command
                && (code.class() != self.code.class()
                    || self.enhanced.is_some_and(|own| own != enhanced))
        })
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, enhanced, text } = self;
        f.debug_struct("Reply")
            .field("code", &code.get())
            .field("enhanced", &enhanced.map(|enhanced| enhanced.to_string()))
            .field("text", &format_args!("{} bytes", text.len()))
            .finish()
    }
}

/// The lines of the conversation, without a line end after the last.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.text.split('\n').peekable();
        while let Some(line) = lines.next() {
            let more = lines.peek().is_some();
            write!(f, "{}{}", self.code, if more { '-' } else { ' ' })?;
            if let Some(enhanced) = self.enhanced {
                write!(f, "{enhanced} ")?;
            }
            f.write_str(line)?;
            if more {
                f.write_str("\r\n")?;
            }
        }
        Ok(())
    }
}

/// Whether a text begins as acceptances do: "250 Ok", "250 Accepted".
fn is_acceptance(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    ["ok", "okay", "accepted"].iter().any(|one| word.eq_ignore_ascii_case(one))
}

/// The length of a reply code.
const DIGITS: usize = 3;
/// What may follow it.
const SEPARATORS: [char; 3] = ['-', ':', ' '];

/// The reply code that a text begins with.
fn leading_code(text: &str) -> Option<ReplyCode> {
    let digits = text.get(..DIGITS).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let ends =
        text[DIGITS..].chars().next().is_none_or(|c| c.is_whitespace() || "-:,.)]'\"".contains(c));
    let is_fraction = text[DIGITS..].starts_with('.')
        && text[DIGITS + 1..].starts_with(|c: char| c.is_ascii_digit());
    if ends && !is_fraction { ReplyCode::new(digits.parse().ok()?) } else { None }
}

/// A line's enhanced status code and the text behind it. Relays that quote a reply may repeat the reply code.
fn without_codes(code: ReplyCode, line: &str) -> (Option<EnhancedCode>, &str) {
    let mut words = line.trim();
    while leading_code(words) == Some(code) {
        let rest = &words[DIGITS..];
        words = rest.strip_prefix(['-', ':']).unwrap_or(rest).trim_start();
    }
    match leading_enhanced(words) {
        Some((enhanced, words)) => (Some(enhanced), words),
        None => (None, words),
    }
}

/// The most characters of an enhanced status code with the brackets around it.
const LONGEST_ENHANCED: usize = 16;

/// The enhanced status code that a text begins with, and what follows it.
fn leading_enhanced(text: &str) -> Option<(EnhancedCode, &str)> {
    let mut start = text.char_indices().take(LONGEST_ENHANCED);
    let end = start.find(|(_, c)| c.is_whitespace()).map(|(at, _)| at);
    let end = end.or_else(|| (text.len() <= LONGEST_ENHANCED).then_some(text.len()))?;
    let token =
        text[..end].trim_start_matches(['#', '[', '(']).trim_end_matches([':', ']', ')', ',']);
    Some((token.parse().ok()?, text[end..].trim_start()))
}

/// The first enhanced status code of the reply's own class anywhere in the text.
fn enhanced_within(code: ReplyCode, text: &str) -> Option<EnhancedCode> {
    let of_class = |enhanced: &EnhancedCode| u16::from(enhanced.class) == code.get() / 100;
    tokens(text).filter_map(|token| token.parse().ok()).find(of_class)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let tokens = text.split(|c: char| c.is_whitespace() || "()[]<>{},;:='\"#".contains(c));
    tokens.map(|token| token.trim_end_matches('.'))
}

/// The reply code and where it is: at the start of the text; else where an enhanced status code follows; else behind
/// a marker of logs and bounces; else the first number that could be one.
fn find_code(text: &str) -> Option<(ReplyCode, usize)> {
    let start = text.len() - text.trim_start().len();
    if let Some(code) = leading_code(&text[start..]) {
        return Some((code, start));
    }
    let candidates = text.match_indices(['2', '4', '5']).filter_map(|(at, _)| {
        let code = leading_code(&text[at..])?;
        let before = &text[..at];
        let marked = REPLY_MARKERS.iter().any(|mark| before.trim_end().ends_with(mark));
        let free = before.ends_with(|c: char| c.is_whitespace() || "'\"([".contains(c));
        let rank = if !marked && !free {
            return None;
        } else if leading_enhanced(text[at + DIGITS..].trim_start_matches(SEPARATORS)).is_some() {
            0
        } else if marked {
            1
        } else {
            2
        };
        Some((rank, at, code))
    });
    candidates.min_by_key(|(rank, at, _)| (*rank, *at)).map(|(_, at, code)| (code, at))
}

/// What logs and bounces write before a reply.
const REPLY_MARKERS: [&str; 7] =
    ["said:", "<<<", "reply=", "smtp;", "smtp:", "returned:", "response:"];

/// The lines of a reply that begins with this code.
fn lines(code: ReplyCode, text: &str) -> Vec<String> {
    let line = |line: &str| line.trim_start().trim_start_matches("<<<").trim_start().to_owned();
    let lines: Vec<String> = text.lines().map(line).collect();
    let digits = code.to_string();
    let goes_on = lines
        .first()
        .is_some_and(|first| first.get(DIGITS..).is_some_and(|rest| rest.starts_with('-')));
    let is_conversation = lines.len() > 1 && lines.iter().all(|line| line.starts_with(&digits));
    if !goes_on || is_conversation {
        return lines;
    }
    // Logs join all lines into one, and bounces wrap that again: `550-No such 550 user`.
    let (joined, last) = (format!(" {digits}-"), format!(" {digits} "));
    let text = lines.join(" ");
    let (first, end) = text.split_once(&last).map_or((&*text, None), |(a, b)| (a, Some(b)));
    first.split(&joined).chain(end).map(str::to_owned).collect()
}

/// The reply code for a text with an enhanced status code alone: `5.1.1 User unknown`, `dsn=5.1.1`.
fn bare_enhanced(text: &str) -> Option<ReplyCode> {
    let enhanced = tokens(text).find_map(|token| token.parse::<EnhancedCode>().ok())?;
    ReplyCode::new(u16::from(enhanced.class) * 100 + 50)
}

/// The stage that a quoted reply answers, if the text around it says so.
///
/// ```
/// use mailvet::reply::{Stage, stage_in_log_line};
///
/// let quoted = "said: 550 5.1.1 User unknown (in reply to RCPT TO command)";
/// assert_eq!(stage_in_log_line(quoted), Some(Stage::RcptTo));
/// assert_eq!(stage_in_log_line("550 5.1.1 User unknown"), None);
/// ```
pub fn stage_in_log_line(text: &str) -> Option<Stage> {
    let text = text.to_ascii_lowercase();
    let found =
        STAGE_PHRASES.iter().filter_map(|(words, stage)| Some((text.rfind(words)?, *stage)));
    // The last one counts: a server that passes a quotation on writes behind it.
    found.max_by_key(|(at, _)| *at).map(|(_, stage)| stage)
}

/// How Postfix, Exim, sendmail and qmail name the stage.
const STAGE_PHRASES: [(&str, Stage); 30] = [
    ("refused to talk to me:", Stage::Connect),
    ("while receiving the initial server greeting", Stage::Connect),
    ("after initial connection", Stage::Connect),
    ("but greeting failed", Stage::Connect),
    ("in reply to helo", Stage::Helo),
    ("in reply to ehlo", Stage::Helo),
    ("after helo", Stage::Helo),
    ("after ehlo", Stage::Helo),
    ("but my name was rejected", Stage::Helo),
    ("in reply to starttls", Stage::StartTls),
    ("after starttls", Stage::StartTls),
    ("in reply to mail from", Stage::MailFrom),
    ("after mail from:", Stage::MailFrom),
    ("after pipelined mail from:", Stage::MailFrom),
    ("but sender was rejected", Stage::MailFrom),
    (">>> mail from", Stage::MailFrom),
    ("[mail_from]", Stage::MailFrom),
    ("in reply to rcpt to", Stage::RcptTo),
    ("after rcpt to:", Stage::RcptTo),
    ("after pipelined rcpt to:", Stage::RcptTo),
    ("does not like recipient", Stage::RcptTo),
    (">>> rcpt to", Stage::RcptTo),
    ("[rcpt_to]", Stage::RcptTo),
    ("in reply to data", Stage::Data),
    ("in reply to end of data", Stage::Data),
    ("after data", Stage::Data),
    ("after end of data", Stage::Data),
    ("after pipelined data", Stage::Data),
    ("failed on data command", Stage::Data),
    ("failed after i sent the message", Stage::Data),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_hold_a_reply() {
        let cases: [(&str, u16, &str, &str); 32] = [
            ("550 5.1.1 User unknown", 550, "5.1.1", "User unknown"),
            ("  550 User unknown\r\n", 550, "", "User unknown"),
            ("550", 550, "", ""),
            ("550-", 550, "", ""),
            ("550 5.1.1", 550, "5.1.1", ""),
            ("550-5.1.1 No\r\n550 5.1.1 such user\r\n", 550, "5.1.1", "No\nsuch user"),
            ("550-5.1.1 No\n550-\n550 user", 550, "5.1.1", "No\n\nuser"),
            ("550-No such\n  user here", 550, "", "No such user here"),
            (
                "550-5.1.1 No such 550-5.1.1\n  user 550 5.1.1 here",
                550,
                "5.1.1",
                "No such\nuser\nhere",
            ),
            ("550 5.1.1 No such\n550 5.2.2 mailbox", 550, "5.1.1", "No such\nmailbox"),
            ("said: 550 5.1.1 User unknown", 550, "5.1.1", "User unknown"),
            (
                "host mx.a.test[192.0.2.250] said: 550-5.1.1 No such 550-5.1.1 user 550 5.1.1 here (in reply to RCPT TO command)",
                550,
                "5.1.1",
                "No such\nuser\nhere (in reply to RCPT TO command)",
            ),
            (
                "to=<a@b.test>, relay=mx[192.0.2.1]:25, delay=250, dsn=4.2.2, status=deferred (host mx said: 452 4.2.2 full)",
                452,
                "4.2.2",
                "full)",
            ),
            (
                "H=mx.a.test [::1] X=TLS1.3:AES_256_GCM:256 CV=no: SMTP error from remote mail server after RCPT TO:<a@b.test>: 550 Unrouteable address",
                550,
                "",
                "Unrouteable address",
            ),
            (
                "dsn=5.1.1, reply=550 <a@b.test>... User unknown, stat=User unknown",
                550,
                "",
                "<a@b.test>... User unknown, stat=User unknown",
            ),
            (
                ">>> RCPT To:<a@b.test>\n<<< 550 5.1.1 <a@b.test>... User unknown",
                550,
                "5.1.1",
                "<a@b.test>... User unknown",
            ),
            ("Diagnostic-Code: smtp; 550 no such user", 550, "", "no such user"),
            ("Diagnostic-Code: smtp;550 no such user", 550, "", "no such user"),
            ("Remote server returned '550 5.1.10 not found'", 550, "5.1.10", "not found'"),
            ("550 550 5.7.1 Denied", 550, "5.7.1", "Denied"),
            ("501 501: 5.1.8 Sender address rejected", 501, "5.1.8", "Sender address rejected"),
            ("550 #5.1.0 Address rejected.", 550, "5.1.0", "Address rejected."),
            ("550 [5.2.1] Off", 550, "5.2.1", "Off"),
            (
                "550 sorry, no mailbox here (#5.1.1 - chkusr)",
                550,
                "5.1.1",
                "sorry, no mailbox here (#5.1.1 - chkusr)",
            ),
            (
                "501 RCPT TO not accepted: 5.7.1 No relay",
                501,
                "5.7.1",
                "RCPT TO not accepted: 5.7.1 No relay",
            ),
            ("550 7.7.1 The IP", 550, "", "7.7.1 The IP"),
            ("550 Postfix 2.1.5 says no", 550, "", "Postfix 2.1.5 says no"),
            (
                "550 4.2.1 mailbox temporarily disabled",
                550,
                "4.2.1",
                "mailbox temporarily disabled",
            ),
            ("5.1.1 User unknown", 550, "5.1.1", "User unknown"),
            ("status: 4.2.2 (full)", 450, "4.2.2", "status: 4.2.2 (full)"),
            ("user is over quota (#5.2.2)", 550, "5.2.2", "user is over quota (#5.2.2)"),
            ("250 2.1.5 Ok", 250, "2.1.5", "Ok"),
        ];
        for (text, code, enhanced, words) in cases {
            let reply = Reply::parse(text).unwrap();
            let read = reply.enhanced.map(|code| code.to_string()).unwrap_or_default();
            assert_eq!(
                (reply.code.get(), read.as_str(), &*reply.text),
                (code, enhanced, words),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_that_hold_none() {
        for (text, error) in [
            ("", ReplyError::Empty),
            (" \r\n", ReplyError::Empty),
            ("User unknown", ReplyError::NoCode),
            ("55 User unknown", ReplyError::NoCode),
            ("5500 User unknown", ReplyError::NoCode),
            ("650 User unknown", ReplyError::NoCode),
            ("250.5 ms", ReplyError::NoCode),
            ("192.0.2.250", ReplyError::NoCode),
            ("port=587", ReplyError::NoCode),
        ] {
            assert_eq!(Reply::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn two_replies_in_one() {
        let cases = [
            ("550 5.1.1 User unknown", false),
            ("550 5.1.1 User unknown 250 2.1.5 Ok", true),
            ("550 5.1.1 User unknown250 2.1.5 Ok", true),
            ("550 User unknown 250 Ok", true),
            ("550 User unknown250 OK", true),
            ("550 5.1.1 User unknown 250-Accepted", true),
            ("550 5.1.1 User unknown\n250 Ok: queued", true),
            ("550 User unknown 250", false),
            ("550 User unknown in 250 okra fields", false),
            ("550 User unknown, ticket 1250 Ok", false),
            ("550 User unknown 450 Ok", false),
            ("250 Accepted 250 Ok", false),
            ("550 5.1.1 User unknown 451 4.3.0 Lookup failed", true),
            ("550 5.1.1 User unknown 550-5.7.1 Denied", true),
            ("550 5.1.1 mx.a.test said: 550 5.1.1 User unknown", false),
            ("550 mx.a.test said: 550 5.1.1 User unknown", false),
            ("550 5.1.1 User unknown 503 5.5.1 Need RCPT first", false),
            ("550 mx.a.test said: 450 4.2.0 Greylisted", true),
            ("550-5.1.1 No such\n550 5.1.1 user", false),
            ("550 5.1.1 User unknown after 250 5.1.1 tries", false),
            ("550 5.1.1 User unknown, ticket 1250 2.1.5", false),
            ("550 5.1.1 User unknown (192.0.2.250 2.1.5)", false),
        ];
        for (text, expected) in cases {
            assert_eq!(Reply::parse(text).unwrap().holds_another(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_is_bounded() {
        let code = ReplyCode::new(550).unwrap();
        let reply = Reply::new(code, &vec!["ü".repeat(300); 500]);
        assert!((MAX_TEXT - 2..=MAX_TEXT).contains(&reply.text.len()), "{}", reply.text.len());
    }

    #[test]
    fn stages_told_by_logs() {
        for (text, stage) in [
            ("550 x (in reply to end of DATA command)", Some(Stage::Data)),
            (
                "SMTP error from remote mail server after pipelined RCPT TO:<a@b.test>: 550",
                Some(Stage::RcptTo),
            ),
            ("host mx refused to talk to me: 554 5.7.1 no", Some(Stage::Connect)),
            (
                "192.0.2.1 failed after I sent the message.\nRemote host said: 550",
                Some(Stage::Data),
            ),
            ("550 user unknown after data (in reply to MAIL FROM command)", Some(Stage::MailFrom)),
            ("550 user unknown", None),
        ] {
            assert_eq!(stage_in_log_line(text), stage, "{text}");
        }
    }
}

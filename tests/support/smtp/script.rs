//! How a server behaves, as a text.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// The rules, and what EHLO tells.
#[derive(Default)]
pub(super) struct Script {
    pub(super) offers: Vec<String>,
    rules: Vec<Rule>,
    /// When recipients of `GREY` were named for the first time.
    first_asked: Mutex<HashMap<String, Instant>>,
}

struct Rule {
    half: Option<Half>,
    step: Step,
    recipients: Recipients,
    action: Action,
}

/// The halves of a conversation.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Half {
    Clear,
    Tls,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Banner,
    Ehlo,
    Helo,
    StartTls,
    Tls,
    Mail,
    Rcpt,
    Rset,
    Quit,
}

/// The recipients that a rule of `RCPT` is about.
enum Recipients {
    All,
    Nth(usize),
    Address(String),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Action {
    /// Lines, ends included.
    Say(String),
    After(Duration, String),
    Twice(String),
    Drop,
    Stall,
    Garbage,
    Endless,
    Trickle,
    OldTls,
    /// Defers a recipient until it was first named so long ago, and then says so.
    Grey(Duration, String),
}

/// The recipient of a `RCPT` command.
pub(super) struct Named<'a> {
    pub(super) address: &'a str,
    /// How many there were on this connection, this one included.
    pub(super) nth: usize,
}

impl Script {
    pub(super) fn read(text: &str) -> Self {
        let mut script = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.strip_prefix("OFFERS") {
                Some(features) => {
                    script.offers = features.split_whitespace().map(str::to_owned).collect();
                }
                None => {
                    let rule = Rule::read(line).unwrap_or_else(|| panic!("no rule: {line}"));
                    script.rules.push(rule);
                }
            }
        }
        script
    }

    /// What to do at this step, where a rule says it.
    pub(super) fn action(&self, half: Half, step: Step, named: &Named<'_>) -> Option<&Action> {
        let fits = |rule: &&Rule| {
            let names = match &rule.recipients {
                Recipients::All => true,
                Recipients::Nth(nth) => *nth == named.nth,
                Recipients::Address(address) => address == named.address,
            };
            rule.step == step && names && rule.half.is_none_or(|wanted| wanted == half)
        };
        self.rules.iter().find(fits).map(|rule| &rule.action)
    }
}

impl Script {
    /// Whether this recipient was named so long ago for the first time.
    pub(super) fn knows(&self, address: &str, wait: Duration) -> bool {
        let mut first_asked = self.first_asked.lock().unwrap();
        let first = first_asked.entry(address.to_owned()).or_insert_with(Instant::now);
        first.elapsed() >= wait
    }
}

impl Rule {
    fn read(line: &str) -> Option<Self> {
        let (first, rest) = line.split_once(' ')?;
        let (half, line) = match first {
            "IN-CLEAR" => (Some(Half::Clear), rest),
            "IN-TLS" => (Some(Half::Tls), rest),
            _ => (None, line),
        };
        let (step, rest) = line.split_once(' ')?;
        let step = Step::read(step)?;
        let (recipients, action) = match step {
            Step::Rcpt => {
                let (recipients, action) = rest.split_once(' ')?;
                (Recipients::read(recipients)?, action)
            }
            _ => (Recipients::All, rest),
        };
        Some(Self { half, step, recipients, action: Action::read(action)? })
    }
}

impl Step {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "BANNER" => Self::Banner,
            "TLS" => Self::Tls,
            _ => return Self::of(word),
        })
    }

    /// The step that a command belongs to.
    pub(super) fn of(command: &str) -> Option<Self> {
        Some(match command {
            "EHLO" => Self::Ehlo,
            "HELO" => Self::Helo,
            "STARTTLS" => Self::StartTls,
            "MAIL" => Self::Mail,
            "RCPT" => Self::Rcpt,
            "RSET" => Self::Rset,
            "QUIT" => Self::Quit,
            _ => return None,
        })
    }
}

impl Recipients {
    fn read(word: &str) -> Option<Self> {
        Some(match word.strip_prefix('#') {
            Some(nth) => Self::Nth(nth.parse().ok()?),
            None if word == "*" => Self::All,
            None => Self::Address(word.to_owned()),
        })
    }
}

impl Action {
    fn read(text: &str) -> Option<Self> {
        let lines =
            |text: &str| text.split('|').map(|line| format!("{line}\r\n")).collect::<String>();
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Some(match word {
            "DROP" => Self::Drop,
            "STALL" => Self::Stall,
            "GARBAGE" => Self::Garbage,
            "ENDLESS" => Self::Endless,
            "TRICKLE" => Self::Trickle,
            "OLD" => Self::OldTls,
            "TWICE" => Self::Twice(lines(rest)),
            "AFTER" => {
                let (milliseconds, text) = rest.split_once(' ')?;
                Self::After(Duration::from_millis(milliseconds.parse().ok()?), lines(text))
            }
            "GREY" => {
                let (seconds, text) = rest.split_once(' ')?;
                Self::Grey(Duration::from_secs(seconds.parse().ok()?), lines(text))
            }
            _ if word.starts_with(|c: char| c.is_ascii_digit()) => Self::Say(lines(text)),
            _ => return None,
        })
    }
}

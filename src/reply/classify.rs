//! From a reply to its meaning: the general rules, and between them the rules of `data/replies.toml`.

use super::rules::Rule;
use super::{About, MailboxDetail, NowDetail, Reply, ReplyClass, ReplyRules, Stage, UsDetail};

/// What a reply means, and by which rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning<'p> {
    pub about: About,
    /// The id of the rule that decided: one of `data/replies.toml`, of the operator's file, or one of the general
    /// rules below, which begin with `general-`.
    pub rule: &'p str,
}

/// What a reply means, given the stage that it answers and the provider whose server sent it.
///
/// - A reply before RCPT TO, or to QUIT, is never about the mailbox.
/// - A transient refusal (4xx, or a 4.x.x beside a 5xx) never says that there is no mailbox.
/// - A reply that contains a second, contradicting reply says nothing of the mailbox.
/// - 252 accepts without having verified: no proof of a mailbox.
///
/// ```
/// use mailvet::reply::{About, MailboxDetail, ReplyRules, Reply, Stage, UsDetail, classify};
///
/// let rules = ReplyRules::builtin();
/// let about = |text| classify(Stage::RcptTo, &Reply::parse(text).unwrap(), None, &rules).about;
/// let no_such = About::Mailbox(MailboxDetail::NoSuchMailbox);
/// assert_eq!(about("550 5.1.1 User unknown"), no_such);
/// assert_eq!(about("550 5.1.1 Blocked using zen.spamhaus.org"), About::Us(UsDetail::Blocklisted));
/// ```
pub fn classify<'p>(
    stage: Stage,
    reply: &Reply,
    provider: Option<&str>,
    rules: &'p ReplyRules,
) -> Meaning<'p> {
    match reply.code.class() {
        ReplyClass::Positive if stage == Stage::RcptTo => {
            let detail = match reply.code.get() {
                251 => MailboxDetail::Forwarded,
                252 => MailboxDetail::NotVerified,
                _ => MailboxDetail::Accepted,
            };
            Meaning { about: About::Mailbox(detail), rule: "general-accepted" }
        }
        ReplyClass::Positive | ReplyClass::Intermediate => {
            Meaning { about: About::Us(UsDetail::CommandAccepted), rule: "general-accepted" }
        }
        ReplyClass::Transient | ReplyClass::Permanent => refusal(stage, reply, provider, rules),
    }
}

fn refusal<'p>(
    stage: Stage,
    reply: &Reply,
    provider: Option<&str>,
    rules: &'p ReplyRules,
) -> Meaning<'p> {
    let persistence = Persistence::of(reply);
    match rules.find(stage, reply, provider) {
        // Two replies in one: either may be about the recipient.
        Some(Rule { about: About::Mailbox(_), .. }) if reply.holds_another() => {
            Meaning { about: About::Us(UsDetail::ProtocolError), rule: "general-two-replies" }
        }
        Some(rule) => Meaning { about: persistence.soften(rule.about), rule: &rule.id },
        None if stage == Stage::StartTls => {
            Meaning { about: About::Us(UsDetail::TlsRefused), rule: "general-starttls" }
        }
        None => match persistence {
            Persistence::Transient => {
                Meaning { about: About::Now(NowDetail::TryLater), rule: "general-transient" }
            }
            Persistence::Permanent => {
                Meaning { about: About::Us(UsDetail::Unclear), rule: "general-permanent" }
            }
        },
    }
}

/// Whether a refusal is permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Persistence {
    Transient,
    Permanent,
}

impl Persistence {
    /// Permanent only if both codes say so.
    fn of(reply: &Reply) -> Self {
        let is_transient = reply.code.class() == ReplyClass::Transient
            || reply.enhanced.is_some_and(|enhanced| enhanced.class == 4);
        if is_transient { Self::Transient } else { Self::Permanent }
    }

    /// The meaning of a transient refusal: no server means that a mailbox does not exist *for the moment*. It may
    /// not know, or greylist unknown clients in these words.
    fn soften(self, about: About) -> About {
        let About::Mailbox(detail) = about else { return about };
        match (self, detail) {
            (Self::Permanent, _)
            | (
                Self::Transient,
                MailboxDetail::Full
                | MailboxDetail::Accepted
                | MailboxDetail::Forwarded
                | MailboxDetail::NotVerified,
            ) => about,
            (Self::Transient, MailboxDetail::Disabled) => About::Now(NowDetail::MailboxBusy),
            (
                Self::Transient,
                MailboxDetail::NoSuchMailbox
                | MailboxDetail::Moved
                | MailboxDetail::BadAddress
                | MailboxDetail::NoSuchDomain,
            ) => About::Now(NowDetail::Unverified),
        }
    }
}

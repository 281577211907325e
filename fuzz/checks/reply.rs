//! Whatever a server says: it is read within bounds, has a meaning, and speaks of the mailbox only where it can.

use std::sync::LazyLock;

use mailvet::reply::{
    About, MAX_TEXT, MailboxDetail, Reply, ReplyClass, ReplyRules, Stage, classify,
    stage_in_log_line,
};

static PATTERNS: LazyLock<ReplyRules> = LazyLock::new(ReplyRules::builtin);

pub(crate) fn check(bytes: &[u8]) {
    let [choice, text @ ..] = bytes else { return };
    let stage = Stage::ALL[usize::from(*choice) % Stage::ALL.len()];
    let text = String::from_utf8_lossy(text);
    stage_in_log_line(&text);
    let Ok(reply) = Reply::parse(&text) else { return };
    assert!(reply.text.len() <= MAX_TEXT);
    assert!(Reply::parse(&reply.to_string()).as_ref() == Ok(&reply));
    for provider in [None, Some("gmx"), Some("yahoo")] {
        holds(stage, &reply, classify(stage, &reply, provider, &PATTERNS).about);
    }
}

fn holds(stage: Stage, reply: &Reply, about: About) {
    let About::Mailbox(detail) = about else { return };
    assert!(matches!(stage, Stage::RcptTo | Stage::Data));
    let class = reply.code.class();
    match detail {
        MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified => {
            assert_eq!(class, ReplyClass::Positive);
        }
        MailboxDetail::Full => {
            assert!(matches!(class, ReplyClass::Transient | ReplyClass::Permanent));
        }
        MailboxDetail::NoSuchMailbox
        | MailboxDetail::Moved
        | MailboxDetail::BadAddress
        | MailboxDetail::NoSuchDomain
        | MailboxDetail::Disabled => assert_eq!(class, ReplyClass::Permanent),
    }
}

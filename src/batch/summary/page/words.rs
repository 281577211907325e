//! The sentences of the page about verdicts and depths.

use crate::verdict::{Depth, Verdict};

/// What a verdict means for the owner of a list.
pub(super) struct VerdictWords {
    /// What to do with such rows, in one or two words.
    pub(super) todo: &'static str,
    /// What the verdict says about the address.
    pub(super) meaning: &'static str,
    /// What to do with such rows, and why.
    pub(super) counsel: &'static str,
}

pub(super) fn verdict_words(verdict: Verdict) -> VerdictWords {
    match verdict {
        Verdict::Deliverable => VerdictWords {
            todo: "Keep",
            meaning: "The mail server of the mailbox accepts it, and refuses made-up ones.",
            counsel: "Keep these rows as they are.",
        },
        Verdict::Plausible => VerdictWords {
            todo: "Keep",
            meaning: "The address is well-formed, its domain accepts mail, and nothing speaks against it. \
                      The mailbox itself was not asked about, or its server does not say.",
            counsel: "Keep these rows. A few mailboxes may be gone: take out what bounces when you next write.",
        },
        Verdict::Risky => VerdictWords {
            todo: "Ask",
            meaning: "Mail may arrive, yet something speaks against it: a probable typo, a mailbox to throw \
                      away, a full one, a domain that accepts mail for any name.",
            counsel: "Look at the reason. Where a correction is suggested, ask the person before you use it; \
                      someone else may own the address as it was typed.",
        },
        Verdict::Undeliverable => VerdictWords {
            todo: "Remove",
            meaning: "Mail cannot arrive: the text is no address, the domain does not exist or accepts no mail, \
                      or its server says that there is no such mailbox.",
            counsel: "Take these rows out, or ask the person another way. Mail that bounces makes other \
                      servers trust you less.",
        },
        Verdict::Unknown => VerdictWords {
            todo: "Try again",
            meaning: "It could not be found out: a server did not answer, put the question off, or was not \
                      asked. That says nothing against the address.",
            counsel: "Keep these rows for now, and look at them again later.",
        },
    }
}

/// How deep the addresses were checked.
pub(super) fn depth_sentence(depth: Depth) -> &'static str {
    match depth {
        Depth::Syntax => "The text of each address was checked; no server was asked.",
        Depth::Domain => {
            "The text of each address was checked, and the DNS asked about its domain."
        }
        Depth::Mailbox => {
            "The text of each address was checked, the DNS asked about its domain, and mail servers about \
             the mailbox."
        }
    }
}

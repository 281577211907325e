//! Meanings in sentences, for people who read logs and bounces.

use super::{About, MailboxDetail, NowDetail, UsDetail};

impl About {
    /// What the reply says, in a sentence.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => mailbox(detail),
            Self::Us(detail) => us(detail),
            Self::Now(detail) => now(detail),
        }
    }

    /// What somebody can do about it whose mail was answered so.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => mailbox_remedy(detail),
            Self::Us(detail) => us_remedy(detail),
            Self::Now(detail) => now_remedy(detail),
        }
    }
}

fn mailbox(detail: MailboxDetail) -> &'static str {
    match detail {
        MailboxDetail::Accepted => {
            "The server takes mail for this recipient; whether it takes any recipient, one reply cannot tell."
        }
        MailboxDetail::Forwarded => {
            "The server takes mail for this recipient and sends it on to another place."
        }
        MailboxDetail::NotVerified => {
            "The server takes the mail without having looked whether the mailbox exists: that is no proof of one."
        }
        MailboxDetail::NoSuchMailbox => "The server says that there is no such mailbox.",
        MailboxDetail::Moved => {
            "The server says that the mailbox is no longer there: its owner has left or moved."
        }
        MailboxDetail::BadAddress => {
            "The server says that this is no address it could have: a mailbox of this name cannot exist there."
        }
        MailboxDetail::NoSuchDomain => {
            "The server says that the recipient's domain does not exist, so the mailbox does not either."
        }
        MailboxDetail::Disabled => "The server says that the mailbox is switched off.",
        MailboxDetail::Full => {
            "The mailbox exists and is full: it takes no mail until its owner makes room."
        }
    }
}

fn mailbox_remedy(detail: MailboxDetail) -> &'static str {
    match detail {
        MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified => {
            "Nothing: the mail is on its way."
        }
        MailboxDetail::NoSuchMailbox | MailboxDetail::BadAddress | MailboxDetail::NoSuchDomain => {
            "Look for a typo in the address; if there is none, stop sending to it."
        }
        MailboxDetail::Moved => "Ask the person for the new address, and stop sending to this one.",
        MailboxDetail::Disabled => "Stop sending to it, unless its owner says that it works again.",
        MailboxDetail::Full => "Try again in a few days; give it up if it stays full for weeks.",
    }
}

fn us(detail: UsDetail) -> &'static str {
    match detail {
        UsDetail::CommandAccepted => {
            "The server goes along with a command that names no recipient: it says nothing of a mailbox."
        }
        UsDetail::Blocklisted => {
            "The server refuses the client, whoever the recipient: its IP address or domain is on a block list."
        }
        UsDetail::BadReputation => {
            "The server refuses the client, whoever the recipient: its IP address or domain has a bad reputation there."
        }
        UsDetail::NoReverseDns => {
            "The server refuses the client: the reverse DNS of its IP address is missing or does not lead back to it."
        }
        UsDetail::BadHelo => {
            "The server refuses the name that the client gave itself in HELO or EHLO."
        }
        UsDetail::SenderRefused => "The server refuses the sender's address or domain.",
        UsDetail::AuthPolicy => {
            "The server refuses mail of this sender's domain from here: SPF, DKIM or DMARC failed or is missing."
        }
        UsDetail::RateLimited => {
            "The server limits the client or the sender: too much mail came from there."
        }
        UsDetail::TooManyErrors => {
            "The server cuts the client off after too many errors, such as recipients that do not exist."
        }
        UsDetail::RelayDenied => {
            "The server takes no mail for this domain from strangers: it is not the domain's own, or not set up for it."
        }
        UsDetail::DomainNotAccepted => "The server does not serve the recipient's domain.",
        UsDetail::AuthRequired => "The server wants the client to log in first.",
        UsDetail::TlsRequired => "The server takes mail over encrypted connections only.",
        UsDetail::TlsRefused => "The server did not start encryption when it was asked to.",
        UsDetail::RecipientRestricted => {
            "The recipient takes mail from some senders only, and this one is not among them."
        }
        UsDetail::MessagePolicy => {
            "The server refuses this message for what is in it or how it is made; the recipient may well exist."
        }
        UsDetail::MessageTooLarge => {
            "The message is larger than the server or the recipient takes; the recipient may well exist."
        }
        UsDetail::Smtputf8Unsupported => {
            "The server cannot take addresses with characters beyond ASCII (SMTPUTF8)."
        }
        UsDetail::Policy => {
            "The server refuses by a rule of its own without saying which; that tells nothing of the mailbox."
        }
        UsDetail::ProtocolError => {
            "The server did not understand the client, or was asked in an order that it does not take."
        }
        UsDetail::RefusesEverybody => {
            "The server refuses every recipient in the same words, postmaster too: that says nothing of a mailbox."
        }
        UsDetail::Unclear => {
            "The server refuses without saying whether that is for the mailbox's or for the client's sake; \
             that is no word that the mailbox does not exist."
        }
    }
}

fn us_remedy(detail: UsDetail) -> &'static str {
    match detail {
        UsDetail::CommandAccepted => "Nothing: go on with the conversation.",
        UsDetail::Blocklisted => {
            "Find out why your IP address or domain is listed, mend that, then ask the list to remove it. Keep the address."
        }
        UsDetail::BadReputation => {
            "Send less and only to people who want it, and ask their postmaster. Keep the address."
        }
        UsDetail::NoReverseDns => {
            "Have whoever runs your IP address set a PTR record for it, to a name that leads back to the same IP address."
        }
        UsDetail::BadHelo => {
            "Let your server greet with its own full host name, one that is found in the DNS."
        }
        UsDetail::SenderRefused => {
            "See that the sender's domain exists, takes mail, and is allowed there. Keep the address."
        }
        UsDetail::AuthPolicy => {
            "Let SPF name your servers, sign with DKIM, and have both agree with the From domain (DMARC)."
        }
        UsDetail::RateLimited => {
            "Wait for hours, then send more slowly and over fewer connections. Keep the address."
        }
        UsDetail::TooManyErrors => {
            "Stop for the day; clean the list before more of its addresses are tried there."
        }
        UsDetail::RelayDenied | UsDetail::DomainNotAccepted => {
            "See whether the domain's MX records lead to this server; if they do, its postmaster has to mend it."
        }
        UsDetail::AuthRequired => {
            "On the way to another domain: deliver to its MX at port 25. As a customer of the server: log in."
        }
        UsDetail::TlsRequired | UsDetail::TlsRefused => {
            "Let your server use STARTTLS with a current version of TLS."
        }
        UsDetail::RecipientRestricted => {
            "Ask the recipient, or who runs the mailing list, to let this sender in."
        }
        UsDetail::MessagePolicy => {
            "Look at the message: its form, its links, its attachments. Keep the address."
        }
        UsDetail::MessageTooLarge => "Send a smaller message. Keep the address.",
        UsDetail::Smtputf8Unsupported => "Ask the person for an address in plain ASCII.",
        UsDetail::Policy => "Ask the postmaster there, with the whole reply. Keep the address.",
        UsDetail::ProtocolError => {
            "Look at the conversation in your server's log, or for a filter between the two servers."
        }
        UsDetail::RefusesEverybody => {
            "Keep the address, and tell whoever runs the server: a gateway in front of it may be broken."
        }
        UsDetail::Unclear => {
            "Keep the address. Try from another IP address, or ask the postmaster there with the whole reply."
        }
    }
}

fn now(detail: NowDetail) -> &'static str {
    match detail {
        NowDetail::Greylisted => {
            "The server defers everybody it does not know yet (greylisting); it says nothing of the mailbox."
        }
        NowDetail::TooManyConnections => {
            "The server has too many connections, or too many from this client."
        }
        NowDetail::TooManyRecipients => {
            "The server takes no more recipients in this conversation; the ones left out were not looked at."
        }
        NowDetail::ReceivingTooFast => {
            "The mailbox gets more mail at the moment than the server lets through to it."
        }
        NowDetail::MailboxBusy => {
            "The mailbox cannot be used at the moment: busy, locked, or switched off for a while."
        }
        NowDetail::Unverified => {
            "The server could not make sure that the mailbox exists, and defers; that is no word that it does not."
        }
        NowDetail::ServerTrouble => "The server has troubles of its own at the moment.",
        NowDetail::RoutingTrouble => {
            "The mail got stuck on its way: a loop, the DNS, or a server behind this one that does not answer."
        }
        NowDetail::TryLater => "The server says \"later\" without saying why.",
    }
}

fn now_remedy(detail: NowDetail) -> &'static str {
    match detail {
        NowDetail::Greylisted => {
            "Try again after a quarter of an hour, from the same IP address and with the same sender."
        }
        NowDetail::TooManyConnections => "Try again later over one connection.",
        NowDetail::TooManyRecipients => {
            "Ask for the others in another conversation, with fewer recipients."
        }
        NowDetail::RoutingTrouble => {
            "Try again later; if it stays, tell the postmaster there, with the whole reply."
        }
        NowDetail::ReceivingTooFast
        | NowDetail::MailboxBusy
        | NowDetail::Unverified
        | NowDetail::ServerTrouble
        | NowDetail::TryLater => "Try again later; mail servers do so by themselves for days.",
    }
}

//! A sentence for each meaning, and what to do about it, for people who read logs and bounces.

use super::{About, MailboxDetail, NowDetail, UsDetail};

impl About {
    /// What the reply says.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => mailbox(detail),
            Self::Us(detail) => us(detail),
            Self::Now(detail) => now(detail),
        }
    }

    /// What the sender of the mail can do.
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
            "The server accepts mail for this recipient; one reply cannot tell whether it accepts any recipient."
        }
        MailboxDetail::Forwarded => {
            "The server accepts mail for this recipient and forwards it to another address."
        }
        MailboxDetail::NotVerified => {
            "The server accepts the mail without having checked that the mailbox exists: that is no proof of one."
        }
        MailboxDetail::NoSuchMailbox => "The server says that there is no such mailbox.",
        MailboxDetail::Moved => {
            "The server says that the mailbox is no longer there: its owner has left or moved."
        }
        MailboxDetail::BadAddress => {
            "The server says that the address is malformed: a mailbox of this name cannot exist there."
        }
        MailboxDetail::NoSuchDomain => {
            "The server says that the recipient's domain does not exist, so the mailbox does not either."
        }
        MailboxDetail::Disabled => "The server says that the mailbox is switched off.",
        MailboxDetail::Full => {
            "The mailbox exists and is full: it accepts no mail until its owner makes room."
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
            "The server accepts a command that names no recipient: that says nothing about a mailbox."
        }
        UsDetail::Blocklisted => {
            "The server refuses the client for every recipient: its IP address or domain is on a block list."
        }
        UsDetail::BadReputation => {
            "The server refuses the client for every recipient: its IP address or domain has a bad reputation there."
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
            "The server accepts no mail for this domain from unknown clients: it is not the domain's own server, or not set up for it."
        }
        UsDetail::DomainNotAccepted => "The server does not serve the recipient's domain.",
        UsDetail::AuthRequired => "The server wants the client to log in first.",
        UsDetail::TlsRequired => "The server accepts mail over encrypted connections only.",
        UsDetail::TlsRefused => "The server did not start encryption when it was asked to.",
        UsDetail::RecipientRestricted => {
            "The recipient accepts mail from some senders only, and this one is not among them."
        }
        UsDetail::MessagePolicy => {
            "The server refuses this message for what is in it or how it is made; the recipient may well exist."
        }
        UsDetail::MessageTooLarge => {
            "The message is larger than the server or the recipient accepts; the recipient may well exist."
        }
        UsDetail::Smtputf8Unsupported => {
            "The server does not accept addresses with characters beyond ASCII (SMTPUTF8)."
        }
        UsDetail::Policy => {
            "The server refuses by a rule of its own without saying which; that says nothing about the mailbox."
        }
        UsDetail::ProtocolError => {
            "The server did not understand the client, or the commands came in an order that it does not accept."
        }
        UsDetail::RefusesEverybody => {
            "The server refuses every recipient in the same words, postmaster too: that says nothing about a mailbox."
        }
        UsDetail::Unclear => {
            "The server refuses without saying whether because of the mailbox or of the client; \
             that does not mean that the mailbox does not exist."
        }
    }
}

fn us_remedy(detail: UsDetail) -> &'static str {
    match detail {
        UsDetail::CommandAccepted => "Nothing: the conversation can go on.",
        UsDetail::Blocklisted => {
            "Find out why your IP address or domain is listed, mend that, then ask the list to remove it. Keep the address."
        }
        UsDetail::BadReputation => {
            "Send less and only to people who want it, and ask their postmaster. Keep the address."
        }
        UsDetail::NoReverseDns => {
            "Ask the provider of your IP address for a PTR record, to a name that leads back to the same IP address."
        }
        UsDetail::BadHelo => {
            "Let your server greet with its own full host name, one that is found in the DNS."
        }
        UsDetail::SenderRefused => {
            "Check that the sender's domain exists, accepts mail, and is allowed there. Keep the address."
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
            "Check whether the domain's MX records lead to this server; if they do, its postmaster has to fix it."
        }
        UsDetail::AuthRequired => {
            "If this is another organisation's server: deliver to its MX at port 25. If it is your own provider's: log in."
        }
        UsDetail::TlsRequired | UsDetail::TlsRefused => {
            "Let your server use STARTTLS with a current version of TLS."
        }
        UsDetail::RecipientRestricted => {
            "Ask the recipient, or the mailing list's owner, to allow this sender."
        }
        UsDetail::MessagePolicy => {
            "Check the message: its format, its links, its attachments. Keep the address."
        }
        UsDetail::MessageTooLarge => "Send a smaller message. Keep the address.",
        UsDetail::Smtputf8Unsupported => "Ask the person for an address in plain ASCII.",
        UsDetail::Policy => "Ask the postmaster there, with the whole reply. Keep the address.",
        UsDetail::ProtocolError => {
            "Look at the conversation in your server's log, and for a filter between the two servers."
        }
        UsDetail::RefusesEverybody => {
            "Keep the address, and tell the postmaster there: a gateway in front of the server may be broken."
        }
        UsDetail::Unclear => {
            "Keep the address. Try from another IP address, or ask the postmaster there with the whole reply."
        }
    }
}

fn now(detail: NowDetail) -> &'static str {
    match detail {
        NowDetail::Greylisted => {
            "The server defers every client that it does not know yet (greylisting); that says nothing about the mailbox."
        }
        NowDetail::TooManyConnections => {
            "The server has too many connections, or too many from this client."
        }
        NowDetail::TooManyRecipients => {
            "The server accepts no more recipients in this conversation; it did not check the remaining ones."
        }
        NowDetail::ReceivingTooFast => {
            "The mailbox receives more mail at the moment than the server allows."
        }
        NowDetail::MailboxBusy => {
            "The mailbox cannot be used at the moment: busy, locked, or switched off for a while."
        }
        NowDetail::Unverified => {
            "The server could not verify that the mailbox exists, and defers; that does not mean that it does not exist."
        }
        NowDetail::ServerTrouble => "The server has a problem of its own at the moment.",
        NowDetail::RoutingTrouble => {
            "The mail got stuck on its way: a loop, a DNS problem, or a server behind this one that does not answer."
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
            "Send to the others in another conversation, with fewer recipients."
        }
        NowDetail::RoutingTrouble => {
            "Try again later; if the problem remains, tell the postmaster there, with the whole reply."
        }
        NowDetail::ReceivingTooFast
        | NowDetail::MailboxBusy
        | NowDetail::Unverified
        | NowDetail::ServerTrouble
        | NowDetail::TryLater => "Try again later; mail servers do so by themselves for days.",
    }
}

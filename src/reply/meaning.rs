//! What a reply speaks of, as closed sets of codes.

/// What a reply speaks of, and precisely what it says of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum About {
    /// The mailbox that was asked about.
    Mailbox(MailboxDetail),
    /// Whoever asks, or what they sent: the mailbox may exist or not.
    Us(UsDetail),
    /// The moment: it may be different later, for the same mailbox and the same client.
    Now(NowDetail),
}

/// What is said of a mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailboxDetail {
    /// It takes mail.
    Accepted,
    /// Mail to it is sent on (251).
    Forwarded,
    /// The server takes the mail without knowing the mailbox (252): no proof that there is one.
    NotVerified,
    /// There is none of this name.
    NoSuchMailbox,
    /// Its owner has left.
    Moved,
    /// There can be none: the server calls the address malformed.
    BadAddress,
    /// There is none: the server knows no such domain.
    NoSuchDomain,
    /// It is switched off.
    Disabled,
    /// It is full.
    Full,
}

/// What is said of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UsDetail {
    /// A command before the recipient was accepted: nobody asked about a mailbox yet.
    CommandAccepted,
    /// Our IP address or domain is on a block list.
    Blocklisted,
    /// Our IP address or domain has a bad name with them.
    BadReputation,
    /// The reverse DNS of our IP address is missing or does not lead back.
    NoReverseDns,
    /// They do not like the name in our HELO.
    BadHelo,
    /// They do not take mail from this sender.
    SenderRefused,
    /// SPF, DKIM or DMARC failed.
    AuthPolicy,
    /// We sent or asked too much.
    RateLimited,
    /// We asked for too many mailboxes that do not exist, or made other errors.
    TooManyErrors,
    /// They take no mail for this domain from strangers.
    RelayDenied,
    /// They do not serve this domain.
    DomainNotAccepted,
    /// They take mail only from who has logged in.
    AuthRequired,
    /// They take mail only over TLS.
    TlsRequired,
    /// They refused to start TLS.
    TlsRefused,
    /// This recipient takes mail from some senders only.
    RecipientRestricted,
    /// The message itself was refused.
    MessagePolicy,
    /// The message is too large.
    MessageTooLarge,
    /// The server cannot take an address beyond ASCII.
    Smtputf8Unsupported,
    /// A rule of theirs, they do not say which.
    Policy,
    /// They refuse every recipient in the same words, postmaster too.
    RefusesEverybody,
    /// They do not understand us, or we them.
    ProtocolError,
    /// Refused, and nobody can tell why.
    Unclear,
}

/// What is said of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NowDetail {
    /// Strangers have to come back.
    Greylisted,
    /// Too many connections.
    TooManyConnections,
    /// Too many recipients in one go.
    TooManyRecipients,
    /// The mailbox gets more mail than it may.
    ReceivingTooFast,
    /// The mailbox cannot be used at the moment.
    MailboxBusy,
    /// The server could not find out whether the mailbox exists.
    Unverified,
    /// The server has troubles of its own.
    ServerTrouble,
    /// The server cannot reach what it needs: loops, the DNS, another server.
    RoutingTrouble,
    /// Later, and they do not say why.
    TryLater,
}

impl About {
    /// Every meaning.
    pub fn all() -> impl Iterator<Item = Self> {
        let mailbox = MailboxDetail::ALL.into_iter().map(Self::Mailbox);
        let us = UsDetail::ALL.into_iter().map(Self::Us);
        mailbox.chain(us).chain(NowDetail::ALL.into_iter().map(Self::Now))
    }

    /// The meaning whose [`detail`](Self::detail) this is.
    pub fn from_detail(detail: &str) -> Option<Self> {
        Self::all().find(|about| about.detail() == detail)
    }

    /// Whether it can be said in a refusal.
    pub(super) fn is_of_refusals(self) -> bool {
        match self {
            Self::Mailbox(
                MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified,
            )
            | Self::Us(UsDetail::CommandAccepted)
            // One reply cannot say it.
            | Self::Us(UsDetail::RefusesEverybody) => false,
            Self::Mailbox(_) | Self::Us(_) | Self::Now(_) => true,
        }
    }

    /// What it speaks of.
    pub fn code(self) -> &'static str {
        match self {
            Self::Mailbox(_) => "mailbox",
            Self::Us(_) => "us",
            Self::Now(_) => "now",
        }
    }

    /// What precisely.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Mailbox(detail) => detail.code(),
            Self::Us(detail) => detail.code(),
            Self::Now(detail) => detail.code(),
        }
    }
}

impl MailboxDetail {
    /// Every detail.
    pub const ALL: [Self; 9] = [
        Self::Accepted,
        Self::Forwarded,
        Self::NotVerified,
        Self::NoSuchMailbox,
        Self::Moved,
        Self::BadAddress,
        Self::NoSuchDomain,
        Self::Disabled,
        Self::Full,
    ];

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Accepted => "recipient_accepted",
            Self::Forwarded => "recipient_forwarded",
            Self::NotVerified => "recipient_not_verified",
            Self::NoSuchMailbox => "no_such_mailbox",
            Self::Moved => "mailbox_moved",
            Self::BadAddress => "bad_address",
            Self::NoSuchDomain => "no_such_domain",
            Self::Disabled => "mailbox_disabled",
            Self::Full => "mailbox_full",
        }
    }
}

impl UsDetail {
    /// Every detail.
    pub const ALL: [Self; 22] = [
        Self::CommandAccepted,
        Self::Blocklisted,
        Self::BadReputation,
        Self::NoReverseDns,
        Self::BadHelo,
        Self::SenderRefused,
        Self::AuthPolicy,
        Self::RateLimited,
        Self::TooManyErrors,
        Self::RelayDenied,
        Self::DomainNotAccepted,
        Self::AuthRequired,
        Self::TlsRequired,
        Self::TlsRefused,
        Self::RecipientRestricted,
        Self::MessagePolicy,
        Self::MessageTooLarge,
        Self::Smtputf8Unsupported,
        Self::Policy,
        Self::RefusesEverybody,
        Self::ProtocolError,
        Self::Unclear,
    ];

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::CommandAccepted => "command_accepted",
            Self::Blocklisted => "blocklisted",
            Self::BadReputation => "bad_reputation",
            Self::NoReverseDns => "no_reverse_dns",
            Self::BadHelo => "bad_helo",
            Self::SenderRefused => "sender_refused",
            Self::AuthPolicy => "auth_policy",
            Self::RateLimited => "rate_limited",
            Self::TooManyErrors => "too_many_errors",
            Self::RelayDenied => "relay_denied",
            Self::DomainNotAccepted => "domain_not_accepted",
            Self::AuthRequired => "auth_required",
            Self::TlsRequired => "tls_required",
            Self::TlsRefused => "tls_refused",
            Self::RecipientRestricted => "recipient_restricted",
            Self::MessagePolicy => "message_policy",
            Self::MessageTooLarge => "message_too_large",
            Self::Smtputf8Unsupported => "smtputf8_unsupported",
            Self::Policy => "policy",
            Self::RefusesEverybody => "refuses_everybody",
            Self::ProtocolError => "protocol_error",
            Self::Unclear => "unclear",
        }
    }

    /// Whether every other recipient there would be refused as well, so that asking on is of no use and
    /// does harm.
    pub fn is_for_every_recipient(self) -> bool {
        match self {
            Self::Blocklisted
            | Self::BadReputation
            | Self::NoReverseDns
            | Self::BadHelo
            | Self::SenderRefused
            | Self::AuthPolicy
            | Self::RateLimited
            | Self::TooManyErrors
            | Self::AuthRequired
            | Self::TlsRequired
            | Self::TlsRefused => true,
            Self::CommandAccepted
            | Self::RelayDenied
            | Self::DomainNotAccepted
            | Self::RecipientRestricted
            | Self::MessagePolicy
            | Self::MessageTooLarge
            | Self::Smtputf8Unsupported
            | Self::Policy
            | Self::RefusesEverybody
            | Self::ProtocolError
            | Self::Unclear => false,
        }
    }
}

impl NowDetail {
    /// Every detail.
    pub const ALL: [Self; 9] = [
        Self::Greylisted,
        Self::TooManyConnections,
        Self::TooManyRecipients,
        Self::ReceivingTooFast,
        Self::MailboxBusy,
        Self::Unverified,
        Self::ServerTrouble,
        Self::RoutingTrouble,
        Self::TryLater,
    ];

    /// The code as clients see it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Greylisted => "greylisted",
            Self::TooManyConnections => "too_many_connections",
            Self::TooManyRecipients => "too_many_recipients",
            Self::ReceivingTooFast => "receiving_too_fast",
            Self::MailboxBusy => "mailbox_busy",
            Self::Unverified => "mailbox_unverified",
            Self::ServerTrouble => "server_trouble",
            Self::RoutingTrouble => "routing_trouble",
            Self::TryLater => "try_later",
        }
    }
}

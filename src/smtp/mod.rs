//! The conversation with a mail server: enough of SMTP to ask about mailboxes, and not one word more.
//!
//! It goes EHLO (else HELO) → STARTTLS where offered → MAIL FROM → RCPT TO → QUIT; there is no command
//! here that would send a message. [`wire`] is SMTP as bytes, [`dial`] makes connections to addresses
//! that may be contacted, [`SmtpClient`] and [`Session`] talk, [`in_order`] says which server is asked
//! first.
//!
//! What a reply means is not decided here. What was not answered was not asked: a recipient has a
//! server's own words ([`RecipientOutcome::Answered`]) or the [`SessionError`] that came before them.

pub mod dial;
pub mod limiter;
mod order;
mod refusals;
mod session;
mod tls;
pub mod wire;

pub use order::{MAX_HOSTS, in_order};
pub use refusals::{
    FIRST_RECIPIENTS, PostmasterAnswer, RecipientAnswers, RefusalFinding, RefusalRecord,
};
pub use session::{
    Cause, Encryption, Identity, MAX_IN_FLIGHT, RecipientOutcome, Session, SessionError,
    SmtpClient, Synchronisation, Timeouts,
};
pub use tls::NoTls;
pub use wire::{HeloName, HeloNameError, Malformed, Recipient, Sender, SenderError};

//! SMTP, as much of it as a probe needs. No command here can send a message.
//!
//! ```text
//! in_order ─▶ dial::DialGuard ─▶ Target ─▶ limiter: Permit
//!  (hosts)     (addresses that may      │
//!               be dialled)             ▼
//!            SmtpClient::connect: dial::Dialer ─▶ banner ─▶ EHLO, else HELO ─▶ STARTTLS where offered
//!                                       │
//!                                       ▼
//!            Session::ask: MAIL FROM, RCPT TO … ─▶ a RecipientOutcome for each recipient
//!                                       │
//!                                       ▼
//!            Session::quit ─▶ Synchronisation: whether the outcomes can be relied on
//! ```
//!
//! [`wire`] turns commands and replies into bytes and back. [`limiter`] says when to connect. This module does
//! not decide what a reply means. A recipient without a reply was not asked: its outcome is the server's own
//! reply ([`RecipientOutcome::Answered`]) or the [`SessionError`] that came first.

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

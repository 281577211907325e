//! SMTP as bytes: commands made of parsed names, replies read from any bytes. No socket, no clock.

mod command;
mod features;
mod names;
mod reader;

pub(super) use command::SmtpCommand;
pub(super) use features::Features;
pub(super) use names::Charset;
pub use names::{HeloName, HeloNameError, Recipient, Sender, SenderError};
pub use reader::{MAX_LINE, MAX_LINES, MAX_REPLY, Malformed, ReplyReader};

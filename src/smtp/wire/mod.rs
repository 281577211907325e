//! SMTP as bytes: commands out of proven names and addresses, replies out of whatever comes. No socket,
//! no clock.

mod command;
mod features;
mod names;
mod reader;

pub(super) use command::{Charset, Command};
pub(super) use features::Features;
pub use names::{HeloName, HeloNameError, Recipient, Sender, SenderError};
pub use reader::{MAX_LINE, MAX_LINES, MAX_REPLY, Malformed, ReplyReader};

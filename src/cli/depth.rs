//! How deep to look, as an argument.

use clap::ValueEnum;

use crate::verdict::Depth;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum DepthArg {
    /// The text, and what the lists know of it
    Syntax,
    /// Also ask the DNS whether the domain takes mail
    Domain,
    /// Also ask the mail server about the mailbox
    Mailbox,
}

impl From<DepthArg> for Depth {
    fn from(depth: DepthArg) -> Self {
        match depth {
            DepthArg::Syntax => Self::Syntax,
            DepthArg::Domain => Self::Domain,
            DepthArg::Mailbox => Self::Mailbox,
        }
    }
}

//! How deep to look, as an argument.

use clap::ValueEnum;

use crate::validator::Network;
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

/// Mail servers cannot be asked without a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--depth mailbox asks mail servers, and --offline nobody: give one of them")]
pub(super) struct OfflineMailbox;

impl DepthArg {
    /// Whether it can be reached. It is `mailbox` only where that was asked for.
    pub(super) fn check(self, network: Network) -> Result<(), OfflineMailbox> {
        match (self, network) {
            (Self::Mailbox, Network::Offline) => Err(OfflineMailbox),
            (Self::Syntax | Self::Domain | Self::Mailbox, _) => Ok(()),
        }
    }
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

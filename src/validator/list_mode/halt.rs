//! Why work on a list ends before the list does.

use crate::route::Distrust;
use crate::validator::routes::HINT_TO_SWITCH_OFF_CANARIES;

/// Why work on a list cannot go on now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Halt {
    /// The resolver invents answers, or denies what exists.
    #[error("the DNS resolver cannot be believed ({code}): {0} ({HINT_TO_SWITCH_OFF_CANARIES})", code = _0.trust().code())]
    Untrusted(Distrust),
    /// The resolver answers nothing.
    #[error("the DNS does not answer")]
    Silent,
    /// The resolver contradicts what it said when an earlier run was broken off.
    #[error("the DNS contradicts what it said before the last run ended, which is forgotten now")]
    Contradicted,
}

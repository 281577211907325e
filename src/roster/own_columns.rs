//! The names of the columns that mailvet itself adds to a list.

/// The member that holds a row which could not be read, in JSON lines.
pub(super) const UNREADABLE: &str = "mailvet_input";

/// Whether an earlier run added a column of this name.
pub(super) fn is_own(name: &str) -> bool {
    name.starts_with("mailvet_")
}

/// Whether this run replaces a column of this name. The one with rows that an earlier run could not read
/// stays: there is no other copy of them.
pub(super) fn is_replaced(name: &str) -> bool {
    is_own(name) && name != UNREADABLE
}

//! Reads the lines that Mailman's commands print.
//!
//! `mailman members` and `list_members` write one member a line, with a name that may hold anything:
//! commas, quotation marks, another address. `mailman findmember` and people's own files have more around it.

use super::split_addresses;

/// What a line of a roster is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RosterLine<'a> {
    Member(&'a str),
    /// A blank line, a comment, or a remark of Mailman's.
    Remark,
}

/// Reads a line.
pub(super) fn read(line: &str) -> RosterLine<'_> {
    let text = line.trim();
    if text.is_empty() || text.starts_with('#') {
        return RosterLine::Remark;
    }
    if !text.contains('@') {
        // The lists of a member are indented below the address.
        let is_remark = line.starts_with(char::is_whitespace) || text.ends_with(" has no members");
        return if is_remark { RosterLine::Remark } else { RosterLine::Member(text) };
    }
    let text = text.strip_prefix("Email:").unwrap_or(text).trim_start();
    let text = text.strip_suffix(" found in:").unwrap_or(text);
    RosterLine::Member(address(text))
}

/// Whether only a roster has such a line, as opposed to a bare address.
pub(super) fn is_only_in_rosters(line: &str) -> bool {
    match read(line) {
        RosterLine::Member(address) => {
            address.len() < line.trim().len() && split_addresses::look_like_addresses(address)
        }
        RosterLine::Remark => line.trim().ends_with(" has no members"),
    }
}

/// The address without the member's name: what is in the last pair of angle brackets, or before the
/// parentheses.
fn address(text: &str) -> &str {
    if let Some(before) = text.strip_suffix('>')
        && let Some(open) = before.rfind('<')
    {
        return &before[open + 1..];
    }
    if text.ends_with(')')
        && let Some((address, _)) = text.split_once(" (")
    {
        return address.trim_end();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_roster() {
        let cases = [
            ("anne@example.com", RosterLine::Member("anne@example.com")),
            ("Anne Person <anne@example.com>\r", RosterLine::Member("anne@example.com")),
            ("Person, Anne (work) <anne@example.com>", RosterLine::Member("anne@example.com")),
            ("\"Person, Anne\" <anne@example.com>", RosterLine::Member("anne@example.com")),
            ("\"\\\"Dee\\\" D\" <dee@example.com>", RosterLine::Member("dee@example.com")),
            ("dee@old.example <dee@example.com>", RosterLine::Member("dee@example.com")),
            ("anne@example.com (Anne Person)", RosterLine::Member("anne@example.com")),
            ("anne@example.com (Anne (work))", RosterLine::Member("anne@example.com")),
            ("Email: anne@example.com", RosterLine::Member("anne@example.com")),
            ("anne@example.com found in:", RosterLine::Member("anne@example.com")),
            ("    List: ant.example.com", RosterLine::Remark),
            ("        MemberRole.member", RosterLine::Remark),
            ("ant.example.com has no members", RosterLine::Remark),
            ("# the old ones", RosterLine::Remark),
            ("", RosterLine::Remark),
            ("  ", RosterLine::Remark),
            ("anne.example.com", RosterLine::Member("anne.example.com")),
        ];
        for (line, expected) in cases {
            assert_eq!(read(line), expected, "{line}");
        }
    }
}

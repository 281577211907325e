//! Whether two refusals of different recipients use the same words.

use crate::address::Address;
use crate::reply::{EnhancedCode, Reply, ReplyCode};

/// The words of a refusal without the recipient's name.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct RefusalWording {
    code: ReplyCode,
    enhanced: Option<EnhancedCode>,
    text: String,
}

impl RefusalWording {
    /// The address and its local part are replaced, and so is every word with a digit in it: identifiers and
    /// times differ from reply to reply.
    pub(super) fn of(reply: &Reply, address: &Address) -> Self {
        let text = reply.text.to_lowercase();
        let local = address.local().as_str().to_lowercase();
        let names = [Some(address.normalized()), address.ascii(), Some(local)];
        let text = names
            .into_iter()
            .flatten()
            .fold(text, |text, name| without(&text, &name.to_lowercase()));
        let words = text
            .split_whitespace()
            .map(|word| if word.chars().any(|c| c.is_ascii_digit()) { "#" } else { word });
        let text = words.collect::<Vec<&str>>().join(" ");
        Self { code: reply.code, enhanced: reply.enhanced, text }
    }
}

/// Replaces a name wherever it is a whole word.
fn without(text: &str, name: &str) -> String {
    let is_of_word = |c: char| c.is_alphanumeric();
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(name).filter(|_| !name.is_empty()) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        let is_word = !before.ends_with(is_of_word) && !after.starts_with(is_of_word);
        result.push_str(before);
        result.push_str(if is_word { "*" } else { name });
        rest = after;
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording(text: &str, address: &str) -> RefusalWording {
        RefusalWording::of(&Reply::parse(text).unwrap(), &address.parse().unwrap())
    }

    #[test]
    fn words_are_compared_and_addresses_are_not() {
        // The reply for joe, the reply for postmaster, whether that is the same.
        let cases = [
            ("550 5.1.1 User unknown", "550 5.1.1 User unknown", true),
            ("550 5.1.1 User unknown", "550 5.1.1 user Unknown", true),
            ("550 5.1.1 <joe@a.example>: no", "550 5.1.1 <postmaster@a.example>: no", true),
            ("550 5.1.1 <JOE@A.example>: no", "550 5.1.1 <Postmaster@a.example>: no", true),
            ("550 5.1.1 joe: no such user", "550 5.1.1 postmaster: no such user", true),
            ("550 5.1.1 no user (q7f3-12)", "550 5.1.1 no user (q8a9-44)", true),
            ("550 5.1.1 User unknown", "550 5.1.2 User unknown", false),
            ("550 5.1.1 User unknown", "554 5.1.1 User unknown", false),
            ("550 5.1.1 User unknown", "550 5.1.1 Not here", false),
            ("550 5.1.1 joey is gone", "550 5.1.1 postmastery is gone", false),
            ("550 5.1.1 joe", "550 5.1.1 sue", false),
        ];
        for (joe, postmaster, expected) in cases {
            let same = wording(joe, "joe@a.example") == wording(postmaster, "postmaster@a.example");
            assert_eq!(same, expected, "{joe} / {postmaster}");
        }
    }
}

//! What people paste around an address is taken away before it is read.

use std::borrow::Cow;

/// A text freed of what surrounded the address in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pasted<'a> {
    /// What is left.
    pub text: Cow<'a, str>,
    /// How many bytes were taken away in front.
    offset: usize,
    /// Where the first byte was taken away, if one was.
    first_change: Option<usize>,
}

impl<'a> Pasted<'a> {
    /// Takes away surrounding blanks and line ends.
    pub fn clean(typed: &'a str) -> Self {
        let rest = typed.trim_start();
        let offset = typed.len() - rest.len();
        let text = rest.trim_end();
        let first_change = match (offset, rest.len() - text.len()) {
            (0, 0) => None,
            (0, _) => Some(text.len()),
            _ => Some(0),
        };
        Self { text: Cow::Borrowed(text), offset, first_change }
    }

    /// Where something was first taken away, as a byte offset into the text as typed.
    pub fn first_change(&self) -> Option<usize> {
        self.first_change
    }

    /// The place in the text as typed of a place in what is left.
    pub fn typed_offset(&self, at: usize) -> usize {
        self.offset + at
    }
}

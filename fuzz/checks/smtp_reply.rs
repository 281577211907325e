//! Any bytes in place of a mail server's replies, in any pieces: replies or an error, the same ones
//! however they were cut, and never more than is allowed.

use mailvet::smtp::wire::{MAX_REPLY, ReplyReader};

pub(crate) fn check(bytes: &[u8]) {
    let [piece, bytes @ ..] = bytes else { return };
    let in_pieces = read(bytes.chunks(1 + usize::from(*piece)));
    let at_once = read(std::iter::once(bytes));
    assert_eq!(in_pieces, at_once);
}

/// Each reply as its code and text, then the error, if there is one.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let mut reader = ReplyReader::default();
    let mut said = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.next_reply() {
                Ok(None) => break,
                Ok(Some(reply)) => {
                    let code = reply.code.get();
                    assert!((200..=599).contains(&code));
                    assert!(reply.text.len() <= MAX_REPLY);
                    said.push(format!("{code} {}", reply.text));
                }
                Err(malformed) => {
                    said.push(malformed.code().to_owned());
                    return said;
                }
            }
        }
    }
    said
}

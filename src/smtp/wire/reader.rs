//! Parsing replies from a stream of bytes (RFC 5321 §4.2).

use crate::reply::{Reply, ReplyCode};

/// The longest line without CR LF: eight times what servers may send (RFC 5321 §4.5.3.1.5).
pub const MAX_LINE: usize = 4096;
/// The most lines of one reply.
pub const MAX_LINES: usize = 64;
/// The most bytes of one reply.
pub const MAX_REPLY: usize = 16 * 1024;

/// How a server breaks SMTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Malformed {
    /// A line does not begin with a reply code.
    #[error("a line without a reply code")]
    NoReply,
    /// The lines of one reply have different codes.
    #[error("a reply with two codes")]
    CodeChanged,
    /// A line is longer than [`MAX_LINE`].
    #[error("a line that is too long")]
    LineTooLong,
    /// A reply is longer than [`MAX_LINES`] or [`MAX_REPLY`].
    #[error("a reply that is too long")]
    ReplyTooLong,
    /// A reply that cannot answer the command.
    #[error("a reply that is out of place")]
    OutOfPlace,
    /// A reply without a command: later replies cannot be matched any more.
    #[error("a reply to nothing")]
    Unasked,
    /// A reply to another command: earlier replies may be mismatched too.
    #[error("a reply to another command")]
    Unmatched,
}

impl Malformed {
    /// Whether replies may belong to other commands than those they were matched with.
    pub fn is_out_of_step(self) -> bool {
        match self {
            Self::Unasked | Self::Unmatched => true,
            Self::NoReply
            | Self::CodeChanged
            | Self::LineTooLong
            | Self::ReplyTooLong
            | Self::OutOfPlace => false,
        }
    }

    /// A short name for metrics and logs.
    #[cfg(feature = "testing")]
    pub fn code(self) -> &'static str {
        match self {
            Self::NoReply => "no_reply",
            Self::CodeChanged => "code_changed",
            Self::LineTooLong => "line_too_long",
            Self::ReplyTooLong => "reply_too_long",
            Self::OutOfPlace => "out_of_place",
            Self::Unasked => "unasked",
            Self::Unmatched => "unmatched",
        }
    }
}

/// Splits a stream of bytes into replies. It does no I/O.
///
/// A line may end in LF alone, hold any bytes, and have no text. What exceeds a bound is an error: no honest
/// server comes near. The buffer is bounded by [`MAX_REPLY`], [`MAX_LINE`] and the longest piece that it is fed.
/// After an error the reader is of no more use.
#[derive(Default)]
pub struct ReplyReader {
    unread: Vec<u8>,
    /// Of the reply that has begun.
    code: Option<ReplyCode>,
    lines: Vec<Box<str>>,
    octets: usize,
}

/// Whether more lines of a reply follow.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LinePosition {
    Within,
    Last,
}

impl ReplyReader {
    pub fn feed(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next whole reply; none until more bytes come.
    ///
    /// # Errors
    /// The input is no reply.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, Malformed> {
        while let Some(line) = self.take_line()? {
            if self.add(&line)? == LinePosition::Last {
                return Ok(self.finish());
            }
        }
        Ok(None)
    }

    /// Whether no input is left, not even a part of a reply.
    pub fn is_empty(&self) -> bool {
        self.unread.is_empty() && self.code.is_none()
    }

    fn take_line(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        let end = self.unread.iter().position(|byte| *byte == b'\n');
        if end.unwrap_or(self.unread.len()) > MAX_LINE {
            return Err(Malformed::LineTooLong);
        }
        let Some(end) = end else { return Ok(None) };
        let mut line: Vec<u8> = self.unread.drain(..=end).collect();
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    fn add(&mut self, line: &[u8]) -> Result<LinePosition, Malformed> {
        let (code, place, words) = parsed(line).ok_or(Malformed::NoReply)?;
        if *self.code.get_or_insert(code) != code {
            return Err(Malformed::CodeChanged);
        }
        self.octets += line.len();
        if self.lines.len() == MAX_LINES || self.octets > MAX_REPLY {
            return Err(Malformed::ReplyTooLong);
        }
        self.lines.push(String::from_utf8_lossy(words).into());
        Ok(place)
    }

    fn finish(&mut self) -> Option<Reply> {
        let lines = std::mem::take(&mut self.lines);
        self.octets = 0;
        Some(Reply::new(self.code.take()?, &lines))
    }
}

/// A line's reply code, whether it is the last, and its words.
fn parsed(line: &[u8]) -> Option<(ReplyCode, LinePosition, &[u8])> {
    let (digits, rest) = line.split_first_chunk::<3>()?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    let (place, words) = match rest {
        [] => (LinePosition::Last, rest),
        [b' ' | b'\t', words @ ..] => (LinePosition::Last, words),
        [b'-', words @ ..] => (LinePosition::Within, words),
        _ => return None,
    };
    Some((ReplyCode::new(number)?, place, words))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Everything that becomes of these bytes, fed in pieces of this length.
    fn read(bytes: &[u8], piece: usize) -> Vec<String> {
        let mut reader = ReplyReader::default();
        let mut said = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.feed(piece);
            loop {
                match reader.next_reply() {
                    Ok(None) => break,
                    Ok(Some(reply)) => {
                        said.push(format!("{} {}", reply.code.get(), reply.text.trim()));
                    }
                    Err(malformed) => {
                        said.push(malformed.code().to_owned());
                        return said;
                    }
                }
            }
            let held =
                reader.unread.len() + reader.lines.iter().map(|line| line.len()).sum::<usize>();
            // Each byte that is no UTF-8 is held as a replacement character of three.
            assert!(held <= MAX_LINE + piece.len() + 3 * MAX_REPLY, "{held} bytes are held");
        }
        if !reader.is_empty() {
            said.push("…".to_owned());
        }
        said
    }

    #[test]
    fn replies() {
        let long_line = |length: usize| format!("250 {}\r\n", "x".repeat(length - 4));
        let lines = |count: usize| format!("{}250 end\r\n", "250-a\r\n".repeat(count - 1));
        let wide_lines = |count: usize| {
            format!("{}250 end\r\n", format!("250-{}\r\n", "x".repeat(1996)).repeat(count))
        };
        let (long, many, wide) = (long_line(MAX_LINE), lines(MAX_LINES + 1), wide_lines(9));
        let cases: [(&str, &[u8], &[&str]); 26] = [
            ("nothing", b"", &[]),
            ("one line", b"220 mx ESMTP\r\n", &["220 mx ESMTP"]),
            ("several lines", b"220-mx\r\n220 ESMTP\r\n", &["220 mx\nESMTP"]),
            ("LF alone", b"220-mx\n220 ESMTP\n", &["220 mx\nESMTP"]),
            ("two replies", b"250 a\r\n550 b\r\n", &["250 a", "550 b"]),
            ("no text", b"250\r\n", &["250 "]),
            ("no text on the first line", b"250-\r\n250 a\r\n", &["250 a"]),
            ("a tab", b"250\ta\r\n", &["250 a"]),
            ("a part of a line", b"250 a", &["…"]),
            ("a part of a reply", b"250-a\r\n", &["…"]),
            ("one and a part", b"250 a\r\n25", &["250 a", "…"]),
            ("Latin-1", b"550 gr\xfc\xdfe\r\n", &["550 gr\u{fffd}\u{fffd}e"]),
            ("CR within", b"550 a\rb\r\n", &["550 a\rb"]),
            ("NUL within", b"550 a\0b\r\n", &["550 a\0b"]),
            ("an empty line", b"\r\n", &["no_reply"]),
            ("a banner of HTTP", b"HTTP/1.1 400 Bad Request\r\n", &["no_reply"]),
            ("a code of two digits", b"22 mx\r\n", &["no_reply"]),
            ("a code of four digits", b"2200 mx\r\n", &["no_reply"]),
            ("a code that is none", b"199 mx\r\n", &["no_reply"]),
            ("digits of another script", "２２０ mx\r\n".as_bytes(), &["no_reply"]),
            ("two codes", b"250-a\r\n550 b\r\n", &["code_changed"]),
            ("a line without a code in a reply", b"250-a\r\nb\r\n250 c\r\n", &["no_reply"]),
            ("a line that is one byte too long", long.as_bytes(), &["line_too_long"]),
            ("a line without an end", &[b'2'; 9000], &["line_too_long"]),
            ("65 lines", many.as_bytes(), &["reply_too_long"]),
            ("18,000 bytes", wide.as_bytes(), &["reply_too_long"]),
        ];
        for (case, bytes, expected) in cases {
            for piece in [1, 2, 7, 20_000] {
                assert_eq!(read(bytes, piece), expected, "{case}, in pieces of {piece}");
            }
        }
        assert_eq!(read(long_line(MAX_LINE - 1).as_bytes(), 100).len(), 1);
        assert_eq!(read(lines(MAX_LINES).as_bytes(), 100)[0].lines().count(), MAX_LINES);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_the_network_cuts(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b"250-a\r\n".to_vec()), Just(b"250 b\r\n".to_vec()), proptest::collection::vec(any::<u8>(), 0..12)],
                0..40,
            ),
            piece in 1_usize..50,
        ) {
            let bytes = bytes.concat();
            prop_assert_eq!(read(&bytes, piece), read(&bytes, bytes.len().max(1)));
        }
    }
}

//! In which bytes a list was written.

use std::borrow::Cow;
use std::str::FromStr;

use encoding_rs::Decoder;

use super::note::Note;

/// How the text of a list stands in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a mark in front, as Excel writes it.
    Utf8Bom,
    /// UTF-16, the low byte first.
    Utf16Le,
    /// UTF-16, the high byte first.
    Utf16Be,
    /// What Windows wrote in Western Europe before UTF-8.
    Windows1252,
}

/// A text is in no encoding of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such encoding; there are: utf-8, utf-8-bom, utf-16le, utf-16be, windows-1252")]
pub struct UnknownEncoding;

/// The mark in front of UTF-8 that tells Excel what it is.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 5] =
        [Self::Utf8, Self::Utf8Bom, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// The name of the encoding for `--encoding`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The encoding of a list that begins like this, and what is to be said about it.
    pub(super) fn detect(head: &[u8]) -> (Self, Option<Note>) {
        let assumed = |encoding| (encoding, Some(Note::EncodingAssumed(encoding)));
        if head.starts_with(BOM) {
            return (Self::Utf8Bom, None);
        }
        if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(head) {
            return (
                if encoding == encoding_rs::UTF_16LE { Self::Utf16Le } else { Self::Utf16Be },
                None,
            );
        }
        if let Some(encoding) = utf16_without_mark(head) {
            return assumed(encoding);
        }
        match Utf8Share::of(head) {
            Utf8Share { broken: 0, .. } => (Self::Utf8, None),
            // Somebody glued two exports together: the one that is UTF-8 for the most part wins.
            Utf8Share { broken, sound } if sound >= broken => (Self::Utf8, Some(Note::NotAllUtf8)),
            Utf8Share { .. } => assumed(Self::Windows1252),
        }
    }

    /// Whether rows are passed on in the very bytes they were read in.
    pub fn is_kept(self) -> bool {
        self.decoder().is_none()
    }

    /// What turns the bytes into UTF-8; none where they are that.
    pub(super) fn decoder(self) -> Option<Decoder> {
        let encoding = match self {
            Self::Utf8 | Self::Utf8Bom => return None,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        Some(encoding.new_decoder_with_bom_removal())
    }

    /// The text of a head, without its mark. What is cut off at its end is left out.
    pub(super) fn decode(self, head: &[u8]) -> Cow<'_, [u8]> {
        let Some(mut decoder) = self.decoder() else {
            return Cow::Borrowed(match self {
                Self::Utf8Bom => head.strip_prefix(BOM).unwrap_or(head),
                _ => head,
            });
        };
        let room = decoder.max_utf8_buffer_length(head.len()).unwrap_or(0);
        let mut text = String::with_capacity(room);
        let _ = decoder.decode_to_string(head, &mut text, false);
        Cow::Owned(text.into_bytes())
    }
}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        match name.as_str() {
            "utf8" => Ok(Self::Utf8),
            "utf-16-le" => Ok(Self::Utf16Le),
            "utf-16-be" => Ok(Self::Utf16Be),
            // Windows-1252 has a printable character wherever Latin-1 has a control.
            "cp1252" | "latin1" | "latin-1" | "iso-8859-1" => Ok(Self::Windows1252),
            name => Self::ALL.into_iter().find(|known| known.code() == name).ok_or(UnknownEncoding),
        }
    }
}

/// Whether this can be meant as text. In what is packed or drawn one byte in ten is a control character;
/// in a list there is one now and then, where a program has gone wrong.
pub(super) fn is_text(head: &[u8]) -> bool {
    const A_FEW: usize = 8;
    let controls = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31)).count();
    controls <= A_FEW || controls * 20 <= head.len()
}

/// Bytes as a text. What of them is not UTF-8 is taken for Windows-1252, so that nothing is lost.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    let chunks = match std::str::from_utf8(bytes) {
        Ok(text) => return Cow::Borrowed(text),
        Err(_) => bytes.utf8_chunks(),
    };
    let parts = chunks.flat_map(|chunk| {
        let (other, _) = encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid());
        [Cow::Borrowed(chunk.valid()), other]
    });
    Cow::Owned(parts.collect())
}

/// How much of a text beyond ASCII is UTF-8.
struct Utf8Share {
    /// Characters beyond ASCII.
    sound: usize,
    /// Places where the bytes are none.
    broken: usize,
}

impl Utf8Share {
    fn of(head: &[u8]) -> Self {
        let mut share = Self { sound: 0, broken: 0 };
        let mut rest = head;
        loop {
            let (valid, fault) = match std::str::from_utf8(rest) {
                Ok(_) => (rest, None),
                Err(error) => (&rest[..error.valid_up_to()], Some(error)),
            };
            share.sound += valid.iter().filter(|byte| **byte >= 0xc0).count();
            // A character that the end of the head cut off says nothing.
            let Some(broken) =
                fault.and_then(|fault| Some((fault.valid_up_to(), fault.error_len()?)))
            else {
                return share;
            };
            share.broken += 1;
            rest = &rest[broken.0 + broken.1..];
        }
    }
}

/// Text in UTF-16 that says so by nothing but its zeros: every second byte of ASCII is one.
fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    const ENOUGH: usize = 8;
    let pairs = head.chunks_exact(2).take(512);
    let all = pairs.len();
    let (mut low_first, mut high_first) = (0, 0);
    for pair in pairs {
        match pair {
            [low, 0] if *low > 0 => low_first += 1,
            [0, low] if *low > 0 => high_first += 1,
            _ => {}
        }
    }
    let most = |count: usize| all >= ENOUGH && count * 10 >= all * 9;
    match () {
        () if most(low_first) => Some(Encoding::Utf16Le),
        () if most(high_first) => Some(Encoding::Utf16Be),
        () => None,
    }
}

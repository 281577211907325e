//! The encodings of lists, and how to detect them.

use std::borrow::Cow;
use std::str::FromStr;

use encoding_rs::Decoder;

/// The encoding of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    Utf8,
    /// With a byte order mark, as Excel writes it.
    Utf8Bom,
    Utf16Le,
    Utf16Be,
    /// What Windows wrote in Western Europe before UTF-8.
    Windows1252,
}

/// How certain a detected encoding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EncodingCertainty {
    Certain,
    /// Some bytes are not UTF-8.
    MostlyUtf8,
    /// Nothing in the list declares it.
    Assumed,
}

/// The text names no encoding that we know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such encoding; there are: utf-8, utf-8-bom, utf-16le, utf-16be, windows-1252")]
pub struct UnknownEncoding;

/// The byte order mark by which Excel knows UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

impl Encoding {
    pub const ALL: [Self; 5] =
        [Self::Utf8, Self::Utf8Bom, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// The name for `--encoding`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }

    /// The encoding of a list that begins with these bytes, and how certain it is.
    pub(super) fn detect(head: &[u8]) -> (Self, EncodingCertainty) {
        use EncodingCertainty::{Assumed, Certain, MostlyUtf8};
        if head.starts_with(BOM) {
            return (Self::Utf8Bom, Certain);
        }
        if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(head) {
            let is_low_first = encoding == encoding_rs::UTF_16LE;
            return (if is_low_first { Self::Utf16Le } else { Self::Utf16Be }, Certain);
        }
        if let Some(encoding) = utf16_without_bom(head) {
            return (encoding, Assumed);
        }
        match Utf8Share::of(head) {
            Utf8Share { broken: 0, .. } => (Self::Utf8, Certain),
            // Two exports were concatenated: UTF-8 wins where most of the text is UTF-8.
            Utf8Share { broken, sound } if sound >= broken => (Self::Utf8, MostlyUtf8),
            Utf8Share { .. } => (Self::Windows1252, Assumed),
        }
    }

    /// Whether rows are written in the same bytes in which they were read.
    pub fn is_kept(self) -> bool {
        self.decoder().is_none()
    }

    /// Converts to UTF-8; none where the list is UTF-8.
    pub(super) fn decoder(self) -> Option<Decoder> {
        let encoding = match self {
            Self::Utf8 | Self::Utf8Bom => return None,
            Self::Utf16Le => encoding_rs::UTF_16LE,
            Self::Utf16Be => encoding_rs::UTF_16BE,
            Self::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        Some(encoding.new_decoder_with_bom_removal())
    }

    /// The text of the first bytes of a list, without the byte order mark and without a character that is cut
    /// off at the end.
    pub(super) fn decode(self, head: &[u8]) -> Cow<'_, [u8]> {
        let Some(mut decoder) = self.decoder() else {
            return Cow::Borrowed(match self {
                Self::Utf8Bom => head.strip_prefix(BOM).unwrap_or(head),
                _ => head,
            });
        };
        let capacity = decoder.max_utf8_buffer_length(head.len()).unwrap_or(0);
        let mut text = String::with_capacity(capacity);
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

/// Whether these bytes can be text. In archives and pictures one byte in ten is a control character; in a
/// list there is one now and then, where a program went wrong.
pub(super) fn is_text(head: &[u8]) -> bool {
    const A_FEW: usize = 8;
    let controls = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31)).count();
    controls <= A_FEW || controls * 20 <= head.len()
}

/// Bytes as text. Bytes that are not UTF-8 are read as Windows-1252, so that nothing is lost.
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

/// How much of the text beyond ASCII is UTF-8.
struct Utf8Share {
    /// Characters beyond ASCII.
    sound: usize,
    /// Sequences of bytes that are no character.
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
            // A character that is cut off at the end says nothing.
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

/// Recognises UTF-16 without a byte order mark: in ASCII text every second byte is 0.
fn utf16_without_bom(head: &[u8]) -> Option<Encoding> {
    const LEAST_PAIRS: usize = 8;
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
    let most = |count: usize| all >= LEAST_PAIRS && count * 10 >= all * 9;
    match () {
        () if most(low_first) => Some(Encoding::Utf16Le),
        () if most(high_first) => Some(Encoding::Utf16Be),
        () => None,
    }
}

//! A buffer of decoded text, filled from the source and drained row by row.

use std::io::{self, BufRead, ErrorKind};

use encoding_rs::Decoder;

use super::encoding::{BOM, Encoding};
use super::preview::Completeness;

/// The most that is read at once, even where the source has more in memory.
const READ_BYTES: usize = 64 * 1024;

/// What was read and not taken yet: decoded to UTF-8, or unchanged where the list keeps its bytes.
pub(super) struct DecodeBuffer<R> {
    source: R,
    decoder: Option<Decoder>,
    decoded: Vec<u8>,
    start: usize,
    completeness: Completeness,
}

impl<R: BufRead> DecodeBuffer<R> {
    /// A buffer at the first byte of the text, after the byte order mark.
    pub(super) fn new(source: R, encoding: Encoding) -> io::Result<Self> {
        let mut buffer = Self {
            source,
            decoder: encoding.decoder(),
            decoded: Vec::new(),
            start: 0,
            completeness: Completeness::Beginning,
        };
        if encoding == Encoding::Utf8Bom {
            while buffer.bytes().len() < BOM.len() && buffer.completeness == Completeness::Beginning
            {
                buffer.append()?;
            }
            if buffer.bytes().starts_with(BOM) {
                buffer.advance(BOM.len());
            }
        }
        Ok(buffer)
    }

    /// What was read and not taken yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.decoded[self.start..]
    }

    /// Whether the text ends with [`Self::bytes`].
    pub(super) fn completeness(&self) -> Completeness {
        self.completeness
    }

    /// Takes bytes that are in the buffer.
    pub(super) fn advance(&mut self, count: usize) {
        self.start += count;
    }

    /// Takes bytes, whether they were read already or not; fewer where the text ends before.
    pub(super) fn skip(&mut self, mut count: usize) -> io::Result<()> {
        loop {
            let seen = self.bytes().len();
            let step = count.min(seen);
            self.advance(step);
            count -= step;
            if count == 0 || self.completeness == Completeness::All {
                return Ok(());
            }
            self.append()?;
        }
    }

    /// Reads on until a new byte `matters`, `limit` bytes are in the buffer, or the text ends.
    pub(super) fn read_more(
        &mut self,
        limit: usize,
        matters: impl Fn(u8) -> bool,
    ) -> io::Result<()> {
        while self.completeness == Completeness::Beginning {
            let seen = self.bytes().len();
            self.append()?;
            let bytes = self.bytes();
            if bytes.len() >= limit || bytes[seen..].iter().any(|byte| matters(*byte)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Reads once from the source.
    fn append(&mut self) -> io::Result<()> {
        self.decoded.drain(..self.start);
        self.start = 0;
        while let Err(error) = self.source.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let bytes = self.source.fill_buf()?;
        let bytes = &bytes[..bytes.len().min(READ_BYTES)];
        if bytes.is_empty() {
            self.completeness = Completeness::All;
        }
        let taken = match &mut self.decoder {
            None => {
                self.decoded.extend_from_slice(bytes);
                bytes.len()
            }
            Some(decoder) => decode(decoder, bytes, &mut self.decoded),
        };
        self.source.consume(taken);
        Ok(())
    }
}

/// Decodes bytes, none being the end of the text. Returns how many were decoded.
fn decode(decoder: &mut Decoder, bytes: &[u8], text: &mut Vec<u8>) -> usize {
    let before = text.len();
    text.resize(before + READ_BYTES, 0);
    let (_, taken, written, _) =
        decoder.decode_to_utf8(bytes, &mut text[before..], bytes.is_empty());
    text.truncate(before + written);
    taken
}

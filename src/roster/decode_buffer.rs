//! A window on the text of a list, which moves on from row to row.

use std::io::{self, BufRead, ErrorKind};

use encoding_rs::Decoder;

use super::encoding::{BOM, Encoding};
use super::head::Completeness;

/// The most that is read at once, though the source may have all of it at hand.
const PIECE_BYTES: usize = 64 * 1024;

/// What has been read and not been taken yet, as UTF-8 or in the bytes of a list that is kept as it is.
pub(super) struct Window<R> {
    source: R,
    decoder: Option<Decoder>,
    buffer: Vec<u8>,
    start: usize,
    extent: Completeness,
}

impl<R: BufRead> Window<R> {
    /// A window at the first byte of a text; its mark is no part of it.
    pub(super) fn new(source: R, encoding: Encoding) -> io::Result<Self> {
        let mut window = Self {
            source,
            decoder: encoding.decoder(),
            buffer: Vec::new(),
            start: 0,
            extent: Completeness::Beginning,
        };
        if encoding == Encoding::Utf8Bom {
            while window.bytes().len() < BOM.len() && window.extent == Completeness::Beginning {
                window.append()?;
            }
            if window.bytes().starts_with(BOM) {
                window.advance(BOM.len());
            }
        }
        Ok(window)
    }

    /// What can be seen of the text.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Whether the text ends where the window does.
    pub(super) fn extent(&self) -> Completeness {
        self.extent
    }

    /// Moves on by as many bytes, all of which are in sight.
    pub(super) fn advance(&mut self, count: usize) {
        self.start += count;
    }

    /// Moves on by as many bytes, in sight or not; fewer where the text ends before.
    pub(super) fn skip(&mut self, mut count: usize) -> io::Result<()> {
        loop {
            let seen = self.bytes().len();
            let step = count.min(seen);
            self.advance(step);
            count -= step;
            if count == 0 || self.extent == Completeness::All {
                return Ok(());
            }
            self.append()?;
        }
    }

    /// Shows more, until there is something new that `matters`, `limit` bytes are in sight, or the text
    /// ends.
    pub(super) fn widen(&mut self, limit: usize, matters: impl Fn(u8) -> bool) -> io::Result<()> {
        while self.extent == Completeness::Beginning {
            let seen = self.bytes().len();
            self.append()?;
            let bytes = self.bytes();
            if bytes.len() >= limit || bytes[seen..].iter().any(|byte| matters(*byte)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// One more piece of the source, behind what is in sight.
    fn append(&mut self) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        while let Err(error) = self.source.fill_buf() {
            if error.kind() != ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let piece = self.source.fill_buf()?;
        let piece = &piece[..piece.len().min(PIECE_BYTES)];
        if piece.is_empty() {
            self.extent = Completeness::All;
        }
        let taken = match &mut self.decoder {
            None => {
                self.buffer.extend_from_slice(piece);
                piece.len()
            }
            Some(decoder) => decode(decoder, piece, &mut self.buffer),
        };
        self.source.consume(taken);
        Ok(())
    }
}

/// Decodes a piece, an empty one being the end of the text; says how much of it was taken.
fn decode(decoder: &mut Decoder, piece: &[u8], text: &mut Vec<u8>) -> usize {
    let before = text.len();
    text.resize(before + PIECE_BYTES, 0);
    let (_, taken, written, _) =
        decoder.decode_to_utf8(piece, &mut text[before..], piece.is_empty());
    text.truncate(before + written);
    taken
}

//! Writing a row that is too long to be held, piece by piece, in a form that is not its own: in one cell,
//! or in one member of an object.

use std::io::{self, Write};

use super::cell::FormulaEscaping;

/// What the row stands in.
#[derive(Clone, Copy)]
pub(super) enum Enclosure {
    /// A cell in quotes.
    Cell(FormulaEscaping),
    /// The member of this name, the first of an object that stays open.
    Member(&'static str),
}

/// A row in writing.
pub(super) struct LongRow {
    enclosure: Enclosure,
    is_begun: bool,
    /// The first bytes of a character that the end of a piece cut off.
    cut_off: Vec<u8>,
}

impl LongRow {
    /// Writes what stands before the row.
    pub(super) fn begin(sink: &mut impl Write, enclosure: Enclosure) -> io::Result<Self> {
        match enclosure {
            Enclosure::Cell(_) => sink.write_all(b"\"")?,
            Enclosure::Member(name) => {
                sink.write_all(b"{")?;
                serde_json::to_writer(&mut *sink, name)?;
                sink.write_all(b":\"")?;
            }
        }
        Ok(Self { enclosure, is_begun: false, cut_off: Vec::new() })
    }

    /// Writes the next piece.
    pub(super) fn piece(&mut self, sink: &mut impl Write, piece: &[u8]) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.cut_off);
        bytes.extend_from_slice(piece);
        let sound = match bytes.utf8_chunks().last() {
            Some(last) if is_cut_off(last.invalid()) => bytes.len() - last.invalid().len(),
            _ => bytes.len(),
        };
        self.cut_off = bytes.split_off(sound);
        self.write(sink, &bytes)
    }

    /// Writes what stands behind the row in its cell or member.
    pub(super) fn end(mut self, sink: &mut impl Write) -> io::Result<()> {
        let rest = std::mem::take(&mut self.cut_off);
        self.write(sink, &rest)?;
        sink.write_all(b"\"")
    }

    fn write(&mut self, sink: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(bytes);
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match self.enclosure {
            Enclosure::Cell(formulas) => {
                let text = if is_first { formulas.applied(&text) } else { text };
                sink.write_all(text.replace('"', "\"\"").as_bytes())
            }
            Enclosure::Member(_) => {
                let quoted = serde_json::to_string(&text)?;
                sink.write_all(&quoted.as_bytes()[1..quoted.len() - 1])
            }
        }
    }
}

/// Whether these bytes could be the first of a character.
fn is_cut_off(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_one_cell_or_member() {
        let defused = Enclosure::Cell(FormulaEscaping::On);
        let raw = Enclosure::Cell(FormulaEscaping::Raw);
        let member = Enclosure::Member("row");
        let e = "é".as_bytes();
        let cases: [(&str, Enclosure, &[&[u8]], &str); 8] = [
            ("a cell", raw, &[b"a \"b", b"\" c,"], "\"a \"\"b\"\" c,\""),
            ("a formula", defused, &[b"=1", b"+1"], "\"'=1+1\""),
            ("a formula that may stay", raw, &[b"=1", b"+1"], "\"=1+1\""),
            ("a member", member, &[b"a \"b\\", b"\tc"], "{\"row\":\"a \\\"b\\\\\\tc\""),
            ("a character in two pieces", member, &[&e[..1], &e[1..]], "{\"row\":\"é\""),
            ("half a character at the end", raw, &[b"a", &e[..1]], "\"a\u{fffd}\""),
            ("half a character in the middle", raw, &[&e[..1], b"a"], "\"\u{fffd}a\""),
            ("nothing", raw, &[b""], "\"\""),
        ];
        for (name, enclosure, pieces, expected) in cases {
            let mut sink = Vec::new();
            let mut long = LongRow::begin(&mut sink, enclosure).unwrap();
            pieces.iter().for_each(|piece| long.piece(&mut sink, piece).unwrap());
            long.end(&mut sink).unwrap();
            assert_eq!(String::from_utf8(sink).unwrap(), expected, "{name}");
        }
    }
}

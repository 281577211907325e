//! Writes a row that is too long for memory, part by part, as one text: in a CSV cell or a JSON string.

use std::io::{self, Write};

use crate::roster::cell::FormulaEscaping;
use crate::roster::encoding;

/// The text that holds the row.
#[derive(Clone, Copy)]
pub(super) enum LongText {
    /// A CSV cell in quotes.
    Cell(FormulaEscaping),
    JsonString,
}

/// A row of which more parts follow.
pub(super) struct LongRow {
    text: LongText,
    has_text: bool,
    /// The first bytes of a character that continues in the next part.
    partial: Vec<u8>,
}

impl LongRow {
    pub(super) fn begin(sink: &mut impl Write, text: LongText) -> io::Result<Self> {
        sink.write_all(b"\"")?;
        Ok(Self { text, has_text: false, partial: Vec::new() })
    }

    pub(super) fn part(&mut self, sink: &mut impl Write, part: &[u8]) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(part);
        let complete = match bytes.utf8_chunks().last() {
            Some(last) if is_partial(last.invalid()) => bytes.len() - last.invalid().len(),
            _ => bytes.len(),
        };
        self.partial = bytes.split_off(complete);
        self.write(sink, &bytes)
    }

    pub(super) fn end(mut self, sink: &mut impl Write) -> io::Result<()> {
        let rest = std::mem::take(&mut self.partial);
        self.write(sink, &rest)?;
        sink.write_all(b"\"")
    }

    fn write(&mut self, sink: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let text = encoding::text_of(bytes);
        let is_first = !std::mem::replace(&mut self.has_text, true);
        match self.text {
            LongText::Cell(formulas) => {
                let text = if is_first { formulas.escape(&text) } else { text };
                sink.write_all(text.replace('"', "\"\"").as_bytes())
            }
            LongText::JsonString => {
                let quoted = serde_json::to_string(&text)?;
                sink.write_all(&quoted.as_bytes()[1..quoted.len() - 1])
            }
        }
    }
}

/// Whether these bytes could be the first of a character.
fn is_partial(bytes: &[u8]) -> bool {
    !bytes.is_empty() && std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_one_text() {
        let escaped = LongText::Cell(FormulaEscaping::On);
        let raw = LongText::Cell(FormulaEscaping::Raw);
        let json = LongText::JsonString;
        let e = "é".as_bytes();
        let cases: [(&str, LongText, &[&[u8]], &str); 8] = [
            ("a cell", raw, &[b"a \"b", b"\" c,"], "\"a \"\"b\"\" c,\""),
            ("a formula", escaped, &[b"=1", b"=1"], "\"'=1=1\""),
            ("a formula that may stay", raw, &[b"=1", b"+1"], "\"=1+1\""),
            ("a JSON string", json, &[b"a \"b\\", b"\tc"], "\"a \\\"b\\\\\\tc\""),
            ("a character in two parts", json, &[&e[..1], &e[1..]], "\"é\""),
            ("half a character at the end", raw, &[b"a", &e[..1]], "\"aÃ\""),
            ("half a character in the middle", raw, &[&e[..1], b"a"], "\"Ãa\""),
            ("nothing", raw, &[b""], "\"\""),
        ];
        for (name, text, parts, expected) in cases {
            let mut sink = Vec::new();
            let mut row = LongRow::begin(&mut sink, text).unwrap();
            parts.iter().for_each(|part| row.part(&mut sink, part).unwrap());
            row.end(&mut sink).unwrap();
            assert_eq!(String::from_utf8(sink).unwrap(), expected, "{name}");
        }
    }
}

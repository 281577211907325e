//! Lines of standard input, of bounded length.

use std::io::{self, BufRead};

/// The rest of a longer line is left out.
const MAX_LINE_OCTETS: u64 = 64 * 1024;

/// The lines of an input, without their line ends. Bytes that are not UTF-8 become U+FFFD.
pub(super) struct BoundedLines<R> {
    input: R,
}

impl<R: BufRead> BoundedLines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input }
    }
}

impl<R: BufRead> Iterator for BoundedLines<R> {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        match io::Read::take(&mut self.input, MAX_LINE_OCTETS).read_until(b'\n', &mut line) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == MAX_LINE_OCTETS {
            // Nothing that we read is that long: what is kept is too long as well.
            if let Err(error) = skip_line(&mut self.input) {
                return Some(Err(error));
            }
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        Some(Ok(String::from_utf8_lossy(text).into_owned()))
    }
}

/// Reads to the end of the line without keeping it.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

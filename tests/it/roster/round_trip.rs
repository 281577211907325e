//! Any list at all: written again without a change, its bytes are the same.

use std::io::BufReader;

use mailvet::roster::{
    Encoding, Header, InputFormat, OutputOptions, Plan, Preview, ReadOptions, Reader,
};
use proptest::prelude::*;

use super::parsed_list::ParsedList;

/// Bytes with more of what matters in them than chance would give.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling =
        prop::sample::select(b"\"\"\"\r\n\n\t,,;|{}[]:@# a.<>()\\=\0\xe9\xc3\xa9".to_vec());
    prop::collection::vec(prop_oneof![9 => telling, 1 => any::<u8>()], 1..300)
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z]{1,8}@[a-z]{1,8}\\.de",
        4 => "[A-Za-zäé .,;|\t]{0,12}",
        1 => "[a-z\"\r\n,;]{0,12}",
    ]
}

/// A sound list of any dialect: its bytes, its delimiter, the addresses in its rows.
fn table() -> impl Strategy<Value = (String, u8, Vec<String>)> {
    let rows = prop::collection::vec(("[a-z]{1,8}@[a-z]{1,8}\\.de", cell(), cell()), 1..20);
    let ending = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (rows, prop::sample::select(b",;\t|".to_vec()), ending).prop_map(|(rows, delimiter, ending)| {
        let delimiter_text = char::from(delimiter).to_string();
        let quoted = |cell: &str| {
            let needs = cell.contains(['"', '\r', '\n']) || cell.contains(&delimiter_text);
            if needs { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
        };
        let mut text = ["Name", "Email", "Note"].join(&delimiter_text) + ending;
        for (address, name, note) in &rows {
            text += &[quoted(name), quoted(address), quoted(note)].join(&delimiter_text);
            text += ending;
        }
        (text, delimiter, rows.into_iter().map(|(address, ..)| address).collect())
    })
}

/// The same list read three bytes at a time.
fn is_the_same_in_small_pieces(bytes: &[u8], list: &ParsedList) -> Result<(), TestCaseError> {
    let source = BufReader::with_capacity(3, bytes);
    let mut reader = Reader::new(source, &list.plan).unwrap();
    let rows: Vec<_> = std::iter::from_fn(|| reader.read_row().unwrap()).collect();
    prop_assert!(rows == list.rows, "in small pieces");
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_come_out_as_they_went_in(
        bytes in bytes(),
        format in prop::sample::select(InputFormat::ALL.to_vec()),
        header in prop::sample::select(vec![Header::Present, Header::Absent]),
    ) {
        let columns = match format {
            InputFormat::Csv | InputFormat::Tsv => vec!["1".to_owned()],
            _ => Vec::new(),
        };
        let wish = ReadOptions {
            // In another encoding what comes out is another text.
            encoding: Some(Encoding::Utf8),
            format: Some(format),
            header: Some(header),
            columns,
            ..ReadOptions::default()
        };
        if let Ok(list) = ParsedList::read(&bytes, &wish) {
            prop_assert_eq!(list.copied(), bytes.clone());
            is_the_same_in_small_pieces(&bytes, &list)?;
            list.written(OutputOptions { fields: vec!["mailvet_verdict".to_owned(), "x".to_owned()], ..OutputOptions::default() });
        }
    }

    #[test]
    fn whatever_is_made_of_any_bytes_is_read(bytes in bytes()) {
        if let Ok(list) = ParsedList::read(&bytes, &ReadOptions::default()) {
            is_the_same_in_small_pieces(&bytes, &list)?;
            if list.plan.encoding().is_kept() {
                prop_assert_eq!(list.copied(), bytes);
            }
        }
    }

    #[test]
    fn sound_lists_of_every_dialect_are_understood((text, delimiter, addresses) in table()) {
        let wish = ReadOptions { delimiter: Some(delimiter), ..ReadOptions::default() };
        let list = ParsedList::read(text.as_bytes(), &wish).unwrap();
        prop_assert_eq!(list.copied(), text.as_bytes());
        let found: Vec<String> = list.rows.iter().flat_map(|row| row.addresses().to_vec()).collect();
        prop_assert_eq!(&found, &addresses);

        // What was added is read again, and taken away with the next run.
        let judged = list.judged(None);
        let again = ParsedList::read(judged.as_bytes(), &wish).unwrap();
        let verdicts = again.rows.iter().map(|row| again.plan.text_in(row, "mailvet_verdict"));
        prop_assert!(verdicts.into_iter().all(|verdict| verdict.as_deref() == Some("fine")));
        prop_assert_eq!(again.judged(None), judged);
    }

    #[test]
    fn dialects_are_found_out((text, delimiter, addresses) in table()) {
        let plan = Plan::of(&Preview::read(text.as_bytes()).unwrap(), &ReadOptions::default()).unwrap();
        let list = ParsedList::of(&text);
        let found: Vec<String> = list.rows.iter().flat_map(|row| row.addresses().to_vec()).collect();
        prop_assert_eq!(&found, &addresses);
        prop_assert_eq!(plan.delimiter(), Some(delimiter));
    }
}

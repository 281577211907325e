//! Whatever a list is like: what comes out is what went in, and what was added to it.

use std::io::{self, Cursor, Write};
use std::sync::{Arc, LazyLock, Mutex};

use mailvet::batch::summary::{Listing, Tally};
use mailvet::batch::{
    Filter, Judge, JudgeSettings, List, ListOptions, ListSource, Output, Outputs, ProbePass, Run,
    RunProgress, Sink, Suppressed, WriteOptions,
};
use mailvet::clock::SystemClock;
use mailvet::config::Config;
use mailvet::report::Column;
use mailvet::roster::{
    DedupeKey, Encoding, FormulaEscaping, Header, InputFormat, OutputFormat, ReadOptions, Reader,
    Row, RowKind,
};
use mailvet::store::Journal;
use mailvet::typo::Confidence;
use mailvet::validator::{Network, Strictness, Validator};
use mailvet::verdict::{Depth, Verdict};
use proptest::prelude::*;
use tokio::runtime::Runtime;

/// What is added where something is.
const ADDED: [Column; 2] = [Column::Verdict, Column::Reasons];
const NAMES: [&str; 2] = ["mailvet_verdict", "mailvet_reasons"];

/// What works on all lists.
static SHOP: LazyLock<(Runtime, Arc<Validator>)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let validator = Validator::from_config(&Config::default(), Network::Offline, None);
    (runtime, Arc::new(validator.unwrap()))
});

/// A list that was cleaned.
struct Cleaned {
    written: Vec<u8>,
    /// Rows with an address, as they were counted.
    rows: u64,
    /// What was read.
    header: Option<Vec<u8>>,
    read: Vec<Row>,
    delimiter: u8,
    width: usize,
}

/// Cleans a list; none where its owner would have to say more of it.
fn cleaned(
    bytes: &[u8],
    wish: &ReadOptions,
    columns: &[Column],
    target: Option<OutputFormat>,
) -> Option<Cleaned> {
    let reading = ListOptions { read: wish.clone(), sheet: None };
    let source = ListSource::Stream(Box::new(Cursor::new(bytes.to_vec())));
    let list = List::open(source, &reading).ok()?;
    let plan = list.plan().clone();
    let mut reader = Reader::new(bytes, &plan).unwrap();
    let read: Vec<Row> = std::iter::from_fn(|| reader.read_row().unwrap()).collect();
    let raw: usize = read.iter().map(|row| row.raw().len()).sum();
    let (runtime, validator) = &*SHOP;
    let settings = JudgeSettings {
        depth: Depth::Syntax,
        strictness: Strictness::Lenient,
        locale: None,
        dedupe_key: Some(DedupeKey::Canonical),
        suppressed: Suppressed::default(),
        recheck: None,
    };
    let judge = Judge::new(validator.clone(), Arc::new(SystemClock), plan.clone(), settings);
    let written = Written::default();
    let main = Some(Output::Pipe(Box::new(written.clone())));
    let fix_at = Confidence::from_percent(90);
    let form = WriteOptions {
        columns: columns.to_vec(),
        format: target,
        formulas: FormulaEscaping::On,
        fix_at,
    };
    let outputs = Outputs { main, ..Outputs::default() };
    let tally = Tally::new(Listing::Numbers);
    let run = Run {
        list,
        judge: Arc::new(judge),
        journal: Journal::temporary().unwrap(),
        sink: Sink::new(&plan, form, Filter::default(), outputs, tally).marking_duplicates(),
        progress: Arc::new(RunProgress::default()),
        depth: Depth::Syntax,
        probe_pass: ProbePass::Never,
    };
    let summary = runtime.block_on(run.run(std::future::pending())).unwrap();
    let written = std::mem::take(&mut *written.0.lock().unwrap());
    let delimiter = plan.delimiter().unwrap_or(b',');
    Some(Cleaned {
        written,
        rows: summary.rows.read,
        header: plan.names().map(|_| bytes[..bytes.len() - raw].to_vec()),
        read,
        delimiter,
        width: plan.names().map_or(1, <[String]>::len),
    })
}

/// A pipe whose other end is here.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A cell as it stands in a file: an address, a word, a text in quotes, or something unexpected.
fn cell() -> impl Strategy<Value = Vec<u8>> {
    let telling = prop::sample::select(b"\"\"\"\r\n,;|\t@. a\0\xe9\xc3\xa9=+-".to_vec());
    prop_oneof![
        4 => "[a-z]{1,6}@(gmail|web|yahooo|mailinator)\\.(com|de)".prop_map(String::into_bytes),
        1 => "[a-z@. ]{1,12}".prop_map(String::into_bytes),
        3 => "[A-Za-zäé .]{0,8}".prop_map(String::into_bytes),
        2 => "[a-z@,;|\t\r\n\" ]{0,12}"
            .prop_map(|text| format!("\"{}\"", text.replace('"', "\"\"")).into_bytes()),
        1 => prop::collection::vec(telling, 0..8),
    ]
}

/// A list with a header: rows of any width, any line endings, the last one with or without one, a mark
/// in front or none.
fn table() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let ending = || prop::sample::select(vec!["\n", "\r\n", "\r"]);
    let row = (prop::collection::vec(cell(), 0..6), ending());
    let delimiter = prop::sample::select(b",;\t|~".to_vec());
    let rows = prop::collection::vec(row, 0..12);
    let parts = (delimiter, ending(), rows, any::<bool>(), any::<bool>());
    parts.prop_map(|(delimiter, ending, rows, has_mark, ends)| {
        let mut text = Vec::new();
        text.extend_from_slice(if has_mark { b"\xef\xbb\xbf" } else { b"" });
        text.extend(
            ["Name", "Email", "\"a note\""].join(&*char::from(delimiter).to_string()).bytes(),
        );
        let mut last = ending;
        for (cells, ending) in rows {
            text.extend(last.bytes());
            text.extend(cells.join(&delimiter));
            last = ending;
        }
        text.extend(if ends { last.bytes() } else { "".bytes() });
        (delimiter, text)
    })
}

/// A list of objects, one a line, as programs and people write them.
fn objects() -> impl Strategy<Value = Vec<u8>> {
    let blank = || "[ \t]{0,2}";
    let value = prop_oneof![
        "[a-z]{1,6}@(gmail|web)\\.(com|de)".prop_map(|text| format!("\"{text}\"")),
        "[a-zé@{},]{0,8}".prop_map(|text| format!("\"{text}\"")),
        Just("[1, {\"a\": null}]".to_owned()),
        Just("[\"a@web.de\", \"b\"]".to_owned()),
    ];
    let member = (prop::sample::select(vec!["email", "id", "é"]), blank(), value, blank());
    let member =
        member.prop_map(|(key, before, value, after)| format!("{before}\"{key}\":{value}{after}"));
    let object = (blank(), prop::collection::vec(member, 0..4), blank());
    let line = prop_oneof![
        9 => object.prop_map(|(before, members, after)| {
            format!("{before}{{{}}}{after}", members.join(","))
        }),
        1 => Just(String::new()),
    ];
    let ending = prop::sample::select(vec!["\n", "\r\n"]);
    let lines = prop::collection::vec((line, ending), 0..12);
    lines.prop_map(|lines| {
        let lines = lines.into_iter().map(|(line, ending)| line + ending);
        format!("{{\"email\":\"a@gmail.com\"}}\n{}", lines.collect::<String>()).into_bytes()
    })
}

/// A list as its owner would have it read: nothing is left to be found out.
fn as_said(delimiter: u8) -> ReadOptions {
    ReadOptions {
        encoding: Some(Encoding::Utf8),
        format: Some(InputFormat::Csv),
        delimiter: Some(delimiter),
        header: Some(Header::Present),
        columns: vec!["2".to_owned()],
    }
}

/// How long the row is that a text begins with, if it is this row with these cells inside: a delimiter
/// before each, and more of them where the row has too few cells.
fn extended(
    text: &[u8],
    row: &[u8],
    delimiter: u8,
    cells: [fn(&[u8]) -> usize; 2],
) -> Option<usize> {
    let same = text.iter().zip(row).take_while(|(text, row)| text == row).count();
    // Where it begins is not always clear: a cell before it may end like what is added.
    (0..=same).rev().find_map(|at| {
        let mut end = at;
        for cell in cells {
            let delimiters = text[end..].iter().take_while(|byte| **byte == delimiter).count();
            let length = cell(&text[end + delimiters..]);
            if delimiters == 0 {
                return None;
            }
            end += delimiters + length;
        }
        text[end..].starts_with(&row[at..]).then_some(end + row.len() - at)
    })
}

/// How long the verdict is that a text begins with.
fn verdict(text: &[u8]) -> usize {
    let codes = Verdict::ALL.map(Verdict::code);
    let code = codes.into_iter().find(|code| text.starts_with(code.as_bytes()));
    code.map_or(0, str::len)
}

/// The same of reasons.
fn reasons(text: &[u8]) -> usize {
    text.iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b' ')).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn with_nothing_added_a_list_comes_out_as_it_went_in((_, bytes) in table()) {
        // In another encoding what comes out is another text.
        let open = ReadOptions { encoding: Some(Encoding::Utf8), ..ReadOptions::default() };
        let chosen = ReadOptions { columns: vec!["1".to_owned()], ..open.clone() };
        let cleaned = cleaned(&bytes, &open, &[], None).or_else(|| cleaned(&bytes, &chosen, &[], None));
        if let Some(cleaned) = cleaned {
            prop_assert_eq!(cleaned.written.escape_ascii().to_string(), bytes.escape_ascii().to_string());
        }
    }

    #[test]
    fn without_what_was_added_a_table_is_what_it_was((delimiter, bytes) in table()) {
        let Cleaned { written, rows, header, read, delimiter, width } =
            cleaned(&bytes, &as_said(delimiter), &ADDED, None).expect("a list");
        let header = header.expect("a header");
        let names: [fn(&[u8]) -> usize; 2] = [
            |text| if text.starts_with(NAMES[0].as_bytes()) { NAMES[0].len() } else { 0 },
            |text| if text.starts_with(NAMES[1].as_bytes()) { NAMES[1].len() } else { 0 },
        ];
        let mut rest = &written[extended(&written, &header, delimiter, names).expect("a header")..];
        for row in &read {
            let length = match row.kind() {
                RowKind::NonData => rest.starts_with(row.raw()).then_some(row.raw().len()),
                RowKind::Entry | RowKind::Fault(_) => {
                    extended(rest, row.raw(), delimiter, [verdict, reasons])
                }
            };
            let Some(length) = length else {
                let shown = (row.raw().escape_ascii(), rest.escape_ascii());
                return Err(TestCaseError::fail(format!("row {}: {} in {}", row.number(), shown.0, shown.1)));
            };
            rest = &rest[length..];
        }
        prop_assert_eq!(rest.escape_ascii().to_string(), "");
        prop_assert_eq!(width, 3);
        let entries = read.iter().filter(|row| row.kind() != RowKind::NonData).count();
        prop_assert_eq!(rows, entries as u64);
    }

    #[test]
    fn a_second_run_changes_nothing((delimiter, bytes) in table()) {
        let wish = as_said(delimiter);
        let columns = [Column::Verdict, Column::Reasons, Column::Message, Column::DuplicateOf];
        let first = cleaned(&bytes, &wish, &columns, None).expect("a list").written;
        let second = cleaned(&first, &wish, &columns, None).expect("a list").written;
        prop_assert_eq!(second.escape_ascii().to_string(), first.escape_ascii().to_string());
    }

    #[test]
    fn every_row_is_in_json((delimiter, bytes) in table()) {
        let cleaned = cleaned(&bytes, &as_said(delimiter), &ADDED, Some(OutputFormat::JsonLines)).expect("a list");
        let written = String::from_utf8(cleaned.written).expect("UTF-8");
        let objects: Vec<serde_json::Map<String, serde_json::Value>> =
            written.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
        prop_assert_eq!(objects.len() as u64, cleaned.rows);
        for object in &objects {
            prop_assert!(object["mailvet_verdict"].is_string(), "{object:?}");
            prop_assert!(object["mailvet_reasons"].is_array(), "{object:?}");
        }
    }

    #[test]
    fn without_what_was_added_objects_are_what_they_were(bytes in objects()) {
        let cleaned = cleaned(&bytes, &ReadOptions::default(), &ADDED, None).expect("a list");
        let (input, output) = (String::from_utf8(bytes).unwrap(), String::from_utf8(cleaned.written).unwrap());
        let rows = input.split_inclusive('\n').zip(output.split_inclusive('\n'));
        for (row, written) in rows {
            let Some(brace) = row.rfind('}') else {
                prop_assert_eq!(row, written);
                continue;
            };
            let added = written.strip_prefix(&row[..brace]).and_then(|rest| rest.strip_suffix(&row[brace..]));
            let added = added.unwrap_or_else(|| panic!("{row} became {written}"));
            prop_assert!(added.trim_start_matches(',').starts_with("\"mailvet_verdict\":"), "{}", added);
        }
        prop_assert_eq!(input.lines().count(), output.lines().count());
        prop_assert_eq!(cleaned.rows as usize, input.lines().filter(|line| !line.is_empty()).count());
    }
}

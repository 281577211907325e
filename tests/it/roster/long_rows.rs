//! Rows longer than the bound.

use std::io::{BufReader, Read};

use mailvet::roster::{
    MAX_ROW_BYTES, OutputFormat, Plan, Preview, ReadOptions, Reader, RowFault, RowKind, RowPart,
};

use super::parsed_list::ParsedList;

/// A row of as many bytes, its line ending included.
fn row_of(bytes: usize) -> String {
    let name = bytes - "a@x.de,".len() - "\n".len();
    format!("a@x.de,{}\n", "x".repeat(name))
}

#[test]
fn a_row_of_ten_megabytes_goes_through() {
    let text = format!("Email,Name\nb@x.de,B\n{}c@x.de,C\n", row_of(10_000_000));
    let list = ParsedList::of(&text);
    let parts = &list.rows[1..list.rows.len() - 1];
    assert!(
        parts
            .iter()
            .all(|row| row.kind() == RowKind::Fault(RowFault::TooLong) && row.number() == 3)
    );
    assert!(parts.iter().all(|row| row.raw().len() <= 2 * MAX_ROW_BYTES), "a part is too long");
    assert!(parts.iter().rev().skip(1).all(|row| row.part() == RowPart::More));
    assert_eq!(parts.last().unwrap().part(), RowPart::Last);
    assert_eq!(list.shown().first().unwrap(), "2 b@x.de");
    assert_eq!(list.shown().last().unwrap(), "4 c@x.de");
    assert!(list.copied() == text.as_bytes());
    let judged = list.judged(None);
    assert!(judged.ends_with("xxx,unknown,row_too_long\nc@x.de,C,fine,\n"));
    assert_eq!(judged.matches("row_too_long").count(), 1);
}

#[test]
fn another_format_holds_all_of_a_long_row() {
    let long = row_of(2 * MAX_ROW_BYTES);
    let text = long.trim_end();
    let list = ParsedList::of(&format!("Email,Name\nb@x.de,B\n{long}c@x.de,C"));
    let cases = [
        (OutputFormat::Tsv, format!("\n\"{text}\"\t\tunknown\trow_too_long\n")),
        (
            OutputFormat::JsonLines,
            format!(
                "\n{{\"mailvet_input\":\"{text}\",\"mailvet_verdict\":\"unknown\",\"mailvet_reasons\":[\"row_too_long\"]}}\n"
            ),
        ),
        (OutputFormat::Lines, format!("\n{long}")),
    ];
    for (target, expected) in cases {
        let judged = list.judged(Some(target));
        let Some((before, after)) = judged.split_once(&expected) else {
            panic!("{target:?}: it is not there");
        };
        assert!(before.contains("b@x.de"), "{target:?}");
        assert_eq!(after.lines().count(), 1, "{target:?}");
    }
}

#[test]
fn characters_of_a_long_row_stay_whole() {
    for padding in 0..4 {
        let row = format!("{}{}", "x".repeat(padding), "😀".repeat(MAX_ROW_BYTES / 2));
        let judged = ParsedList::of(&format!("Email\na@x.de\n{row}\n"))
            .judged(Some(OutputFormat::JsonLines));
        let written = judged.lines().last().unwrap().split('"').nth(3).unwrap();
        assert!(written == row, "{padding}");
    }
}

#[test]
fn a_long_object_ends_with_its_own_brace() {
    let filling = "x".repeat(MAX_ROW_BYTES);
    let before = r#"{"email": "a@x.de"}"#;
    let after = r#"{"email": "c@x.de"}, {"email": "d@x.de"}"#;
    let fault = "!row_too_long";
    // What is between two objects, and what is found in it.
    let cases: [(&str, String, &[&str]); 7] = [
        ("an object", format!(r#"{{"note": "{{{filling}", "email": "b@x.de"}}"#), &[fault]),
        (
            "an object with objects",
            format!(r#"{{"all": [{{"note": "{filling}"}}, {{}}]}}"#),
            &[fault],
        ),
        ("two", format!(r#"{{"note": "{filling}"}},{{"note": "{filling}"}}"#), &[fault; 2]),
        ("no object", format!(r#""{filling}""#), &[fault]),
        ("an open string", "{\"email\": \"b@x.de}".to_owned(), &["!row_not_json"]),
        ("an open brace", "{\"email\": \"b@x.de\"".to_owned(), &["!row_not_json"]),
        ("an open brace later", format!("{{\"note\": \"{filling}\""), &[fault]),
    ];
    for (name, between, faults) in cases {
        let rest = format!(r#"{{"email": "e@x.de", "note": "{filling}"}}"#);
        let text = format!("[{before},\n{between},\n{after},\n{rest}]");
        let list = ParsedList::of(&text);
        let found: Vec<String> = list
            .rows
            .iter()
            .filter(|row| row.part() == RowPart::Last && row.kind() != RowKind::NonData)
            .map(|row| match row.kind() {
                RowKind::Fault(fault) => format!("!{}", fault.code()),
                RowKind::Entry | RowKind::NonData => row.addresses().join(" "),
            })
            .collect();
        let mut expected = vec!["a@x.de"];
        expected.extend(faults);
        expected.extend(["c@x.de", "d@x.de", fault]);
        assert_eq!(found, expected, "{name}");
        assert!(list.copied() == text.as_bytes(), "{name}");
        for target in [OutputFormat::JsonLines, OutputFormat::Csv, OutputFormat::Lines] {
            let judged = list.judged(Some(target));
            assert!(judged.matches(&filling).count() == text.matches(&filling).count(), "{name}");
        }
    }
}

#[test]
fn the_bound_is_a_megabyte() {
    for (length, fault) in [(MAX_ROW_BYTES, None), (MAX_ROW_BYTES + 1, Some(RowFault::TooLong))] {
        let list = ParsedList::of(&format!("Email,Name\n{}", row_of(length)));
        let kind = fault.map_or(RowKind::Entry, RowKind::Fault);
        assert!(list.rows.iter().all(|row| row.kind() == kind), "{length}");
    }
}

#[test]
fn a_list_that_is_one_long_row_is_read() {
    let text = "x".repeat(3 * MAX_ROW_BYTES);
    let list = ParsedList::of(&text);
    assert!(list.rows.iter().all(|row| row.kind() == RowKind::Fault(RowFault::TooLong)));
    assert_eq!(list.rows.last().unwrap().part(), RowPart::Last);
    assert!(list.copied() == text.as_bytes());
}

#[test]
fn open_quotes_reach_so_far_and_no_further() {
    let before = "z@x.de,Z\n".repeat(600);
    let shown = |note: &str| {
        let text = format!("Email,Note\n{before}a@x.de,\"{note}\"\nb@x.de,B\n");
        let shown = ParsedList::of(&text).shown();
        (shown[600].clone(), shown.last().unwrap().clone())
    };
    let cases = [
        ("lines", "line\n".repeat(900), "602 a@x.de", "603 b@x.de"),
        ("too many lines", "line\n".repeat(3_000), "602 !row_broken_quotes", "3603 b@x.de"),
        ("bytes", "x".repeat(100_000), "602 a@x.de", "603 b@x.de"),
        ("too many bytes", "x".repeat(200_000), "602 !row_broken_quotes", "603 b@x.de"),
    ];
    for (name, note, row, last) in cases {
        assert_eq!(shown(&note), (row.to_owned(), last.to_owned()), "{name}");
    }
}

#[test]
fn rows_are_the_same_however_little_is_read_at_once() {
    let text = format!(
        "Email,Note\r\na@x.de,\"one\r\ntwo\"\r\nb@x.de,\"\"\"\"\r{}c@x.de,\"open\nd@x.de,D\n",
        row_of(MAX_ROW_BYTES + 5)
    );
    let plan = Plan::of(&Preview::read(text.as_bytes()).unwrap(), &ReadOptions::default()).unwrap();
    let whole = ParsedList::of(&text);
    for buffer in [1, 2, 7, 4096] {
        let source = BufReader::with_capacity(buffer, text.as_bytes().chain(&b""[..]));
        let mut reader = Reader::new(source, &plan).unwrap();
        let rows: Vec<_> = std::iter::from_fn(|| reader.read_row().unwrap()).collect();
        let list = ParsedList { plan: plan.clone(), rows };
        assert!(list.judged(None) == whole.judged(None), "{buffer} bytes at once");
    }
}

#[test]
fn lists_made_to_be_slow_are_read() {
    let many = 100_000;
    let keys: Vec<String> = (0..many / 10).map(|key| format!("\"{key}\": \"\"")).collect();
    let cases = [
        ("columns", format!("Email{}\na@x.de\n", ",x".repeat(many))),
        ("commas", format!("Email\tName\n{}a@x.de,b@x.de <\tA\n", "x,".repeat(many))),
        ("addresses", format!("Email\tName\n{}\tA\n", "a@x.de;".repeat(many))),
        ("brackets", format!("Email\tName\n{}a@x.de b@x.de\tA\n", "<(".repeat(many))),
        ("quotes", "\"\"a\n".repeat(many / 100)),
        ("keys", format!("{{\"email\": \"a@x.de\", {}}}\n", keys.join(", "))),
        ("braces", "{".repeat(many)),
        ("blanks in quotes", "\" ".repeat(many)),
    ];
    let wish = ReadOptions { columns: vec!["1".to_owned()], ..ReadOptions::default() };
    for (name, text) in cases {
        let list = ParsedList::read(text.as_bytes(), &ReadOptions::default());
        let list = list.or_else(|_| ParsedList::read(text.as_bytes(), &wish));
        let list = list.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(list.copied() == text.as_bytes(), "{name}");
        list.judged(Some(OutputFormat::JsonLines));
    }
}

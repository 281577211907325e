use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn read(packed: &[u8], sheet: Option<&str>) -> Result<(Container, Vec<u8>), FileError> {
    let mut text = Text::of(Cursor::new(packed.to_vec()), sheet)?;
    let mut bytes = Vec::new();
    text.reader.read_to_end(&mut bytes)?;
    Ok((text.container, bytes))
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn zip(files: &[(&str, String)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// A workbook with these sheets, each a name and its rows as Excel writes them. Style 1 is a date, style 2
/// a span of time.
fn workbook(sheets: &[(&str, &str)]) -> Vec<u8> {
    zip(&parts(sheets))
}

fn parts(sheets: &[(&str, &str)]) -> Vec<(&'static str, String)> {
    let entries = |entry: &dyn Fn(usize, &str) -> String| -> String {
        sheets.iter().enumerate().map(|(index, (name, _))| entry(index + 1, name)).collect()
    };
    let list =
        entries(&|id, name| format!(r#"<sheet name="{name}" sheetId="{id}" r:id="r{id}"/>"#));
    let targets = entries(&|id, _| {
        format!(
            r#"<Relationship Id="r{id}" Type="{RELATIONSHIPS}/worksheet" Target="worksheets/{id}.xml"/>"#
        )
    });
    let strings =
        ["E-mail", "joe@example.org", "Smith, \"Joe\""].map(|s| format!("<si><t>{s}</t></si>"));
    let root = format!(
        r#"<Relationships><Relationship Id="r" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let mut files = vec![
        ("_rels/.rels", root),
        (
            "xl/workbook.xml",
            format!(r#"<workbook xmlns:r="{RELATIONSHIPS}"><sheets>{list}</sheets></workbook>"#),
        ),
        ("xl/_rels/workbook.xml.rels", format!("<Relationships>{targets}</Relationships>")),
        ("xl/sharedStrings.xml", format!("<sst>{}</sst>", strings.concat())),
        (
            "xl/styles.xml",
            r#"<styleSheet><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="46"/></cellXfs></styleSheet>"#
                .to_owned(),
        ),
    ];
    let paths = ["xl/worksheets/1.xml", "xl/worksheets/2.xml"];
    for (path, (_, rows)) in paths.into_iter().zip(sheets) {
        files.push((path, format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")));
    }
    files
}

/// A workbook with one sheet, of which one part is another one.
fn workbook_with(path: &'static str, text: String) -> Vec<u8> {
    let rows = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let mut files = parts(&[("Members", rows)]);
    files.retain(|(name, _)| *name != path);
    files.push((path, text));
    zip(&files)
}

fn sheet(cells: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{cells}</sheetData></worksheet>");
    workbook_with("xl/worksheets/1.xml", sheet)
}

fn strings(strings: &str) -> Vec<u8> {
    workbook_with("xl/sharedStrings.xml", format!("<sst>{strings}</sst>"))
}

#[test]
fn a_container_is_told_by_its_first_bytes() {
    let list = b"Email\njoe@example.org\n";
    let twice = [gzip(b"Email\n"), gzip(b"joe@example.org\n")].concat();
    let cases = [
        ("plain", list.to_vec(), Container::Plain, &list[..]),
        ("nothing", Vec::new(), Container::Plain, b""),
        ("three bytes", b"a@b".to_vec(), Container::Plain, b"a@b"),
        ("gzip", gzip(list), Container::Gzip, list),
        ("gzip in two pieces", twice, Container::Gzip, list),
        ("nothing in gzip", gzip(b""), Container::Gzip, b""),
    ];
    for (name, packed, container, text) in cases {
        assert!(read(&packed, None).unwrap() == (container, text.to_vec()), "{name}");
    }
}

#[test]
fn a_sheet_becomes_csv() {
    let first = concat!(
        r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Näme</t></is></c></row>"#,
        r#"<row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3" t="s"><v>2</v></c></row>"#,
        r#"<row r="4"><c r="A4"><v>33611111111</v></c><c r="B4"><v>0.5</v></c>"#,
        r#"<c r="C4" t="b"><v>1</v></c><c r="D4" t="e"><v>#N/A</v></c></row>"#,
        r#"<row r="5"><c r="A5" s="1"><v>45943</v></c><c r="B5" s="1"><v>45943.5</v></c>"#,
        r#"<c r="C5" s="1"><v>0.75</v></c><c r="D5" s="2"><v>1.5</v></c></row>"#,
        r#"<row r="6"><c r="B6"/></row>"#,
    );
    let second = r#"<row r="1"><c r="A1" t="s"><v>1</v></c></row>"#;
    let packed = workbook(&[("Members", first), ("Old ones", second)]);

    let expected = concat!(
        "\u{feff}E-mail,,Näme\r\n",
        "\r\n",
        "joe@example.org,,\"Smith, \"\"Joe\"\"\"\r\n",
        "33611111111,0.5,TRUE,#N/A\r\n",
        "2025-10-13,2025-10-13 12:00:00,18:00:00,1.5\r\n",
    );
    let (container, text) = read(&packed, None).unwrap();
    assert_eq!(container, Container::Workbook);
    assert_eq!(String::from_utf8(text).unwrap(), expected);

    let (_, text) = read(&packed, Some("Old ones")).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), "\u{feff}joe@example.org\r\n");
}

#[test]
fn what_holds_no_text_says_so() {
    let book = workbook(&[("Members", ""), ("Old ones", "")]);
    let half = &book[..book.len() / 2];
    let archive = zip(&[("list.csv", "Email\n".to_owned())]);
    let old = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1];
    let packed = gzip(b"Email\njoe@example.org\n");
    let cut = &packed[..packed.len() - 5];
    let cases: [(&str, &[u8], Option<&str>, &str); 5] = [
        (
            "another sheet",
            &book,
            Some("New ones"),
            "no sheet \"New ones\"; it has [\"Members\", \"Old ones\"]",
        ),
        ("half a workbook", half, None, "cannot be read"),
        ("an archive", &archive, None, "unpack it first"),
        ("an old workbook", &old, None, "save it as .xlsx"),
        ("half a gzip", cut, None, "cut off or damaged"),
    ];
    for (name, packed, sheet, expected) in cases {
        let error = read(packed, sheet).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

/// The bytes of an archive in which a name, or whatever else, is replaced by one of the same length.
fn patched(mut archive: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let places: Vec<usize> = memchr::memmem::find_iter(&archive, old).collect();
    assert!(!places.is_empty());
    for at in places {
        archive[at..at + new.len()].copy_from_slice(new);
    }
    archive
}

/// The archive, its parts marked as encrypted (APPNOTE.TXT 4.4.4, bit 0).
fn encrypted(mut archive: Vec<u8>) -> Vec<u8> {
    for (header, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let places: Vec<usize> = memchr::memmem::find_iter(&archive, header).collect();
        for at in places {
            archive[at + flags] |= 1;
        }
    }
    archive
}

#[test]
fn a_workbook_beyond_the_limits_is_refused() {
    use Excess::{Cell, Columns, Formats, Kept, Parts, Rows, Token};
    let letters = |count: usize| "a".repeat(count);
    let many_parts: Vec<(String, String)> =
        (0..10_001).map(|number| (format!("{number}"), String::new())).collect();
    let many_parts: Vec<(&str, String)> =
        many_parts.iter().map(|(name, text)| (name.as_str(), text.clone())).collect();
    let formats =
        format!("<styleSheet><cellXfs>{}</cellXfs></styleSheet>", "<xf/>".repeat(131_000));
    let long_formats = format!(
        r#"<styleSheet><fonts><font><name val="{}"/></font></fonts><cellXfs>{}</cellXfs></styleSheet>"#,
        letters(60_000),
        r#"<xf fontId="0"/>"#.repeat(10_000)
    );
    let sst = |count: &str| {
        workbook_with("xl/sharedStrings.xml", format!(r#"<sst uniqueCount="{count}"><si/></sst>"#))
    };
    let cell = |text: &str| sheet(&format!(r#"<row><c t="inlineStr"><is>{text}</is></c></row>"#));
    let dimension = |range: &str| {
        let sheet = format!(r#"<worksheet><dimension ref="{range}"/><sheetData/></worksheet>"#);
        workbook_with("xl/worksheets/1.xml", sheet)
    };
    let cases = [
        (
            "a row that Excel has not",
            sheet(r#"<row r="1048577"><c r="A1048577"><v>1</v></c></row>"#),
            Rows,
        ),
        ("a row a long way down", sheet(r#"<row r="250000000"><c><v>1</v></c></row>"#), Rows),
        ("a row that overflows", sheet(r#"<row><c r="A4294967297"><v>1</v></c></row>"#), Rows),
        ("a column that Excel has not", sheet(r#"<row><c r="XFE1"><v>1</v></c></row>"#), Columns),
        ("a column a long way off", sheet(r#"<row><c r="ZZZZZZ2"><v>1</v></c></row>"#), Columns),
        (
            "a column that overflows",
            sheet(r#"<row><c r="ZZZZZZZZZZ2"><v>1</v></c></row>"#),
            Columns,
        ),
        (
            "columns without names",
            sheet(&format!("<row>{}</row>", "<c><v>1</v></c>".repeat(16_385))),
            Columns,
        ),
        ("a wide extent", dimension("A1:XFE1"), Columns),
        ("a high extent", dimension("A1:B1048577"), Rows),
        ("a long cell", cell(&format!("<t>{}</t>", letters(32_768))), Cell),
        (
            "a long cell in runs",
            cell(&format!("<r><t>{}</t></r>", letters(1_000)).repeat(33)),
            Cell,
        ),
        ("a long cell of entities", cell(&format!("<t>{}</t>", "&amp;".repeat(32_768))), Cell),
        (
            "a long value",
            sheet(&format!(r#"<row><c t="str"><v>{}</v></c></row>"#, letters(32_768))),
            Cell,
        ),
        ("a long shared string", strings(&format!("<si><t>{}</t></si>", letters(32_768))), Cell),
        ("an endless cell", cell(&format!("<t>{}</t>", letters(2_000_000))), Token),
        ("an endless comment", strings(&format!("<!--{}-->", letters(2_000_000))), Token),
        ("an endless tag", strings(&format!(r#"<si x="{}"/>"#, letters(2_000_000))), Token),
        ("an endless name of a tag", strings(&format!("<{0}></{0}>", letters(2_000_000))), Token),
        (
            "comments in a string",
            strings(&format!(
                "<si><t>{}</t></si>",
                format!("<!--{}-->", letters(900_000)).repeat(5)
            )),
            Token,
        ),
        (
            "a long reference",
            sheet(&format!(r#"<row><c r="A1" x="{}"><v>1</v></c></row>"#, letters(70_000))),
            Token,
        ),
        ("a deep part", strings(&format!("{}{}", "<a>".repeat(300), "</a>".repeat(300))), Token),
        ("strings that are said to be many", sst("4000000000"), Kept),
        ("strings that are said to be more", sst("18446744073709551615"), Kept),
        ("formats with a long name", workbook_with("xl/styles.xml", long_formats), Kept),
        ("many formats", workbook_with("xl/styles.xml", formats), Formats),
        ("many parts", zip(&many_parts), Parts),
    ];
    for (name, packed, expected) in cases {
        match read(&packed, None) {
            Err(FileError::TooLarge(excess)) => assert_eq!(excess, expected, "{name}"),
            Err(error) => panic!("{name}: {error}"),
            Ok(_) => panic!("{name}: it was read"),
        }
    }
    let error = FileError::from(Excess::Kept).to_string();
    assert!(error.ends_with("save the sheet as CSV"), "{error}");
}

#[test]
fn a_workbook_at_the_limits_is_read() {
    let text = "a".repeat(32_767);
    let cells = [
        (
            "the last cell of all",
            r#"<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#.to_owned(),
        ),
        ("the longest text", format!(r#"<row><c t="inlineStr"><is><t>{text}</t></is></c></row>"#)),
        ("a formula beside it", format!(r#"<row><c t="str"><f>{text}</f><v>{text}</v></c></row>"#)),
    ];
    for (name, cells) in cells {
        let read = read(&sheet(&cells), None);
        assert!(read.is_ok(), "{name}: {}", read.err().unwrap());
    }
}

#[test]
fn what_is_no_proper_workbook_is_refused() {
    let twice = workbook_with("xl/sharedStringz.xml", String::new());
    let twice = patched(twice, b"xl/sharedStringz.xml", b"xl/sharedStrings.xml");
    let relationship = format!(
        r#"<Relationships><Relationship Id="r1" Type="{RELATIONSHIPS}/worksheet" Target="media/1.png"/></Relationships>"#
    );
    let extent = r#"<worksheet><dimension ref="B2:A1"/><sheetData/></worksheet>"#;
    let cases = [
        ("a name twice", twice, "cannot be read"),
        (
            "a sheet called a picture",
            workbook_with("xl/_rels/workbook.xml.rels", relationship),
            "cannot be read",
        ),
        (
            "an end before its start",
            workbook_with("xl/worksheets/1.xml", extent.to_owned()),
            "cannot be read",
        ),
        ("a string without an end", strings("<si><t>a</si><si>b</si>"), "cannot be read"),
        ("a string in a string", strings("<si><t>a</t><si>b</si></si>"), "cannot be read"),
        (
            "a reference that is none",
            sheet(r#"<row><c r="1A"><v>1</v></c></row>"#),
            "cannot be read",
        ),
        ("encrypted parts", encrypted(workbook(&[("Members", "")])), "has a password"),
        ("a binary workbook", workbook_with("xl/workbook.bin", String::new()), "save it as .xlsx"),
    ];
    for (name, packed, expected) in cases {
        let error = read(&packed, None).err().unwrap_or_else(|| panic!("{name}: it was read"));
        let error = error.to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn a_sheet_can_be_read_again_and_left_in_between() {
    let rows: String = (1..=20_000)
        .map(|row| format!(r#"<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>"#))
        .collect();
    let text = Text::of(Cursor::new(sheet(&rows)), None).unwrap();
    let workbook = text.workbook.expect("a workbook");
    // It is left at its beginning.
    drop(text.reader);
    for time in 1..=2 {
        let mut read = String::new();
        workbook.text().unwrap().read_to_string(&mut read).unwrap();
        assert_eq!(read.lines().count(), 20_000, "time {time}");
        assert!(read.ends_with("\r\n20000\r\n"), "time {time}");
    }
}

#[test]
fn one_process_at_a_time_writes_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.csv");
    let mut first = OutputFile::create(&path).unwrap();
    let second = OutputFile::create(&path).err().expect("a refusal");
    assert_eq!(second.kind(), io::ErrorKind::ResourceBusy);
    first.write_all(b"whole").unwrap();
    first.finish().unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), b"whole");
    // What one has left who ended before is no hindrance.
    drop(OutputFile::create(&path).unwrap());
    drop(OutputFile::create(&path).unwrap());
}

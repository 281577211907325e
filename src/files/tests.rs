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
    zip(&files)
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

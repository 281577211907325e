//! Files that are made when a test needs them: because they are long, or because no editor shows what is
//! in them. `tests/lists/README.md` says how a recipe is written.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// What a recipe makes.
pub(crate) fn made(recipe: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sheets: Vec<Sheet> = Vec::new();
    for line in recipe.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "text" => bytes.extend(unescaped(rest)),
            "repeat" => {
                let (times, text) = rest.split_once(' ').expect("a number and a text");
                bytes.extend(unescaped(text).repeat(times.parse().unwrap()));
            }
            "utf-16le" => bytes = utf_16(&bytes, u16::to_le_bytes),
            "utf-16be" => bytes = utf_16(&bytes, u16::to_be_bytes),
            "gzip" => bytes = gzip(&bytes),
            "cut" => bytes.truncate(bytes.len() - rest.parse::<usize>().unwrap()),
            "zip" => bytes = zip(&[(rest.to_owned(), bytes)]),
            "sheet" => sheets.push(Sheet { name: rest.to_owned(), rows: Vec::new() }),
            "row" => {
                let cells = rest.split('|').map(str::to_owned).collect();
                sheets.last_mut().expect("a sheet for the row").rows.push(cells);
            }
            _ => panic!("no such line in a recipe: {line}"),
        }
    }
    if sheets.is_empty() { bytes } else { workbook(&sheets) }
}

/// A text whose backslashes are read: `\n`, `\r`, `\t`, `\\`, and `\xE9` for any byte.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        bytes.extend(before.bytes());
        let mut letters = behind.chars();
        match letters.next() {
            Some('n') => bytes.push(b'\n'),
            Some('r') => bytes.push(b'\r'),
            Some('t') => bytes.push(b'\t'),
            Some('\\') => bytes.push(b'\\'),
            Some('x') => {
                bytes.push(u8::from_str_radix(&behind[1..3], 16).unwrap());
                letters = behind[3..].chars();
            }
            _ => panic!("no such escape in {text}"),
        }
        rest = letters.as_str();
    }
    bytes.extend(rest.bytes());
    bytes
}

fn utf_16(text: &[u8], bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::str::from_utf8(text).unwrap().encode_utf16().flat_map(bytes).collect()
}

/// The bytes packed with gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

struct Sheet {
    name: String,
    rows: Vec<Vec<String>>,
}

/// An Excel workbook, as bare as one can be. What reads as a number is one.
fn workbook(sheets: &[Sheet]) -> Vec<u8> {
    let mut list = String::new();
    let mut targets = String::new();
    let mut files = Vec::new();
    for (id, sheet) in (1..).zip(sheets) {
        let name = &sheet.name;
        write!(list, r#"<sheet name="{name}" sheetId="{id}" r:id="r{id}"/>"#).unwrap();
        let target = format!(
            r#"<Relationship Id="r{id}" Type="{RELATIONSHIPS}/worksheet" Target="worksheets/{id}.xml"/>"#
        );
        targets.push_str(&target);
        let rows = (1..).zip(&sheet.rows).map(|(number, cells)| row(number, cells));
        let rows: String = rows.collect();
        let rows = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        files.push((format!("xl/worksheets/{id}.xml"), rows));
    }
    let root = format!(
        r#"<Relationships><Relationship Id="r" Type="{RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let workbook =
        format!(r#"<workbook xmlns:r="{RELATIONSHIPS}"><sheets>{list}</sheets></workbook>"#);
    let targets = format!("<Relationships>{targets}</Relationships>");
    files.push(("_rels/.rels".to_owned(), root));
    files.push(("xl/workbook.xml".to_owned(), workbook));
    files.push(("xl/_rels/workbook.xml.rels".to_owned(), targets));
    let files: Vec<_> = files.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
    zip(&files)
}

fn row(number: usize, cells: &[String]) -> String {
    let cell = |(column, text): (char, &String)| match text.parse::<f64>() {
        _ if text.is_empty() => String::new(),
        Ok(_) => format!(r#"<c r="{column}{number}"><v>{text}</v></c>"#),
        Err(_) => {
            format!(r#"<c r="{column}{number}" t="inlineStr"><is><t>{text}</t></is></c>"#)
        }
    };
    let cells: String = ('A'..='Z').zip(cells).map(cell).collect();
    format!(r#"<row r="{number}">{cells}</row>"#)
}

#[test]
fn recipes_make_any_bytes() {
    let cases: [(&str, &[u8]); 4] = [
        ("text a\\t\\x00\\xE9\\\\\ntext b\\r\\n", b"a\t\0\xe9\\b\r\n"),
        ("# nothing\n\ntext a\nrepeat 3 b,", b"ab,b,b,"),
        ("text \u{feff}\u{e9}\nutf-16le", b"\xff\xfe\xe9\0"),
        ("text \u{feff}\u{e9}\nutf-16be", b"\xfe\xff\0\xe9"),
    ];
    for (recipe, expected) in cases {
        assert_eq!(made(recipe), expected, "{recipe}");
    }
    assert!(made("text a\ngzip").starts_with(&[0x1f, 0x8b]));
    assert!(made("text a\nzip a.txt").starts_with(b"PK"));
    assert!(made("sheet One\nrow a|1").starts_with(b"PK"));
}

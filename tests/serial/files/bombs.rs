//! Small files that would become large.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::bounded::within_memory;
use crate::support::program::offline;
use crate::support::run::run;

tests![
    a_workbook_is_refused_before_it_takes_memory,
    a_sheet_is_not_held_in_memory,
    gzip_is_unpacked_in_pieces,
];

/// What any list may cost, in MiB of address space: the program itself takes some 150.
const MEMORY_MIB: u32 = 420;

/// Writes one part of a workbook.
type Part<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// A workbook with these shared strings and cells.
fn workbook(path: &Path, strings: Part<'_>, cells: Part<'_>) {
    const KIND: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relationship = |kind: &str, target: &str| {
        format!(
            r#"<Relationships><Relationship Id="r1" Type="{KIND}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_level(Some(1));
    let mut part = |name: &str, write: Part<'_>| {
        archive.start_file(name, options).unwrap();
        let mut part = BufWriter::with_capacity(1 << 20, &mut archive);
        write(&mut part).unwrap();
        part.flush().unwrap();
    };
    let root = relationship("officeDocument", "xl/workbook.xml");
    let sheets = relationship("worksheet", "sheet1.xml");
    let book = format!(
        r#"<workbook xmlns:r="{KIND}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    part("_rels/.rels", &|part| part.write_all(root.as_bytes()));
    part("xl/_rels/workbook.xml.rels", &|part| part.write_all(sheets.as_bytes()));
    part("xl/workbook.xml", &|part| part.write_all(book.as_bytes()));
    part("xl/sharedStrings.xml", &|part| {
        part.write_all(b"<sst>")?;
        strings(part)?;
        part.write_all(b"</sst>")
    });
    part("xl/sheet1.xml", &|part| {
        part.write_all(b"<worksheet><sheetData>")?;
        cells(part)?;
        part.write_all(b"</sheetData></worksheet>")
    });
    archive.finish().unwrap();
}

/// The same bytes many times over.
fn repeated(piece: &str, times: usize) -> impl Fn(&mut dyn Write) -> io::Result<()> {
    let together = piece.repeat(4_096);
    move |part| {
        (0..times / 4_096).try_for_each(|_| part.write_all(together.as_bytes()))?;
        (0..times % 4_096).try_for_each(|_| part.write_all(piece.as_bytes()))
    }
}

fn written(piece: &str) -> impl Fn(&mut dyn Write) -> io::Result<()> {
    repeated(piece, 1)
}

fn a_workbook_is_refused_before_it_takes_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.xlsx");
    let cell = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let letters = "a".repeat(16 * 1024);
    let in_parts = |before: &'static str, behind: &'static str| {
        let middle = repeated(&letters, 4 * 1024);
        move |part: &mut dyn Write| {
            part.write_all(before.as_bytes())?;
            middle(part)?;
            part.write_all(behind.as_bytes())
        }
    };
    let cases: [(&str, Part<'_>, Part<'_>, &str); 5] = [
        (
            "many strings",
            &repeated("<si/>", 9_000_000),
            &written(cell),
            "more than 512 MiB of memory",
        ),
        (
            "a string of 64 MiB",
            &in_parts("<si><t>", "</t></si>"),
            &written(cell),
            "longer than any",
        ),
        (
            "a cell of 64 MiB",
            &written("<si/>"),
            &in_parts(r#"<row><c t="inlineStr"><is><t>"#, "</t></is></c></row>"),
            "longer than any",
        ),
        (
            "row 250,000,000",
            &written("<si/>"),
            &written(r#"<row r="250000000"><c r="A250000000"><v>1</v></c></row>"#),
            "a row beyond 1,048,576",
        ),
        (
            "column ZZZZZZ",
            &written("<si/>"),
            &written(r#"<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>"#),
            "a column beyond XFD",
        ),
    ];
    for (name, strings, cells, expected) in cases {
        workbook(&path, strings, cells);
        let mut command = offline();
        command.arg("clean").arg(&path);
        let ran = run(&mut within_memory(&command, MEMORY_MIB), b"");
        assert_eq!(ran.status, 2, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(expected), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("save the sheet as CSV"), "{name}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{name}");
    }
}

fn a_sheet_is_not_held_in_memory() {
    // As text 140 MiB: each cell has the longest text that there may be.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.xlsx");
    let text = format!("<si><t>{}</t></si>", "a".repeat(32_767));
    let row =
        r#"<row><c t="inlineStr"><is><t>joe@example.com</t></is></c><c t="s"><v>0</v></c></row>"#;
    workbook(&path, &written(&text), &repeated(row, 4_500));
    let mut command = offline();
    command.args(["clean", "--quiet", "--column", "1", "--header", "no", "-o"]);
    command.arg("/dev/null").arg(&path);
    let ran = run(&mut within_memory(&command, MEMORY_MIB), b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

fn gzip_is_unpacked_in_pieces() {
    // 64 MiB, in one line, and in as many files as there are bytes.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv.gz");
    let mut packed = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    packed.write_all(b"email\njoe@example.com\n").unwrap();
    io::copy(&mut io::repeat(b'a').take(64 << 20), &mut packed).unwrap();
    packed.finish().unwrap();
    let mut member = GzEncoder::new(Vec::new(), Compression::fast());
    member.write_all(b"\n").unwrap();
    let member = member.finish().unwrap();
    let many = folder.path().join("many.csv.gz");
    let mut file = BufWriter::new(File::create(&many).unwrap());
    let mut first = GzEncoder::new(Vec::new(), Compression::fast());
    first.write_all(b"email\njoe@example.com\n").unwrap();
    file.write_all(&first.finish().unwrap()).unwrap();
    (0..20_000).for_each(|_| file.write_all(&member).unwrap());
    drop(file);
    for (name, path) in [("one line", path), ("many members", many)] {
        let mut command = offline();
        command.args(["clean", "--quiet", "-o", "/dev/null"]).arg(&path);
        let ran = run(&mut within_memory(&command, MEMORY_MIB), b"");
        assert_eq!(ran.status, 0, "{name}: {}", ran.stderr);
    }
}

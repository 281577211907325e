//! Whatever bytes stand in place of a list: they are understood or not, never with a panic; what is read is
//! written again byte for byte, and with a column added every row is still there.

use mailvet::roster::{
    Cell, Encoding, Header, InputFormat, OutputFormat, OutputOptions, Plan, Preview, ReadOptions,
    Reader, Row, RowKind, RowPart, Writer,
};

pub(crate) fn check(bytes: &[u8]) {
    let [choice, list @ ..] = bytes else { return };
    let Ok(plan) = Plan::of(&Preview::read(list).expect("memory can be read"), &wish(*choice))
    else {
        return;
    };
    let mut reader = Reader::new(list, &plan).expect("memory can be read");
    let rows: Vec<Row> =
        std::iter::from_fn(|| reader.read_row().expect("memory can be read")).collect();
    let copy = written(&plan, &rows, OutputOptions::default());
    if plan.encoding().is_kept() {
        assert!(copy == list, "the copy differs");
    }
    let ends =
        rows.iter().filter(|row| row.kind() != RowKind::NonData && row.part() == RowPart::Last);
    let ends = ends.count();
    for format in [None, Some(OutputFormat::Csv), Some(OutputFormat::JsonLines)] {
        let fields = vec!["mailvet_verdict".to_owned()];
        let extended =
            written(&plan, &rows, OutputOptions { format, fields, ..OutputOptions::default() });
        if format == Some(OutputFormat::JsonLines)
            && rows.iter().all(|row| row.part() == RowPart::Last)
        {
            // A list that has JSON lines keeps its line endings, whatever they are.
            let text = extended.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&extended);
            let lines = text.split(|byte| matches!(byte, b'\n' | b'\r'));
            assert_eq!(
                lines.filter(|line| !line.trim_ascii().is_empty()).count(),
                ends,
                "a row is lost or made up"
            );
        }
    }
}

fn wish(choice: u8) -> ReadOptions {
    let format = InputFormat::ALL.get(usize::from(choice & 7)).copied();
    let header = [None, Some(Header::Present), Some(Header::Absent)];
    let is_cut = matches!(format, Some(InputFormat::Csv | InputFormat::Tsv));
    ReadOptions {
        format,
        header: header[usize::from(choice >> 3) % header.len()],
        encoding: (choice & 0x80 != 0).then_some(Encoding::Windows1252),
        columns: if is_cut { vec!["1".to_owned()] } else { Vec::new() },
        ..ReadOptions::default()
    }
}

fn written(plan: &Plan, rows: &[Row], output: OutputOptions) -> Vec<u8> {
    let adds = !output.fields.is_empty();
    let mut writer = Writer::new(Vec::new(), plan, output);
    writer.header().expect("memory can be written");
    for row in rows {
        let cells: &[Cell<'_>] = if adds { &[Cell::Text("=plausible, \"so\"")] } else { &[] };
        writer.row(row, cells).expect("memory can be written");
    }
    writer.into_inner()
}

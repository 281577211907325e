//! A list that is read and written in memory.

use mailvet::roster::{
    Cell, OutputFormat, OutputOptions, Plan, PlanError, Preview, ReadOptions, Reader, Row, RowKind,
    Writer,
};

/// A list and its rows as the reader understood them.
pub(crate) struct ParsedList {
    pub(crate) plan: Plan,
    pub(crate) rows: Vec<Row>,
}

impl ParsedList {
    pub(crate) fn read(bytes: &[u8], wish: &ReadOptions) -> Result<Self, PlanError> {
        let plan = Plan::of(&Preview::read(bytes).unwrap(), wish)?;
        let mut reader = Reader::new(bytes, &plan).unwrap();
        let rows = std::iter::from_fn(|| reader.read_row().unwrap()).collect();
        Ok(Self { plan, rows })
    }

    pub(crate) fn of(text: &str) -> Self {
        match Self::read(text.as_bytes(), &ReadOptions::default()) {
            Ok(list) => list,
            Err(error) => panic!("{error}: {text}"),
        }
    }

    /// Each row as its number and what was found in it: addresses, `-` where it has no data, `!` and the code of
    /// a fault.
    pub(crate) fn shown(&self) -> Vec<String> {
        let shown = |row: &Row| match row.kind() {
            RowKind::Entry => row.addresses().join(" | "),
            RowKind::NonData => "-".to_owned(),
            RowKind::Fault(fault) => format!("!{}", fault.code()),
        };
        self.rows.iter().map(|row| format!("{} {}", row.number(), shown(row))).collect()
    }

    /// The list written again with nothing added.
    pub(crate) fn copied(&self) -> Vec<u8> {
        self.written(OutputOptions::default())
    }

    /// The list with two columns added: a verdict, and reasons where a row cannot be read.
    pub(crate) fn judged(&self, format: Option<OutputFormat>) -> String {
        let fields = ["mailvet_verdict", "mailvet_reasons"].map(str::to_owned).to_vec();
        String::from_utf8(self.written(OutputOptions {
            format,
            fields,
            ..OutputOptions::default()
        }))
        .unwrap()
    }

    pub(crate) fn written(&self, output: OutputOptions) -> Vec<u8> {
        let adds = !output.fields.is_empty();
        let mut writer = Writer::new(Vec::new(), &self.plan, output);
        writer.header().unwrap();
        for row in &self.rows {
            let cells = match row.kind() {
                _ if !adds => vec![],
                RowKind::Entry | RowKind::NonData => vec![Cell::Text("fine"), Cell::Words("")],
                RowKind::Fault(fault) => vec![Cell::Text("unknown"), Cell::Words(fault.code())],
            };
            writer.row(row, &cells).unwrap();
        }
        writer.into_inner()
    }
}

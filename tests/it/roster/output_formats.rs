//! Lists written in another format than they were read in, and the columns that are added.

use mailvet::roster::{
    Cell, FormulaEscaping, InputFormat, OutputFormat, OutputOptions, Plan, Preview, ReadOptions,
    Reader, Writer,
};

use super::parsed_list::ParsedList;

#[test]
fn a_list_is_written_in_another_format() {
    let csv = "Id;Email;Name;Name;\n1;a@x.de;\"A; \"\"B\"\"\";x;y;more;and more\n\n2;b@x.de\n3;\"c@x.de\n";
    let names = "Kim Lee <a@x.de>\n\n# none\nb@x.de\n";
    let json = "{\"id\": 1, \"email\": \"a@x.de\", \"tags\": [\"x\", \"y\"]}\n{\"email\": \"=b@x.de\", \"id\": -1}\nnone\n";
    let cases = [
        (
            "CSV to TSV",
            csv,
            OutputFormat::Tsv,
            "Id\tEmail\tName\tName\t\tmailvet_verdict\tmailvet_reasons\n\
             1\ta@x.de\t\"A; \"\"B\"\"\"\tx\ty\tfine\t\tmore\tand more\n\
             2\tb@x.de\t\t\t\tfine\t\n\
             \"3;\"\"c@x.de\"\t\t\t\t\tunknown\trow_broken_quotes\n",
        ),
        (
            "CSV to JSON lines",
            csv,
            OutputFormat::JsonLines,
            "{\"Id\":\"1\",\"Email\":\"a@x.de\",\"Name\":\"A; \\\"B\\\"\",\"Name_2\":\"x\",\"column_5\":\"y\",\"column_6\":\"more\",\"column_7\":\"and more\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
             {\"Id\":\"2\",\"Email\":\"b@x.de\",\"Name\":\"\",\"Name_2\":\"\",\"column_5\":\"\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
             {\"mailvet_input\":\"3;\\\"c@x.de\",\"mailvet_verdict\":\"unknown\",\"mailvet_reasons\":[\"row_broken_quotes\"]}\n",
        ),
        ("CSV to lines", csv, OutputFormat::Lines, "a@x.de\nb@x.de\n3;\"c@x.de\n"),
        (
            "CSV stays as it is",
            csv,
            OutputFormat::Csv,
            "Id;Email;Name;Name;;mailvet_verdict;mailvet_reasons\n\
             1;a@x.de;\"A; \"\"B\"\"\";x;y;fine;;more;and more\n\n2;b@x.de;;;;fine;\n3;\"c@x.de;;;;unknown;row_broken_quotes\n",
        ),
        (
            "a roster to columns",
            names,
            OutputFormat::Csv,
            "member,mailvet_verdict,mailvet_reasons\nKim Lee <a@x.de>,fine,\nb@x.de,fine,\n",
        ),
        ("a roster to lines", names, OutputFormat::Lines, "a@x.de\nb@x.de\n"),
        (
            "a roster to JSON lines",
            names,
            OutputFormat::JsonLines,
            "{\"member\":\"Kim Lee <a@x.de>\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
             {\"member\":\"b@x.de\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n",
        ),
        (
            "JSON lines to columns",
            json,
            OutputFormat::Csv,
            "id,email,tags,more,mailvet_verdict,mailvet_reasons\n\
             1,a@x.de,\"[\"\"x\"\", \"\"y\"\"]\",,fine,\n'-1,=b@x.de,,,fine,\nnone,,,,unknown,row_not_json\n",
        ),
        (
            "lines are an address each",
            "Email\r\na@x.de, b@x.de\r\n\r\n# none\r\nb",
            OutputFormat::Lines,
            "a@x.de\nb\n",
        ),
    ];
    for (name, text, target, expected) in cases {
        assert_eq!(ParsedList::of(text).judged(Some(target)), expected, "{name}");
    }
}

#[test]
fn lines_hold_the_address_that_counts() {
    let cases = [
        ("several", "Id,Email\n1,\"a@x.de, b@x.de\"\n", "b@x.de", "b@x.de\n"),
        ("what is pasted around it", "Kim <a@x.de>\n", "a@x.de", "a@x.de\n"),
        ("a line", "mailto:a@x.de\n", "a@x.de", "a@x.de\n"),
        ("a line break", "a@x.de\n", "\"a\r\nb\"@x.de", "\"a  b\"@x.de\n"),
        ("no address", "Id,Email\n1,\n2,a@x.de\n", "", ""),
        ("what cannot be read", "Id,Email\n1,\"a@x.de\n", "b@x.de", "1,\"a@x.de\n"),
    ];
    for (name, text, address, expected) in cases {
        let list = ParsedList::of(text);
        let fields = vec!["mailvet_verdict".to_owned()];
        let output =
            OutputOptions { format: Some(OutputFormat::Lines), fields, ..OutputOptions::default() };
        let mut writer = Writer::new(Vec::new(), &list.plan, output);
        writer.header().unwrap();
        writer.row_of(&list.rows[0], address, &[Cell::Text("fine")]).unwrap();
        assert_eq!(String::from_utf8(writer.into_inner()).unwrap(), expected, "{name}");
    }
    let lines = "a@x.de\r\n\r\n# none\r\nMAILTO:b@x.de";
    let as_read = OutputOptions { format: Some(OutputFormat::Lines), ..OutputOptions::default() };
    assert_eq!(ParsedList::of(lines).written(as_read), lines.as_bytes(), "nothing is to be added");
}

#[test]
fn members_that_come_late_are_not_lost() {
    let head = "{\"email\": \"a@x.de\"}\n".repeat(600);
    let list =
        ParsedList::of(&format!("{head}{{\"x\": 1, \"email\": \"b@x.de\", \"y\": \"z\"}}\n"));
    let written = list.judged(Some(OutputFormat::Csv));
    let last = written.lines().last().unwrap();
    assert_eq!(last, "b@x.de,\"{\"\"x\"\": 1, \"\"y\"\": \"\"z\"\"}\",fine,");
}

#[test]
fn formulas_of_ours_are_defused() {
    let texts = ["=1", "+1", "-1", "@a", "\tx", "\r=", "＝1", "a=1", "", "'=1", "x;\"y\"", " =1"];
    let defused = [
        "'=1",
        "'+1",
        "'-1",
        "'@a",
        "'\tx",
        "\"'\r=\"",
        "'＝1",
        "a=1",
        "",
        "'=1",
        "\"x;\"\"y\"\"\"",
        " =1",
    ];
    let raw = [
        "=1",
        "+1",
        "-1",
        "@a",
        "\tx",
        "\"\r=\"",
        "＝1",
        "a=1",
        "",
        "'=1",
        "\"x;\"\"y\"\"\"",
        " =1",
    ];
    let list = "E-mail;Sum\na@x.de;=1\n";
    for (formulas, expected) in [(FormulaEscaping::On, defused), (FormulaEscaping::Raw, raw)] {
        let plan =
            Plan::of(&Preview::read(list.as_bytes()).unwrap(), &ReadOptions::default()).unwrap();
        let row = Reader::new(list.as_bytes(), &plan).unwrap().read_row().unwrap().unwrap();
        for (text, expected) in texts.into_iter().zip(expected) {
            let output = OutputOptions {
                fields: vec!["mailvet_a".to_owned()],
                formulas,
                ..OutputOptions::default()
            };
            let mut writer = Writer::new(Vec::new(), &plan, output);
            writer.row(&row, &[Cell::Text(text)]).unwrap();
            let written = String::from_utf8(writer.into_inner()).unwrap();
            // What was there is not ours to change.
            assert_eq!(written, format!("a@x.de;=1;{expected}\n"), "{formulas:?} {text:?}");
        }
    }
}

#[test]
fn cells_have_a_form_of_their_own_in_json() {
    let list = "{\"email\": \"a@x.de\"}";
    let plan = Plan::of(&Preview::read(list.as_bytes()).unwrap(), &ReadOptions::default()).unwrap();
    let row = Reader::new(list.as_bytes(), &plan).unwrap().read_row().unwrap().unwrap();
    let fields = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
    let mut writer =
        Writer::new(Vec::new(), &plan, OutputOptions { fields, ..OutputOptions::default() });
    let cells = [
        Cell::Empty,
        Cell::Text("=\"\n"),
        Cell::Words("x y"),
        Cell::Number(7),
        Cell::Json("{\"x\": 1}"),
    ];
    writer.row(&row, &cells).unwrap();
    let written = String::from_utf8(writer.into_inner()).unwrap();
    let expected = "{\"email\": \"a@x.de\",\"a\":null,\"b\":\"=\\\"\\n\",\"c\":[\"x\",\"y\"],\"d\":7,\"e\":{\"x\": 1}}";
    assert_eq!(written, expected);
}

#[test]
fn a_row_says_what_an_earlier_run_wrote() {
    let csv = "Email,mailvet_verdict,mailvet_message\na@x.de,risky,\"So, \"\"so\"\"\"\nb@x.de\n";
    let json = "{\"email\": \"a@x.de\", \"mailvet_verdict\": \"risky\", \"mailvet_message\": \"So, \\\"so\\\"\"}\n{\"email\": \"b@x.de\"}\n";
    for (name, text) in [("CSV", csv), ("JSON", json)] {
        let list = ParsedList::of(text);
        let of = |row: usize, column| {
            list.plan.text_in(&list.rows[row], column).map(std::borrow::Cow::into_owned)
        };
        assert_eq!(of(0, "mailvet_verdict").as_deref(), Some("risky"), "{name}");
        assert_eq!(of(0, "mailvet_message").as_deref(), Some("So, \"so\""), "{name}");
        assert_eq!(of(1, "mailvet_verdict"), None, "{name}");
        assert_eq!(of(0, "mailvet_depth"), None, "{name}");
    }
}

#[test]
fn formats_have_names() {
    for format in InputFormat::ALL {
        assert_eq!(format.code().parse(), Ok(format));
    }
    for target in OutputFormat::ALL {
        assert_eq!(target.code().parse(), Ok(target));
    }
    let error = "xml".parse::<InputFormat>().unwrap_err().to_string();
    assert!(InputFormat::ALL.into_iter().all(|format| error.contains(format.code())), "{error}");
    let error = "xml".parse::<OutputFormat>().unwrap_err().to_string();
    assert!(OutputFormat::ALL.into_iter().all(|target| error.contains(target.code())), "{error}");
}

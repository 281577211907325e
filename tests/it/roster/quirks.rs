//! Quirks of the bytes of real files: what is read from them, and what is written.
//!
//! To add a quirk: one row here, and the length of the array.

use super::parsed_list::ParsedList;

struct Quirk {
    name: &'static str,
    /// The file. It is also what is written when no column is added.
    text: &'static str,
    /// Each row as its line number and its addresses (` | ` between them), `-` where the row has no data, `!code`
    /// where it has a fault.
    rows: &'static [&'static str],
    /// The output when every entry is judged `fine`. A row with a fault is `unknown`.
    judged: &'static str,
}

const QUIRKS: [Quirk; 33] = [
    Quirk {
        name: "line endings of every kind",
        text: "Email,Name\r\na@x.de,A\nb@x.de,B\rc@x.de,C",
        rows: &["2 a@x.de", "3 b@x.de", "4 c@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\r\na@x.de,A,fine,\nb@x.de,B,fine,\rc@x.de,C,fine,",
    },
    Quirk {
        name: "an old Mac",
        text: "Email,Name\ra@x.de,A\r",
        rows: &["2 a@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\ra@x.de,A,fine,\r",
    },
    Quirk {
        name: "carriage returns doubled on the way",
        text: "Email,Name\r\r\na@x.de,A\r\r\n",
        rows: &["2 -", "3 a@x.de", "4 -"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\r\r\na@x.de,A,fine,\r\r\n",
    },
    Quirk {
        name: "line breaks in quotes",
        text: "Email,Note\na@x.de,\"one\r\ntwo\n\"\nb@x.de,\"\"\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email,Note,mailvet_verdict,mailvet_reasons\na@x.de,\"one\r\ntwo\n\",fine,\nb@x.de,\"\",fine,\n",
    },
    Quirk {
        name: "quotes within a bare cell",
        text: "Email,Size\na@x.de,5\" pipe\nb@x.de,a \"b\" c\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email,Size,mailvet_verdict,mailvet_reasons\na@x.de,5\" pipe,fine,\nb@x.de,a \"b\" c,fine,\n",
    },
    Quirk {
        name: "quotes within quotes that are not doubled",
        text: "Name,Email\n\"Joe \"The Man\" Roe\",a@x.de\n",
        rows: &["2 a@x.de"],
        judged: "Name,Email,mailvet_verdict,mailvet_reasons\n\"Joe \"The Man\" Roe\",a@x.de,fine,\n",
    },
    Quirk {
        name: "blanks behind quotes",
        text: "Name,Email\n\"Roe, Joe\" ,\"a@x.de\"  \n",
        rows: &["2 a@x.de"],
        judged: "Name,Email,mailvet_verdict,mailvet_reasons\n\"Roe, Joe\" ,\"a@x.de\"  ,fine,\n",
    },
    Quirk {
        name: "quotes that are never closed do not swallow what follows",
        text: "Id,Email,Name\n1,\"a@x.de,A\n2,\"b@x.de\",B\n3,c@x.de,C\n",
        rows: &["2 !row_broken_quotes", "3 b@x.de", "4 c@x.de"],
        judged: "Id,Email,Name,mailvet_verdict,mailvet_reasons\n1,\"a@x.de,A,unknown,row_broken_quotes\n2,\"b@x.de\",B,fine,\n3,c@x.de,C,fine,\n",
    },
    Quirk {
        name: "quotes that are never closed, and no others",
        text: "Email,Name\na@x.de,\"A\nb@x.de,B\n",
        rows: &["2 !row_broken_quotes", "3 b@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\na@x.de,\"A,unknown,row_broken_quotes\nb@x.de,B,fine,\n",
    },
    Quirk {
        name: "short rows",
        text: "Email,Name,Town\na@x.de\nb@x.de,B\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email,Name,Town,mailvet_verdict,mailvet_reasons\na@x.de,,,fine,\nb@x.de,B,,fine,\n",
    },
    Quirk {
        name: "a row that ends before its address",
        text: "Name,Email\nA,a@x.de\nB\n",
        rows: &["2 a@x.de", "3 "],
        judged: "Name,Email,mailvet_verdict,mailvet_reasons\nA,a@x.de,fine,\nB,,fine,\n",
    },
    Quirk {
        name: "long rows keep the columns in line",
        text: "Email,Name\na@x.de,A,,\nb@x.de,Roe, B\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\na@x.de,A,fine,,,\nb@x.de,Roe,fine,, B\n",
    },
    Quirk {
        name: "a comma too many before the address",
        text: "Name,Email\nA,a@x.de\nRoe, B,b@x.de\n",
        rows: &["2 a@x.de", "3 !row_shifted"],
        judged: "Name,Email,mailvet_verdict,mailvet_reasons\nA,a@x.de,fine,\nRoe, B,unknown,row_shifted,b@x.de\n",
    },
    Quirk {
        name: "blank rows",
        text: "Email,Name\n\n,\n\"\",\" \"\na@x.de,A\n  \n",
        rows: &["2 -", "3 -", "4 -", "5 a@x.de", "6 -"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\n\n,\n\"\",\" \"\na@x.de,A,fine,\n  \n",
    },
    Quirk {
        name: "blank lines above the header",
        text: "\n\r\nEmail,Name\na@x.de,A\n",
        rows: &["4 a@x.de"],
        judged: "\n\r\nEmail,Name,mailvet_verdict,mailvet_reasons\na@x.de,A,fine,\n",
    },
    Quirk {
        name: "marks that only look like comments",
        text: "#,Email\n#1,a@x.de\n# 2,b@x.de\n# the end\n",
        rows: &["2 a@x.de", "3 b@x.de", "4 -"],
        judged: "#,Email,mailvet_verdict,mailvet_reasons\n#1,a@x.de,fine,\n# 2,b@x.de,fine,\n# the end\n",
    },
    Quirk {
        name: "an empty address",
        text: "Email,Name\n,A\n\"  \",B\n",
        rows: &["2 ", "3 "],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\n,A,fine,\n\"  \",B,fine,\n",
    },
    Quirk {
        name: "several addresses in a cell",
        text: "Email,Name\n\"a@x.de; b@x.de\",A\n\"c@x.de,\nd@x.de\",C\nJoe <e@x.de>,E\n",
        rows: &["2 a@x.de | b@x.de", "3 c@x.de | d@x.de", "4 Joe <e@x.de>"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\n\"a@x.de; b@x.de\",A,fine,\n\"c@x.de,\nd@x.de\",C,fine,\nJoe <e@x.de>,E,fine,\n",
    },
    Quirk {
        name: "zeros",
        text: "Email,Name\na@x.de,A\0B\nb\0@x.de,\n",
        rows: &["2 a@x.de", "3 b\0@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\na@x.de,A\0B,fine,\nb\0@x.de,,fine,\n",
    },
    Quirk {
        name: "names twice and none",
        text: "Email,Name,Name,\na@x.de,A,B,C\n",
        rows: &["2 a@x.de"],
        judged: "Email,Name,Name,,mailvet_verdict,mailvet_reasons\na@x.de,A,B,C,fine,\n",
    },
    Quirk {
        name: "columns of an earlier run are replaced",
        text: "mailvet_depth,Email,mailvet_verdict,Name,mailvet_reasons\ndomain,a@x.de,risky,\"A, A\",x y\nnone,b@x.de\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email,Name,mailvet_verdict,mailvet_reasons\na@x.de,\"A, A\",fine,\nb@x.de,,fine,\n",
    },
    Quirk {
        name: "Excel's own line",
        text: "SEP=|\nEmail|Name\na@x.de|A, B; C\n",
        rows: &["2 a@x.de"],
        judged: "SEP=|\nEmail|Name|mailvet_verdict|mailvet_reasons\na@x.de|A, B; C|fine|\n",
    },
    Quirk {
        name: "a delimiter within quotes",
        text: "Email;Name\n\"a@x.de\";\"A;B\"\n\"b@x.de\";\"C,D,E\"\n",
        rows: &["2 a@x.de", "3 b@x.de"],
        judged: "Email;Name;mailvet_verdict;mailvet_reasons\n\"a@x.de\";\"A;B\";fine;\n\"b@x.de\";\"C,D,E\";fine;\n",
    },
    Quirk {
        name: "no header",
        text: "A,a@x.de\nB,b@x.de",
        rows: &["1 a@x.de", "2 b@x.de"],
        judged: "A,a@x.de,fine,\nB,b@x.de,fine,",
    },
    Quirk {
        name: "one column in quotes",
        text: "\"Email\"\n\"a@x.de\"\n\"b@x.de,c@x.de\"\n",
        rows: &["2 a@x.de", "3 b@x.de | c@x.de"],
        judged: "\"Email\",mailvet_verdict,mailvet_reasons\n\"a@x.de\",fine,\n\"b@x.de,c@x.de\",fine,\n",
    },
    Quirk {
        name: "lines become columns",
        text: "a@x.de\n\n# none\n=b@x.de\n\"c, d\"@x.de",
        rows: &["1 a@x.de", "2 -", "3 -", "4 =b@x.de", "5 \"c, d\"@x.de"],
        judged: "email,mailvet_verdict,mailvet_reasons\na@x.de,fine,\n=b@x.de,fine,\n\"\"\"c, d\"\"@x.de\",fine,\n",
    },
    Quirk {
        name: "an apostrophe that a spreadsheet has put there",
        text: "Email,Sum\n'-a@x.de,'=1\n'b@x.de,\n",
        rows: &["2 -a@x.de", "3 'b@x.de"],
        judged: "Email,Sum,mailvet_verdict,mailvet_reasons\n'-a@x.de,'=1,fine,\n'b@x.de,,fine,\n",
    },
    Quirk {
        name: "JSON lines",
        text: "{\"email\": \"a@x.de\", \"n\": 1.50 }\r\n\n{ }\n{\"email\": null}\n{\"email\": \"b@x\n[1]\n{\"email\":\"\\u0062@x.de\"}",
        rows: &["1 a@x.de", "2 -", "3 ", "4 ", "5 !row_not_json", "6 !row_not_json", "7 b@x.de"],
        judged: "{\"email\": \"a@x.de\", \"n\": 1.50 ,\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\r\n\n\
                 { \"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
                 {\"email\": null,\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
                 {\"mailvet_input\":\"{\\\"email\\\": \\\"b@x\",\"mailvet_verdict\":\"unknown\",\"mailvet_reasons\":[\"row_not_json\"]}\n\
                 {\"mailvet_input\":\"[1]\",\"mailvet_verdict\":\"unknown\",\"mailvet_reasons\":[\"row_not_json\"]}\n\
                 {\"email\":\"\\u0062@x.de\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}",
    },
    Quirk {
        name: "half an emoji in JSON",
        text: r#"{"email": "a\ud83d@x.de"}
{"email": ["b@x.de", "c\ude00@x.de"], "\ud83d": 1}
"#,
        rows: &["1 a\u{fffd}@x.de", "2 b@x.de | c\u{fffd}@x.de"],
        judged: r#"{"email": "a\ud83d@x.de","mailvet_verdict":"fine","mailvet_reasons":[]}
{"email": ["b@x.de", "c\ude00@x.de"], "\ud83d": 1,"mailvet_verdict":"fine","mailvet_reasons":[]}
"#,
    },
    Quirk {
        name: "JSON of an earlier run",
        text: "{\"mailvet_verdict\": 1, \"email\": \"a@x.de\", \"mailvet_x\": {\"a\": [\"}\"]}, \"b\": 2}\n{\"mailvet_verdict\": 1}\n",
        rows: &["1 a@x.de", "2 "],
        judged: "{\"email\": \"a@x.de\", \"b\": 2,\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
                 {\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n",
    },
    Quirk {
        name: "an array over many lines",
        text: "[\n  {\n    \"email\": \"a@x.de\",\n    \"n\": \"b  c\"\n  },\n  7,\n  {\"email\": \"b@x.de\"}\n]\n",
        rows: &["1 a@x.de", "2 !row_not_json", "3 b@x.de", "4 -"],
        judged: "{\"email\": \"a@x.de\",\"n\": \"b  c\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n\
                 {\"mailvet_input\":\"7\",\"mailvet_verdict\":\"unknown\",\"mailvet_reasons\":[\"row_not_json\"]}\n\
                 {\"email\": \"b@x.de\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n",
    },
    Quirk {
        name: "one object over many lines",
        text: "{\n  \"email\": \"a@x.de\"\n}\n",
        rows: &["1 a@x.de", "2 -"],
        judged: "{\"email\": \"a@x.de\",\"mailvet_verdict\":\"fine\",\"mailvet_reasons\":[]}\n",
    },
    Quirk {
        name: "a roster with a remark",
        text: "Email: a@x.de\n    List: ant.x.de\nb@x.de (B, C)\n",
        rows: &["1 a@x.de", "2 -", "3 b@x.de"],
        judged: "member,mailvet_verdict,mailvet_reasons\nEmail: a@x.de,fine,\n\"b@x.de (B, C)\",fine,\n",
    },
];

#[test]
fn every_quirk_is_read_and_written() {
    for quirk in QUIRKS {
        let list = ParsedList::of(quirk.text);
        assert_eq!(list.shown(), quirk.rows, "{}", quirk.name);
        assert_eq!(list.judged(None), quirk.judged, "{}", quirk.name);
        assert_eq!(list.copied(), quirk.text.as_bytes(), "{}", quirk.name);
    }
}

#[test]
fn notes_for_the_user() {
    let cases: [(&str, &str, &[&str]); 6] = [
        ("nothing", "Email,Name\na@x.de,A\n", &[]),
        ("Excel's line", "sep=;\nEmail;Name\na@x.de;A\n", &["separated by semicolons"]),
        ("names", "Email,Name,Name\na@x.de,A,B\n", &["the same name: \"Name\""]),
        (
            "a column",
            "Email,mailvet_verdict\na@x.de,A\n",
            &["a column of an earlier run is replaced"],
        ),
        (
            "columns",
            "{\"email\": \"a@x.de\", \"mailvet_a\": 1, \"mailvet_b\": 2}\n",
            &["2 columns of an earlier run are replaced"],
        ),
        ("no header", "A,a@x.de\nB,b@x.de\n", &["no header"]),
    ];
    for (name, text, expected) in cases {
        let notes: Vec<String> =
            ParsedList::of(text).plan.notes().iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), expected.len(), "{name}: {notes:?}");
        for (note, expected) in notes.iter().zip(expected) {
            assert!(note.contains(expected), "{name}: {note}");
        }
    }
}

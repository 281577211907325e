//! Lists whose owner has to say more.

use mailvet::roster::{Header, ReadOptions};

use super::parsed_list::ParsedList;

fn wish(columns: &[&str]) -> ReadOptions {
    ReadOptions {
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        ..ReadOptions::default()
    }
}

#[test]
fn what_is_ambiguous_is_asked() {
    let two = "Name,Email,Email 2\nKim,kim@example.com,k@example.org\n";
    let same = "Email,Name,Email\nkim@example.com,Kim,k@example.org\n";
    let cases: [(&str, &str, &[&str], &str); 15] = [
        ("nothing", "", &[], "the list is empty"),
        ("blank lines", "\n \r\n", &[], "the list is empty"),
        (
            "two columns",
            two,
            &[],
            "choose with --column, once for each that counts: 2 \"Email\", 3 \"Email 2\"",
        ),
        (
            "work and home",
            "Work mail,Home mail\na@x.de,b@x.de\n",
            &[],
            "choose with --column, once for each that counts: 1 \"Work mail\", 2 \"Home mail\"",
        ),
        ("the same name twice", same, &[], ": 1 \"Email\", 3 \"Email\""),
        ("the same name twice, chosen by it", same, &["Email"], ": 1 \"Email\", 3 \"Email\""),
        (
            "two by content, without names",
            "1,a@x.de,b@y.de\n2,c@x.de,d@y.de\n",
            &[],
            "choose with --column, once for each that counts: 2, 3",
        ),
        (
            "no addresses",
            "Nom;Ville\nLee;Lyon\n",
            &[],
            "name one with --column: 1 \"Nom\", 2 \"Ville\"",
        ),
        (
            "a header alone that says nothing",
            "Nom;Ville\n",
            &[],
            "name one with --column: 1 \"Nom\", 2 \"Ville\"",
        ),
        ("numbers alone", "1;2\n3;4\n", &[], "name one with --column: 1, 2"),
        ("no such name", two, &["Mail"], "no column \"Mail\"; the list has these: 1 \"Name\", 2"),
        ("no such number", two, &["4"], "there is no column \"4\""),
        (
            "no such column of a roster",
            "A B <a@x.de>\n",
            &["Email"],
            "no column \"Email\"; the list has no header, so name it by its number: 1",
        ),
        ("number nought", two, &["0"], "there is no column \"0\""),
        ("JSON without", "{\"name\": \"Kim\"}\n", &[], "name one with --column: 1 \"name\""),
    ];
    for (name, text, columns, expected) in cases {
        let Err(error) = ParsedList::read(text.as_bytes(), &wish(columns)) else {
            panic!("{name} passes")
        };
        let error = error.to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
}

#[test]
fn what_the_owner_says_counts() {
    let two = "Name,Email,Email 2\nKim,kim@example.com,k@example.org\n";
    let years = "2023,2024\na@x.de,b@x.de\n";
    let cases: [(&str, &str, ReadOptions, &[&str]); 10] = [
        ("by name", two, wish(&["Email 2"]), &["2 k@example.org"]),
        ("by a name written differently", two, wish(&["e-mail_2"]), &["2 k@example.org"]),
        ("by number", two, wish(&["3"]), &["2 k@example.org"]),
        ("both", two, wish(&["2", "Email 2"]), &["2 kim@example.com | k@example.org"]),
        (
            "a name that is a number",
            years,
            ReadOptions { header: Some(Header::Present), ..wish(&["2023"]) },
            &["2 a@x.de"],
        ),
        (
            "no header",
            two,
            ReadOptions { header: Some(Header::Absent), ..wish(&["2"]) },
            &["1 Email", "2 kim@example.com"],
        ),
        (
            "one of two without names",
            "a@x.de;b@y.de\nc@x.de;d@y.de\n",
            wish(&["2"]),
            &["1 b@y.de", "2 d@y.de"],
        ),
        ("the only one", "E-mail\na@x.de\n", wish(&["email"]), &["2 a@x.de"]),
        ("the only line of a roster", "A B <a@x.de>\n", wish(&["1"]), &["1 a@x.de"]),
        ("a column without any", two, wish(&["Name"]), &["2 Kim"]),
    ];
    for (name, text, wish, expected) in cases {
        let list = ParsedList::read(text.as_bytes(), &wish)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(list.shown(), expected, "{name}");
    }
}

#[test]
fn a_list_without_entries_is_a_list() {
    let cases = [
        ("a header alone", "Email,Name\n"),
        ("a header alone without an end", "Name;Email"),
        ("a header of one column", "Email\r\n"),
        ("an empty array", "[]"),
        (
            "a roster without members",
            "{\"start\": 0, \"total_size\": 0, \"http_etag\": \"\\\"a\\\"\"}",
        ),
    ];
    for (name, text) in cases {
        let list = ParsedList::of(text);
        assert!(list.rows.iter().all(|row| row.addresses().is_empty()), "{name}");
        assert_eq!(list.copied(), text.as_bytes(), "{name}");
    }
    assert_eq!(
        ParsedList::of("Name;Email").judged(None),
        "Name;Email;mailvet_verdict;mailvet_reasons"
    );
}

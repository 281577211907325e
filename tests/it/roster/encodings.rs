//! Lists that are not UTF-8, or only nearly so.

use mailvet::roster::{Encoding, Note, ReadOptions, Row};

use super::parsed_list::ParsedList;

/// A list in this encoding, without a mark.
fn encoded(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Bom => text.as_bytes().to_vec(),
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Windows1252 => text
            .chars()
            .map(|c| u8::try_from(c).unwrap_or(if c == '€' { 0x80 } else { b'?' }))
            .collect(),
    }
}

#[test]
fn encodings_are_found_out() {
    let text = "Prénom;E-mail\r\nZoë €;zoe@example.org\r\nKim;kim@example.org\r\n";
    let marked = format!("\u{feff}{text}");
    let plain = "Name;E-mail\nKim;kim@example.org\n";
    let cases = [
        ("UTF-8", encoded(text, Encoding::Utf8), Encoding::Utf8, vec![], text),
        ("UTF-8 with a mark", encoded(&marked, Encoding::Utf8), Encoding::Utf8Bom, vec![], &marked),
        (
            "UTF-16",
            encoded(&marked, Encoding::Utf16Le),
            Encoding::Utf16Le,
            vec![Note::WrittenAsUtf8(Encoding::Utf16Le)],
            &marked,
        ),
        (
            "UTF-16, the other way round",
            encoded(&marked, Encoding::Utf16Be),
            Encoding::Utf16Be,
            vec![Note::WrittenAsUtf8(Encoding::Utf16Be)],
            &marked,
        ),
        (
            "UTF-16 without a mark",
            encoded(text, Encoding::Utf16Le),
            Encoding::Utf16Le,
            vec![Note::EncodingAssumed(Encoding::Utf16Le), Note::WrittenAsUtf8(Encoding::Utf16Le)],
            &marked,
        ),
        (
            "Windows-1252",
            encoded(text, Encoding::Windows1252),
            Encoding::Windows1252,
            vec![
                Note::EncodingAssumed(Encoding::Windows1252),
                Note::WrittenAsUtf8(Encoding::Windows1252),
            ],
            &marked,
        ),
        ("ASCII", plain.as_bytes().to_vec(), Encoding::Utf8, vec![], plain),
    ];
    for (name, bytes, encoding, notes, copied) in cases {
        let list = ParsedList::read(&bytes, &ReadOptions::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(list.plan.encoding(), encoding, "{name}");
        assert_eq!(list.plan.notes(), notes, "{name}");
        assert_eq!(
            list.rows.iter().flat_map(Row::addresses).last().unwrap(),
            "kim@example.org",
            "{name}"
        );
        assert_eq!(String::from_utf8(list.copied()).unwrap(), copied, "{name}");
    }
}

#[test]
fn the_owner_knows_better() {
    let bytes = encoded("Name;E-mail\nZoë;zoë@example.org\n", Encoding::Utf8);
    let wish = ReadOptions { encoding: Some(Encoding::Windows1252), ..ReadOptions::default() };
    let list = ParsedList::read(&bytes, &wish).unwrap();
    assert_eq!(list.shown(), ["2 zoÃ«@example.org"]);
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    // An export in UTF-8 into which rows in another encoding were pasted.
    let bytes = [
        "E-mail;Name\nzoe@example.org;Zoë Müller\n".as_bytes(),
        b"kim@example.org;Zo\xeb\n",
        b"zo\xeb@example.org;Zoe\n",
    ]
    .concat();
    let list = ParsedList::read(&bytes, &ReadOptions::default()).unwrap();
    assert_eq!(list.plan.notes(), [Note::NotAllUtf8]);
    assert_eq!(list.shown(), ["2 zoe@example.org", "3 kim@example.org", "4 !row_not_utf8"]);
    assert_eq!(list.copied(), bytes);

    let lines = [b"a@x.de\n\xfc@x.de\n".as_slice(), "ü@x.de\né@x.de\n".as_bytes()].concat();
    let list = ParsedList::read(&lines, &ReadOptions::default()).unwrap();
    assert_eq!(list.shown(), ["1 a@x.de", "2 !row_not_utf8", "3 ü@x.de", "4 é@x.de"]);
}

#[test]
fn encodings_have_names() {
    for encoding in Encoding::ALL {
        assert_eq!(encoding.code().parse(), Ok(encoding));
        assert_eq!(encoding.code().to_uppercase().parse(), Ok(encoding));
    }
    let cases = [
        ("utf8", Encoding::Utf8),
        ("cp1252", Encoding::Windows1252),
        ("ISO-8859-1", Encoding::Windows1252),
    ];
    for (name, encoding) in cases {
        assert_eq!(name.parse(), Ok(encoding), "{name}");
    }
    let error = "ebcdic".parse::<Encoding>().unwrap_err().to_string();
    assert!(Encoding::ALL.into_iter().all(|encoding| error.contains(encoding.code())), "{error}");
}

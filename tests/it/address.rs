//! The syntax vectors, and what holds for every code and type of `address/`.

use std::collections::{BTreeMap, BTreeSet};

use mailvet::address::{
    Address, Domain, Host, Quoting, SingleLabels, SyntaxCode, SyntaxError, and_parents,
};

const VECTORS: &str = include_str!("../vectors/syntax.tsv");

/// One row of the vectors, its notation resolved.
struct Case {
    name: String,
    input: String,
    expected: Expected,
}

#[derive(Debug, PartialEq)]
enum Expected {
    Pass { normalized: String, ascii: Option<String>, local: String, quoting: String },
    Fail { code: String, at: usize },
}

impl Expected {
    fn of(parsed: Result<Address, SyntaxError>) -> Self {
        match parsed {
            Ok(address) => Self::Pass {
                normalized: address.normalized(),
                ascii: address.ascii(),
                local: address.local().as_str().to_owned(),
                quoting: match address.local().quoting() {
                    Quoting::Bare => "bare".to_owned(),
                    Quoting::Quoted => "quoted".to_owned(),
                },
            },
            Err(SyntaxError { code, at }) => Self::Fail { code: code.code().to_owned(), at },
        }
    }
}

fn cases() -> Vec<Case> {
    VECTORS
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(index, line)| case(line).unwrap_or_else(|why| panic!("line {}: {why}", index + 1)))
        .collect()
}

fn case(line: &str) -> Result<Case, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let (name, input, expected) = match columns[..] {
        [name, input, "pass", normalized, ascii, local, quoting] => {
            let ascii = (ascii != "-").then(|| resolve(ascii)).transpose()?;
            let (normalized, local) = (resolve(normalized)?, resolve(local)?);
            let quoting = quoting.to_owned();
            (name, input, Expected::Pass { normalized, ascii, local, quoting })
        }
        [name, input, code, at] => {
            let at = at.parse().map_err(|_| format!("{at} is no offset"))?;
            (name, input, Expected::Fail { code: code.to_owned(), at })
        }
        _ => return Err(format!("{} columns", columns.len())),
    };
    Ok(Case { name: name.to_owned(), input: resolve(input)?, expected })
}

/// Resolves the notation that the header of the vectors describes.
fn resolve(text: &str) -> Result<String, String> {
    let (resolved, rest) = resolve_until(text, None)?;
    if rest.is_empty() { Ok(resolved) } else { Err(format!("left over: {rest}")) }
}

/// Resolves up to `end`, and returns what follows it.
fn resolve_until(text: &str, end: Option<char>) -> Result<(String, &str), String> {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            _ if Some(c) == end => return Ok((resolved, rest)),
            '\\' => {
                let (escaped, after) = escape(rest)?;
                resolved.push(escaped);
                rest = after;
            }
            '{' => {
                let (repeated, after) = resolve_until(rest, Some('*'))?;
                let (times, after) = after.split_once('}').ok_or("a brace is not closed")?;
                let times = times.parse().map_err(|_| format!("{times} is no number"))?;
                resolved.push_str(&repeated.repeat(times));
                rest = after;
            }
            '}' => return Err("a brace that closes nothing".to_owned()),
            _ => resolved.push(c),
        }
    }
    if end.is_some() { Err("a brace is not closed".to_owned()) } else { Ok((resolved, rest)) }
}

/// The character behind a backslash, and what follows it.
fn escape(text: &str) -> Result<(char, &str), String> {
    if let Some(hex) = text.strip_prefix("u{") {
        let (hex, rest) = hex.split_once('}').ok_or("an escape is not closed")?;
        let code_point = u32::from_str_radix(hex, 16).ok().and_then(char::from_u32);
        return Ok((code_point.ok_or_else(|| format!("{hex} is no code point"))?, rest));
    }
    let mut chars = text.chars();
    let escaped = match chars.next() {
        Some('t') => '\t',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('0') => '\0',
        Some('\\') => '\\',
        _ => return Err("an unknown escape".to_owned()),
    };
    Ok((escaped, chars.as_str()))
}

#[test]
fn vectors() {
    let failures: Vec<String> = cases()
        .into_iter()
        .filter_map(|case| {
            let found = Expected::of(case.input.parse());
            (found != case.expected).then(|| {
                format!("{}\n  expected {:?}\n  found    {found:?}", case.name, case.expected)
            })
        })
        .collect();
    assert!(failures.is_empty(), "{} rows differ:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn vectors_are_named_once() {
    let mut seen = BTreeSet::new();
    let again: Vec<String> = cases()
        .into_iter()
        .map(|case| case.name)
        .filter(|name| !seen.insert(name.clone()))
        .collect();
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn vectors_reach_every_code() {
    let mut places: BTreeMap<&str, usize> =
        SyntaxCode::ALL.into_iter().map(|code| (code.code(), 0)).collect();
    // Parsing never takes anything away around an address, so it never says this.
    places.remove(SyntaxCode::NotClean.code());
    for case in cases() {
        if let Expected::Fail { code, .. } = case.expected {
            *places.get_mut(code.as_str()).unwrap_or_else(|| panic!("{}: {code}", case.name)) += 1;
        }
    }
    let missing: Vec<&str> =
        places.into_iter().filter(|(_, rows)| *rows == 0).map(|(code, _)| code).collect();
    assert!(missing.is_empty(), "no row for {missing:?}");
}

#[test]
fn codes_are_unique() {
    let codes: BTreeSet<&str> = SyntaxCode::ALL.into_iter().map(SyntaxCode::code).collect();
    assert_eq!(codes.len(), SyntaxCode::ALL.len());
    for code in codes {
        let name = code.strip_prefix("syntax_").unwrap_or_default();
        assert!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
            "{code}"
        );
    }
}

#[test]
fn messages_are_sentences() {
    for code in SyntaxCode::ALL {
        let message = code.message();
        assert!(message.starts_with(|c: char| c.is_ascii_uppercase()), "{}", code.code());
        assert!(message.ends_with('.'), "{}", code.code());
        assert!(!message.chars().any(char::is_control), "{}", code.code());
        assert!(SyntaxError { code, at: 7 }.to_string().starts_with(message), "{}", code.code());
    }
}

#[test]
fn debug_shows_no_part_of_an_address() {
    // Parts that are in no name of a type or field.
    let cases = [
        ("domain", "qwxz@yvkj.example", &["qwxz", "yvkj", "example"][..]),
        ("A-label", "qwxz@bücher.example", &["qwxz", "cher", "xn--", "example"]),
        ("quoted", "\"qw xz\"@yvkj.example", &["qw", "xz", "yvkj", "example"]),
        ("IPv4 literal", "qwxz@[192.0.2.77]", &["qwxz", "192", "77"]),
        ("IPv6 literal", "qwxz@[IPv6:2001:db8::77]", &["qwxz", "2001", "db8", "77"]),
    ];
    for (name, text, parts) in cases {
        let address: Address = text.parse().unwrap();
        let host = match address.host() {
            Host::Domain(domain) => format!("{domain:?} {domain:#?}"),
            Host::Literal(literal) => format!("{literal:?} {literal:#?}"),
        };
        let shown = format!("{address:?} {address:#?} {:?} {host}", address.local());
        for part in parts {
            assert!(!shown.contains(part), "{name} shows {part}: {shown}");
        }
    }
}

#[test]
fn single_labels_pass_where_the_caller_accepts_them() {
    let is_a_name = |label: &str| matches!(label, "localhost" | "xn--mnchen-3ya");
    let cases = [
        ("accepted", "joe@localhost", Ok("joe@localhost")),
        ("in capitals", "joe@LOCALHOST", Ok("joe@localhost")),
        ("asked for as an A-label", "joe@münchen", Ok("joe@xn--mnchen-3ya")),
        ("not accepted", "joe@intranet", Err((SyntaxCode::DomainSingleLabel, 4))),
        ("trailing dot all the same", "joe@localhost.", Err((SyntaxCode::LabelEmpty, 14))),
        ("other faults all the same", "joe@-localhost", Err((SyntaxCode::LabelHyphen, 4))),
    ];
    for (name, text, expected) in cases {
        let found = Address::parse(text, SingleLabels::AcceptedIf(&is_a_name));
        let found = found.map(|address| address.ascii()).map_err(|error| (error.code, error.at));
        assert_eq!(found, expected.map(|ascii| Some(ascii.to_owned())), "{name}");
    }
}

#[test]
fn another_domain_for_the_same_local_part() {
    let long = |last| Domain::parse(&format!("{0}.{0}.{0}", "a".repeat(last))).unwrap();
    let literal: Address = "\"joe smith\"@[192.0.2.1]".parse().unwrap();
    let moved = literal.with_domain(Domain::parse("Bücher.example").unwrap()).unwrap();
    assert_eq!(moved.ascii().as_deref(), Some("\"joe smith\"@xn--bcher-kva.example"));

    let local = "a".repeat(254 - 1 - long(63).ascii().len());
    let address: Address = format!("{local}@example.com").parse().unwrap();
    assert_eq!(address.with_domain(long(63)).unwrap().normalized().len(), 254);
    let address: Address = format!("{local}a@example.com").parse().unwrap();
    assert_eq!(address.with_domain(long(63)).unwrap_err().code, SyntaxCode::TooLong);
}

#[test]
fn a_domain_and_its_parents() {
    let domain = Domain::parse("A.b.Bücher.example").unwrap();
    let names: Vec<&str> = domain.and_parents().collect();
    let expected = [
        "a.b.xn--bcher-kva.example",
        "b.xn--bcher-kva.example",
        "xn--bcher-kva.example",
        "example",
    ];
    assert_eq!(names, expected);
    assert_eq!(and_parents("example").collect::<Vec<_>>(), ["example"]);
}

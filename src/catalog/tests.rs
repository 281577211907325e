use super::*;

fn look_up(domain: &str) -> (Option<String>, bool, bool, bool, bool) {
    let catalog = Catalog::builtin();
    let domain = Domain::parse(domain).unwrap();
    let known = catalog.look_up(&domain);
    let provider = known.provider.map(|provider| provider.id.to_string());
    (provider, known.disposable, known.relay, known.free, known.reserved)
}

#[test]
fn builtin_lists_are_sound() {
    assert_eq!(Catalog::from_lists(&Lists::BUILTIN).err(), None);
}

#[test]
fn one_look_up_answers_everything() {
    let gmail = Some("gmail".to_owned());
    assert_eq!(look_up("gmail.com"), (gmail.clone(), false, false, true, false));
    assert_eq!(look_up("GoogleMail.com"), (gmail, false, false, true, false));
    assert_eq!(look_up("mailinator.com"), (None, true, false, false, false));
    assert_eq!(look_up("deep.below.mailinator.com"), (None, true, false, false, false));
    assert_eq!(look_up("privaterelay.appleid.com"), (None, false, true, false, false));
    assert_eq!(look_up("example.com"), (None, false, false, false, true));
    assert_eq!(look_up("mail.example.com"), (None, false, false, false, true));
    assert_eq!(look_up("anything.test"), (None, false, false, false, true));
    assert_eq!(look_up("some-company.de"), (None, false, false, false, false));
}

#[test]
fn reserved_names_can_be_allowed_with_what_is_below_them() {
    let allowed = Domain::parse("lab.test").unwrap();
    let catalog = Catalog::builtin().allowing_reserved([&allowed]);
    for (domain, reserved) in [("lab.test", false), ("mx.lab.test", false), ("other.test", true)] {
        let known = catalog.look_up(&Domain::parse(domain).unwrap());
        assert_eq!(known.reserved, reserved, "{domain}");
    }
}

#[test]
fn a_bad_line_is_named() {
    let cases = [
        ("no such column", "gmail.com", ListProblem::Columns { expected: 4, found: 1 }),
        ("upper case", "Gmail.com\tgmail\t1\t-", ListProblem::Domain),
        ("empty label", "gmail..com\tgmail\t1\t-", ListProblem::Domain),
        ("unknown provider", "gmail.com\tgnail\t1\t-", ListProblem::UnknownProvider),
        (
            "popularity",
            "gmail.com\tgmail\t9\t-",
            ListProblem::Value { column: "popularity", allowed: "1 to 5" },
        ),
    ];
    for (name, line, problem) in cases {
        let text = format!("# comment\n\n{line}\n");
        let lists =
            Lists { provider_domains: Source { name: "my.tsv", text: &text }, ..Lists::BUILTIN };
        let error = Catalog::from_lists(&lists).err();
        assert_eq!(error, Some(ListError { file: "my.tsv".into(), line: 3, problem }), "{name}");
    }
}

#[test]
fn canonical_forms() {
    let catalog = Catalog::builtin();
    let cases = [
        ("J.O.E+Shop@GoogleMail.com", "joe@gmail.com", Some("shop")),
        ("joe@gmail.com", "joe@gmail.com", None),
        ("+joe@gmail.com", "+joe@gmail.com", None),
        ("joe+a+b@gmail.com", "joe@gmail.com", Some("a+b")),
        ("j.oe+x@hotmail.com", "j.oe@hotmail.com", Some("x")),
        ("Joe+x@company.de", "joe+x@company.de", None),
        ("\"joe+x y\"@gmail.com", "\"joe+x y\"@gmail.com", None),
        ("Joe@[192.0.2.1]", "joe@[192.0.2.1]", None),
    ];
    for (text, key, tag) in cases {
        let address: Address = text.parse().unwrap();
        let known = match address.host() {
            Host::Domain(domain) => catalog.look_up(domain),
            Host::Literal(_) => Knowledge::default(),
        };
        let canonical = catalog.canonical(&address, &known);
        assert_eq!((canonical.key.as_str(), canonical.tag.as_deref()), (key, tag), "{text}");
    }
}

#[test]
fn roles() {
    let catalog = Catalog::builtin();
    let cases = [
        ("postmaster", true),
        ("Info", true),
        ("info+shop", true),
        ("joe", false),
        ("infography", false),
        ("\"info x\"", false),
    ];
    for (local, role) in cases {
        let address: Address = format!("{local}@example.org").parse().unwrap();
        assert_eq!(catalog.is_role(address.local()), role, "{local}");
    }
}

use crate::address::{Address, Host};

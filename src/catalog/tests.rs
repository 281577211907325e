use super::*;
use crate::address::{Address, SyntaxCode};

fn look_up(domain: &str) -> (Option<String>, bool, bool, bool, bool) {
    let catalog = Catalog::builtin();
    let domain = Domain::parse(domain).unwrap();
    let known = catalog.look_up(&domain);
    let provider = known.provider.map(|provider| provider.id.to_string());
    (provider, known.disposable, known.relay, known.free, known.reserved)
}

#[test]
fn builtin_lists_are_sound() {
    assert_eq!(Catalog::from_lists(&Lists::builtin()).err(), None);
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

fn with(kind: ListKind, text: &str) -> Result<Catalog, ListError> {
    let mut lists = Lists::builtin();
    lists.extend(kind, SourceText { name: "my.tsv".into(), text: text.into() });
    Catalog::from_lists(&lists)
}

#[test]
fn a_bad_line_is_named() {
    use ListKind::{Allow, Deny, Disposable, LocalParts, ProviderDomains, Providers, Roles};
    let value =
        |column, allowed: &'static str| ListProblem::Value { column, allowed: allowed.into() };
    let cases = [
        (ProviderDomains, "x.de", ListProblem::Columns { expected: 4, found: 1 }),
        (ProviderDomains, "x..de\tgmail\t1\t-", ListProblem::Domain(SyntaxCode::LabelEmpty)),
        (ProviderDomains, "x.de\tgnail\t1\t-", ListProblem::UnknownProvider),
        (ProviderDomains, "x.de\tgmail\t9\t-", value("popularity", "1 to 5")),
        (Providers, "x\tX\t-\t_\tfree", value("tag", "none, or characters out of + - = .")),
        (Providers, "x\tX\t-\tnone\tmy", value("kind", "free, paid, isp")),
        (Providers, "x\tX\t-\tnone\tkept\tfree", ListProblem::Columns { expected: 5, found: 6 }),
        (LocalParts, "nobody\t.\tnone\tother\tx", ListProblem::UnknownProvider),
        (
            LocalParts,
            "gmail\t.x\tnone\tother\tx",
            value("ignored", "none, or characters out of . _ -"),
        ),
        (
            LocalParts,
            "gmail\t.\t-.\tother\tx",
            value("taken_for", "none, or pairs such as -=. with commas between"),
        ),
        (LocalParts, "gmail\t.\tnone\tsome\tx", value("subdomains", "other, mailboxes")),
        (LocalParts, "gmail\t.\tnone\tother\tx\ngmail\t.\tnone\tother\tx", ListProblem::Duplicate),
        (Disposable, "a b.de", ListProblem::Domain(SyntaxCode::WhiteSpace)),
        (Disposable, "x.de\nX.de", ListProblem::Duplicate),
        (Allow, "joe@", ListProblem::Address(SyntaxCode::EmptyDomain)),
        (Roles, "\tbehind a tab", ListProblem::LocalPart(SyntaxCode::EmptyLocal)),
        (Roles, "info@", ListProblem::LocalPart(SyntaxCode::ManyAt)),
        (Deny, "mx:", ListProblem::Domain(SyntaxCode::EmptyDomain)),
        (Deny, "x_y.de", ListProblem::Domain(SyntaxCode::DomainBadCharacter)),
    ];
    for (kind, rows, problem) in cases {
        let text = format!("# comment\n\n{rows}\n");
        let line = 2 + rows.lines().count();
        let error = ListError { source_name: "my.tsv".into(), line, problem };
        assert_eq!(with(kind, &text).err(), Some(error), "{rows}");
    }
}

#[test]
fn a_list_of_the_operator_corrects_ours() {
    let text = "gmail.com\tgmail\t5\tgooglemail.com # turned round\n";
    let catalog = with(ListKind::ProviderDomains, text).unwrap();
    let address: Address = "j.oe@gmail.com".parse().unwrap();
    let known = catalog.look_up(&Domain::parse("gmail.com").unwrap());
    assert_eq!(catalog.canonical(&address, &known).key, "joe@googlemail.com");

    let mine = "\u{feff}# mine\r\nBücher.example-shop.de\tnote\r\n";
    let catalog = with(ListKind::Disposable, mine).unwrap();
    let domain = Domain::parse("x.xn--bcher-kva.example-shop.de").unwrap();
    assert!(catalog.look_up(&domain).disposable);
}

fn known_real(catalog: &Catalog, domains: &[(&str, bool)]) {
    for (domain, real) in domains {
        let known = catalog.look_up(&Domain::parse(domain).unwrap());
        assert_eq!(known.is_known_real(), *real, "{domain}");
    }
}

#[test]
fn what_is_known_to_be_real() {
    let domains = [
        ("siemens.com", true),
        ("mail.siemens.com", true),
        ("ox.ac.uk", true),
        ("maths.ox.ac.uk", true),
        ("gmail.com", true),
        ("privaterelay.appleid.com", true),
        ("ireland.com", true),
        ("ac.uk", false),
        ("com.com", false),
        ("some-company.de", false),
        ("siemens.com.some-company.de", false),
        ("mailinator.com", false),
        ("gmal.com", false),
    ];
    known_real(&Catalog::builtin(), &domains);
}

#[test]
fn real_domains_of_the_operator() {
    let mine = "Bücher.example-shop.de\nmailinator.com\n";
    let domains = |ours| {
        [
            ("siemens.com", ours),
            ("xn--bcher-kva.example-shop.de", true),
            ("post.xn--bcher-kva.example-shop.de", true),
            ("example-shop.de", false),
            // Disposable, even if another list calls it real.
            ("mailinator.com", false),
            ("gmail.com", true),
        ]
    };
    known_real(&with(ListKind::Real, mine).unwrap(), &domains(true));

    let mut lists = Lists::builtin();
    lists.clear(ListKind::Real);
    lists.extend(ListKind::Real, SourceText { name: "my.txt".into(), text: mine.into() });
    known_real(&Catalog::from_lists(&lists).unwrap(), &domains(false));
}

#[test]
fn the_operators_word() {
    use OperatorDecision::{Allowed, Denied};
    let mut lists = Lists::builtin();
    let source = |text: &'static str| SourceText { name: "x".into(), text: text.into() };
    lists.extend(
        ListKind::Allow,
        source("joe@bad.de\ngood.de\nboth.de\nsub.bad.de\nmx:friend.net\nmx1.exact.net\nsue+x@gmail.com"),
    );
    lists.extend(
        ListKind::Deny,
        source(
            "bad.de\nboth.de\nEve@Good.de\nmx:foe.net\nböse.de\nj.smith@gmail.com\nann@gmail.com",
        ),
    );
    let catalog = Catalog::from_lists(&lists).unwrap();
    let cases = [
        ("address beats domain", "Joe@bad.de", "", Some(Allowed)),
        ("denied domain", "sue@bad.de", "", Some(Denied)),
        ("below it", "sue@deep.bad.de", "", Some(Denied)),
        ("the nearer entry decides", "sue@x.sub.bad.de", "", Some(Allowed)),
        ("deny wins a tie", "joe@both.de", "", Some(Denied)),
        ("denied address in an allowed domain", "eve@good.de", "", Some(Denied)),
        ("domain beats MX", "joe@good.de", "mx.foe.net", Some(Allowed)),
        ("MX below", "joe@x.de", "a.b.foe.net", Some(Denied)),
        ("MX itself", "joe@x.de", "foe.net", Some(Denied)),
        ("MX allowed", "joe@x.de", "mx.friend.net", Some(Allowed)),
        ("one MX denied", "joe@x.de", "mx.friend.net mx.foe.net", Some(Denied)),
        ("a plain name is also that very MX", "joe@x.de", "mx1.exact.net", Some(Allowed)),
        ("and no MX below it", "joe@x.de", "a.mx1.exact.net", None),
        ("IDN", "joe@xn--bse-sna.de", "", Some(Denied)),
        ("other spellings of a mailbox", "A.n.n+shop@googlemail.com", "", Some(Denied)),
        ("an entry is any spelling", "JSmith@googlemail.com", "", Some(Denied)),
        ("an entry with a tag is that tag alone", "sue@gmail.com", "", None),
        ("the very entry", "Sue+X@gmail.com", "", Some(Allowed)),
        ("the same tag in another spelling", "s.ue+x@googlemail.com", "", Some(Allowed)),
        ("another tag", "sue+xx@gmail.com", "", None),
        ("nobody's business", "joe@x.de", "mx.x.de", None),
        ("literal", "joe@[192.0.2.1]", "", None),
    ];
    for (name, text, hosts, word) in cases {
        let address: Address = text.parse().unwrap();
        let known = match address.host() {
            Host::Domain(domain) => catalog.look_up(domain),
            Host::Literal(_) => Knowledge::default(),
        };
        let canonical = catalog.canonical(&address, &known);
        let said = catalog
            .decision_on_address(&address, &canonical)
            .or_else(|| catalog.decision_on_mail_servers(hosts.split_whitespace()));
        assert_eq!(said, word, "{name}");
    }
}

#[test]
fn the_lists_in_force_are_told() {
    let catalog = with(ListKind::Disposable, "# Date: 2026-01-02\nx.de\ny.de\n").unwrap();
    let told: Vec<_> =
        catalog.in_force().iter().filter(|list| list.kind == ListKind::Disposable).collect();
    assert_eq!(told.len(), 2);
    assert!(told[0].entries > 1000 && told[0].date.is_some());
    assert_eq!((told[1].entries, told[1].date.as_deref()), (2, Some("2026-01-02")));
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
        ("J_o-e.Roe+shop@proton.me", "joeroe@proton.me", Some("shop")),
        ("joe.roe@protonmail.com", "joeroe@proton.me", None),
        ("_@proton.me", "_@proton.me", None),
        ("joe-roe@yandex.ru", "joe.roe@yandex.ru", None),
        ("joe.roe@yandex.ru", "joe.roe@yandex.ru", None),
        ("joe_roe@yandex.ru", "joe_roe@yandex.ru", None),
        ("j_o-e@gmail.com", "j_o-e@gmail.com", None),
        ("Shop@joe.fastmail.com", "joe@fastmail.com", Some("shop")),
        ("a+b@joe.fastmail.fm", "joe@fastmail.fm", Some("a+b")),
        ("shop@joe.eml.cc", "joe@eml.cc", Some("shop")),
        ("joe+shop@fastmail.com", "joe@fastmail.com", Some("shop")),
        ("shop@deep.joe.fastmail.com", "shop@deep.joe.fastmail.com", None),
        ("shop@joe.gmail.com", "shop@joe.gmail.com", None),
        ("\"joe+x y\"@gmail.com", "\"joe+x y\"@gmail.com", None),
        ("Joe@[192.0.2.1]", "joe@[192.0.2.1]", None),
        ("ΝΊΚΟΣ@company.de", "νίκοσ@company.de", None),
        ("νίκος@company.de", "νίκοσ@company.de", None),
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

#[test]
fn what_mail_servers_tell() {
    let catalog = Catalog::builtin();
    // The domain, its mail servers, their behaviour.
    let cases: [(&str, &[&str], Option<ProbeBehaviour>); 6] = [
        ("gmail.com", &["gmail-smtp-in.l.google.com"], Some(ProbeBehaviour::Truthful)),
        ("company.io", &["aspmx.l.google.com"], None),
        ("yahoo.com", &["mta5.am0.yahoodns.net"], Some(ProbeBehaviour::Uninformative)),
        (
            "company.io",
            &["mx.company.io", "mta5.am0.yahoodns.net"],
            Some(ProbeBehaviour::Uninformative),
        ),
        ("gmail.com", &["mta5.am0.yahoodns.net"], Some(ProbeBehaviour::Uninformative)),
        ("company.io", &[], None),
    ];
    for (domain, mail_servers, expected) in cases {
        let provider = catalog.look_up(&Domain::parse(domain).unwrap()).provider;
        let tells = catalog.probe_behaviour(provider, mail_servers.iter().copied());
        assert_eq!(tells, expected, "{domain} {mail_servers:?}");
    }
}

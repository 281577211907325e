//! What holds for the catalog and the operator's word whatever the lists, the addresses and the DNS say.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use mailvet::address::{Address, Domain, Host};
use mailvet::catalog::{Canonical, Catalog, Knowledge, ListError, ListKind, Lists, SourceText};
use mailvet::clock::StoppedClock;
use mailvet::dns::zone::Zone;
use mailvet::reach::ReachPolicy;
use mailvet::report::Report;
use mailvet::typo::Confidence;
use mailvet::validator::{
    ActiveLists, LookupLimits, Request, RouteSettings, Routes, Strictness, Validator,
    ValidatorParts,
};
use mailvet::verdict::{Advice, Depth, Policy, Reason};
use proptest::prelude::*;
use proptest::sample::select;

static BUILTIN: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

fn config(cases: u32) -> ProptestConfig {
    // What fails is printed whole; there is no file of old failures beside tests.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// An address that shows itself where a test fails; an [`Address`] does not.
#[derive(Clone)]
struct Typed(Address);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.normalized())
    }
}

/// Domains of which our lists say something, and some of which they say nothing.
const DOMAINS: &[&str] = &[
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "hotmail.com",
    "proton.me",
    "pm.me",
    "web.de",
    "fastmail.com",
    "mailinator.com",
    "deep.below.mailinator.com",
    "hotmial.com",
    "gmal.com",
    "yahooo.com",
    "gm\u{430}il.com",
    "privaterelay.appleid.com",
    "some-company.de",
    "mail.some-company.de",
    "Bücher-shop.de",
];
/// Where the DNS is not asked.
const NEVER_ASKED: &[&str] =
    &["example.com", "x.test", "localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]"];

fn local() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9]{1,5}([.+_=-][a-zA-Z0-9]{1,3}){0,3}",
        2 => select(vec!["info", "Postmaster", "no-reply", "sales+x", "+joe", "j.+x"])
            .prop_map(str::to_owned),
        2 => "[a-zäöüßÉíŞΆσςΣßıİжЖա.+-]{1,8}",
        // No `#`: in a list it starts a comment.
        1 => "\"[ -\"$-~]{0,6}\"",
    ]
}

fn provider_domain() -> impl Strategy<Value = &'static str> {
    let rows = include_str!("../../data/provider_domains.tsv").lines();
    let names = rows.filter(|row| !row.starts_with('#')).filter_map(|row| row.split('\t').next());
    select(names.collect::<Vec<_>>())
}

fn address() -> impl Strategy<Value = Typed> {
    let domain = prop_oneof![
        3 => select(DOMAINS),
        1 => select(NEVER_ASKED),
        2 => provider_domain(),
    ];
    (local(), domain)
        .prop_filter_map("no address", |(local, domain)| read(&local, domain).map(Typed))
}

fn read(local: &str, domain: &str) -> Option<Address> {
    use mailvet::address::SingleLabels::AcceptedIf;
    Address::parse(&format!("{local}@{domain}"), AcceptedIf(&|name| name == "localhost")).ok()
}

fn canonical(address: &Address) -> Canonical {
    let known = match address.host() {
        Host::Domain(domain) => BUILTIN.look_up(domain),
        Host::Literal(_) => Knowledge::default(),
    };
    BUILTIN.canonical(address, &known)
}

/// The text with those letters in the other case that come back from there.
fn turned(text: &str, which: &[bool]) -> String {
    let only = |mut letters: Box<dyn Iterator<Item = char>>| {
        letters.next().filter(|_| letters.next().is_none())
    };
    let upper = |c: char| only(Box::new(c.to_uppercase()));
    let lower = |c: char| only(Box::new(c.to_lowercase()));
    let turn = |c: char| {
        let there = if c.is_uppercase() { lower(c) } else { upper(c) };
        let back = there.and_then(|t| if c.is_uppercase() { upper(t) } else { lower(t) });
        there.filter(|_| back == Some(c)).unwrap_or(c)
    };
    let turns = which.iter().chain(std::iter::repeat(&false));
    text.chars().zip(turns).map(|(c, turns)| if *turns { turn(c) } else { c }).collect()
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn canonical_of_canonical_is_canonical(Typed(address) in address()) {
        let key = canonical(&address).key;
        let again = key.rsplit_once('@').and_then(|(local, domain)| read(local, domain));
        // A key need be no address: `j.+x` loses what stood behind its dot.
        if let Some(again) = again {
            let again = canonical(&again);
            prop_assert_eq!(&again.key, &key);
            prop_assert_eq!(again.tag, None);
        }
    }

    #[test]
    fn canonical_does_not_depend_on_case(
        Typed(address) in address(),
        which in prop::collection::vec(any::<bool>(), 8),
    ) {
        let other = turned(address.local().as_str(), &which);
        if let Some(other) = read(&other, &address.host().ascii()) {
            prop_assert_eq!(canonical(&other).key, canonical(&address).key);
        }
    }
}

static REAL: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    include_str!("../../data/real.txt").lines().filter(|row| !row.starts_with('#')).collect()
});

/// A catalog that has no other list.
static REAL_ALONE: LazyLock<Catalog> = LazyLock::new(|| {
    let mut lists = Lists::builtin();
    for kind in ListKind::ALL.into_iter().filter(|kind| *kind != ListKind::Real) {
        lists.clear(kind);
    }
    Catalog::from_lists(&lists).unwrap()
});

/// A listed name as it is, with one letter changed, or with labels before or behind it.
fn nearly_real() -> impl Strategy<Value = String> {
    let label = "[a-z0-9]{1,8}";
    let name = || select(REAL.iter().copied().collect::<Vec<_>>());
    prop_oneof![
        name().prop_map(str::to_owned),
        (name(), any::<prop::sample::Index>(), "[a-z0-9.]").prop_map(|(name, at, letter)| {
            let at = at.index(name.len());
            format!("{}{letter}{}", &name[..at], &name[at + 1..])
        }),
        (label, label, name()).prop_map(|(low, high, name)| format!("{low}.{high}.{name}")),
        (name(), label).prop_map(|(name, behind)| format!("{name}.{behind}")),
        (label, name()).prop_map(|(before, name)| format!("{before}{name}")),
    ]
}

proptest! {
    #![proptest_config(config(20_000))]

    #[test]
    fn known_real_is_what_the_list_has(name in nearly_real()) {
        if let Ok(domain) = Domain::parse(&name) {
            let is_listed = domain.and_parents().any(|name| REAL.contains(name));
            prop_assert_eq!(REAL_ALONE.look_up(&domain).is_known_real(), is_listed, "{}", name);
        }
    }
}

/// How the operator names an address.
#[derive(Clone, Copy, Debug)]
enum Named {
    ByAddress,
    InCapitals,
    ByCanonical,
    ByDomain,
    /// So many labels up.
    ByParent(usize),
    ByMailServer,
    ByParentOfMailServer,
}

/// What the DNS says of a domain.
#[derive(Clone, Copy, Debug)]
enum DnsAnswer {
    Mx,
    NullMx,
    NoName,
    NoData,
    ServFail,
    Nothing,
}

/// An address that the operator names, and how.
#[derive(Clone, Debug)]
struct Case {
    address: Typed,
    named: Named,
    dns: DnsAnswer,
    depth: Depth,
}

const MAIL_SERVER: &str = "mx.hosting.net";

fn case() -> impl Strategy<Value = Case> {
    let named = prop_oneof![
        Just(Named::ByAddress),
        Just(Named::InCapitals),
        Just(Named::ByCanonical),
        Just(Named::ByDomain),
        (1..4_usize).prop_map(Named::ByParent),
    ];
    let dns = select(vec![
        DnsAnswer::Mx,
        DnsAnswer::NullMx,
        DnsAnswer::NoName,
        DnsAnswer::NoData,
        DnsAnswer::ServFail,
        DnsAnswer::Nothing,
    ]);
    let depth = select(Depth::ALL.to_vec());
    let by_name = (address(), named, dns, depth).prop_map(|(address, named, dns, depth)| Case {
        address,
        named,
        dns,
        depth,
    });
    let by_mail_server = (local(), select(DOMAINS), any::<bool>(), any::<bool>()).prop_filter_map(
        "no address",
        |(local, domain, parent, deep)| {
            Some(Case {
                address: Typed(read(&local, domain)?),
                named: if parent { Named::ByParentOfMailServer } else { Named::ByMailServer },
                dns: DnsAnswer::Mx,
                depth: if deep { Depth::Mailbox } else { Depth::Domain },
            })
        },
    );
    prop_oneof![4 => by_name, 1 => by_mail_server]
}

impl Case {
    /// The operator's entry; none where there is nothing to name.
    fn entry(&self) -> Option<String> {
        let Host::Domain(domain) = self.address.0.host() else {
            return matches!(self.named, Named::ByAddress).then(|| self.address.0.normalized());
        };
        Some(match self.named {
            Named::ByAddress => self.address.0.normalized(),
            Named::InCapitals => {
                let local = turned(self.address.0.local().as_str(), &[true; 64]);
                read(&local, domain.ascii())?.normalized()
            }
            Named::ByCanonical => {
                let key = canonical(&self.address.0).key;
                let (local, domain) = key.rsplit_once('@')?;
                read(local, domain)?.normalized()
            }
            Named::ByDomain => domain.unicode().to_owned(),
            Named::ByParent(up) => domain.and_parents().nth(up)?.to_owned(),
            Named::ByMailServer => MAIL_SERVER.to_owned(),
            Named::ByParentOfMailServer => "mx:hosting.net".to_owned(),
        })
    }
}

/// A DNS in which a domain has the first thing that a case says of it; where a case rests on the mail
/// server, that.
fn zone(cases: &[Case]) -> Zone {
    let mut names = BTreeMap::new();
    let by_mail_server =
        |case: &&Case| matches!(case.named, Named::ByMailServer | Named::ByParentOfMailServer);
    let (first, then): (Vec<_>, Vec<_>) = cases.iter().partition(by_mail_server);
    for case in first.into_iter().chain(then) {
        let record = match case.dns {
            DnsAnswer::Mx => "MX 10 mx.hosting.net",
            DnsAnswer::NullMx => "MX 0 .",
            DnsAnswer::NoName => "NXDOMAIN",
            DnsAnswer::NoData => "NODATA",
            DnsAnswer::ServFail => "SERVFAIL",
            DnsAnswer::Nothing => continue,
        };
        if let Host::Domain(domain) = case.address.0.host() {
            names.entry(domain.ascii()).or_insert(record);
        }
    }
    // What has a name below it exists (RFC 8020).
    let has_below = |name: &str| names.keys().any(|other| other.ends_with(&format!(".{name}")));
    let lines = names.iter().map(|(name, record)| match *record {
        "NXDOMAIN" if has_below(name) => format!("{name} NODATA\n"),
        record => format!("{name} {record}\n"),
    });
    Zone::parse(&format!("{}{MAIL_SERVER} A 8.8.8.8\n", lines.collect::<String>()))
}

fn with(lists: &[(ListKind, &[String])]) -> Catalog {
    let mut all = Lists::builtin();
    for (kind, entries) in lists {
        // Different cases may name the same.
        let mut entries = entries.to_vec();
        entries.sort();
        entries.dedup();
        all.extend(*kind, SourceText { name: "mine".into(), text: entries.join("\n").into() });
    }
    Catalog::from_lists(&all).unwrap()
}

fn validator(catalog: Catalog, routes: Option<Routes>, advice: Advice) -> Validator {
    // The operator's own words keep their advice.
    let ours =
        |reason: &Reason| !matches!(reason, Reason::AllowedByOperator | Reason::DeniedByOperator);
    let advice = Reason::all().filter(ours).map(|reason| (reason, advice)).collect();
    Validator::new(ValidatorParts {
        lists: ActiveLists::new(catalog),
        suggest_at: Confidence::from_percent(50),
        policy: Policy { advice, ..Policy::default() },
        routes,
        probing: None,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    })
}

fn online(zone: Zone) -> Option<Routes> {
    let clock = Arc::new(StoppedClock(Timestamp::UNIX_EPOCH));
    let no_bound = LookupLimits {
        lookups: usize::MAX,
        names_per_zone: u32::MAX,
        lookups_per_client: u32::MAX,
    };
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::new(),
        limits: no_bound,
        lookup_timeout: Duration::from_secs(10),
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 1 << 20,
    };
    Some(Routes::new(Arc::new(zone), clock, settings))
}

fn validated(validator: &Validator, cases: &[Case]) -> Vec<Report> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let texts = cases.iter().map(|case| (case.address.0.normalized(), case.depth));
    let reports = texts.map(|(text, depth)| {
        let budget = Duration::from_secs(10);
        let request =
            Request { depth, strictness: Strictness::Strict, budget, ..Request::new(&text) };
        runtime.block_on(validator.validate(&request))
    });
    reports.collect()
}

/// The cases that have an entry, and the entries.
fn entries(cases: Vec<Case>) -> (Vec<Case>, Vec<String>) {
    cases.into_iter().filter_map(|case| Some((case.clone(), case.entry()?))).unzip()
}

proptest! {
    // Each of these builds the catalog of all our lists for a few dozen addresses.
    #![proptest_config(config(16))]

    #[test]
    fn whom_the_operator_allows_is_accepted(
        cases in prop::collection::vec(case(), 1..48),
    ) {
        let (cases, allowed) = entries(cases);
        let catalog = with(&[(ListKind::Allow, &allowed)]);
        // Even where each reason by itself would be enough to refuse.
        let validator = validator(catalog, online(zone(&cases)), Advice::Reject);
        for (report, case) in validated(&validator, &cases).iter().zip(&cases) {
            let judgement = &report.judgement;
            prop_assert_eq!(judgement.advice, Advice::Accept, "{:?}", case);
            prop_assert_eq!(judgement.reasons.last(), Some(&Reason::AllowedByOperator));
            let ours = [
                Reason::Disposable,
                Reason::RoleAccount,
                Reason::DomainTypo,
                Reason::DomainLookalike,
            ];
            prop_assert!(!judgement.reasons.iter().any(|r| ours.contains(r)), "{:?}", case);
            prop_assert!(report.suggestion.is_none(), "{:?}", case);
        }
    }

    #[test]
    fn whom_the_operator_denies_is_rejected_and_judged_the_same(
        cases in prop::collection::vec(case(), 1..48),
        also_allowed in any::<bool>(),
    ) {
        let (cases, denied) = entries(cases);
        // Allowed as well: denial wins the tie.
        let allowed = if also_allowed { denied.clone() } else { Vec::new() };
        let catalog = with(&[(ListKind::Allow, &allowed), (ListKind::Deny, &denied)]);
        let strict = validator(catalog, online(zone(&cases)), Advice::Accept);
        let free = validator(Catalog::builtin(), online(zone(&cases)), Advice::Accept);
        let reports = validated(&strict, &cases).into_iter().zip(validated(&free, &cases));
        for ((denied, free), case) in reports.zip(&cases) {
            let (denied, free) = (denied.judgement, free.judgement);
            prop_assert_eq!(denied.advice, Advice::Reject, "{:?}", case);
            prop_assert_eq!(denied.verdict, free.verdict, "{:?}", case);
            prop_assert_eq!(denied.reasons.first(), Some(&Reason::DeniedByOperator));
            prop_assert_eq!(&denied.reasons[1..], &free.reasons[..], "{:?}", case);
        }
    }
}

/// A few rows of each list, so that a catalog is built in no time.
fn small_lists() -> Lists<'static> {
    let mut lists = Lists::builtin();
    for kind in ListKind::ALL {
        lists.clear(kind);
    }
    for (kind, text) in [
        (ListKind::Providers, "gmail\tGmail\tgoogle.com\t+\tfree"),
        (ListKind::LocalParts, "gmail\t.\tnone\tother\tits documentation"),
        (ListKind::ProviderDomains, "gmail.com\tgmail\t1\t-\ngooglemail.com\tgmail\t2\tgmail.com"),
        (ListKind::Disposable, "mailinator.com"),
    ] {
        lists.extend(kind, SourceText { name: "small".into(), text: text.into() });
    }
    lists
}

/// The operator's words are made up around this, so that they can be distinguished from ours.
const MARK: &str = "zq";

fn list_text() -> impl Strategy<Value = String> {
    let word = || "[a-z0-9]{0,2}zq[a-zA-Z0-9]{1,3}";
    let column = prop_oneof![
        4 => word().prop_map(|word| format!("{word}.de")),
        2 => word(),
        2 => (word(), word()).prop_map(|(local, domain)| format!("{local}@{domain}.de")),
        1 => word().prop_map(|word| format!("mx:{word}.net")),
        1 => word().prop_map(|word| format!("ü{word}.de ")),
        1 => word().prop_map(|word| format!("{word} {word}..de")),
        1 => word().prop_map(|word| format!("# {word}")),
        2 => select(vec!["-", "gmail", "1", "9", "none", "+", "kept", "free", "", " ", "\u{feff}"])
            .prop_map(str::to_owned),
    ];
    let plausible = prop_oneof![
        word().prop_map(|word| format!("{word}\t{word}\t-\tnone\tfree")),
        word().prop_map(|word| format!("{word}.de\tgmail\t3\t-")),
        word().prop_map(|word| format!("{word}.de\t{word}")),
        word().prop_map(|word| format!("{word}.de")),
    ];
    let row = prop_oneof![
        prop::collection::vec(column, 0..7).prop_map(|columns| columns.join("\t")),
        plausible,
    ];
    let end = select(vec!["\n", "\n", "\n", "\r\n", "\n\n"]);
    prop::collection::vec((row, end), 0..8)
        .prop_map(|rows| rows.iter().flat_map(|(row, end)| [row.as_str(), *end]).collect())
}

fn built(kind: ListKind, text: &str) -> Result<Catalog, ListError> {
    let mut lists = small_lists();
    lists.extend(kind, SourceText { name: "/etc/my list.tsv".into(), text: text.into() });
    Catalog::from_lists(&lists)
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn a_list_is_read_or_its_first_bad_line_is_named(
        kind in select(ListKind::ALL.to_vec()),
        text in list_text(),
    ) {
        let Err(error) = built(kind, &text) else { return Ok(()) };
        let line = text.lines().nth(error.line - 1);
        prop_assert!(line.is_some_and(|line| !line.trim().is_empty()), "{}", error);
        let before: String = text.split_inclusive('\n').take(error.line - 1).collect();
        prop_assert!(built(kind, &before).is_ok(), "an earlier line than {}", error);

        let message = error.to_string();
        let start = format!("/etc/my list.tsv, line {}: ", error.line);
        prop_assert!(message.starts_with(&start), "{}", message);
        for text in [message, format!("{error:?}")] {
            prop_assert!(!text.to_lowercase().contains(MARK), "{}", text);
        }
    }

    /// Spellings of one mailbox cannot get around a denial.
    #[test]
    fn an_entry_names_its_mailbox_in_every_spelling(
        letters in prop::collection::vec("[a-z0-9]", 2..6),
        dots in prop::collection::vec(any::<[bool; 2]>(), 6),
        tag in prop::option::of("[a-z.+]{0,4}[a-z]"),
        googlemail in any::<[bool; 2]>(),
        which in prop::collection::vec(any::<bool>(), 12),
    ) {
        let spelled = |nth: usize| -> String {
            let ends = letters.len() - 1;
            let dotted = letters.iter().zip(&dots).enumerate().map(|(index, (letter, dots))| {
                if dots[nth] && index < ends { format!("{letter}.") } else { letter.clone() }
            });
            dotted.collect()
        };
        let domain = |nth: usize| if googlemail[nth] { "googlemail.com" } else { "gmail.com" };
        let entry = format!("{}@{}", spelled(0), domain(0));
        let tag = tag.map_or_else(String::new, |tag| format!("+{tag}"));
        let text = format!("{}{tag}@{}", turned(&spelled(1), &which), domain(1));
        let Ok(address) = text.parse::<Address>() else { return Ok(()) };

        let catalog = built(ListKind::Deny, &entry).unwrap();
        let known = catalog.look_up(&Domain::parse(domain(1)).unwrap());
        let canonical = catalog.canonical(&address, &known);
        prop_assert!(catalog.decision_on_address(&address, &canonical).is_some());
    }
}

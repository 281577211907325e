//! Micro-benchmarks of what needs no network. README.md beside this says what each proves.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use divan::{AllocProfiler, Bencher, black_box};
use jiff::Timestamp;
use mailvet::address::{Address, Domain, Host, Pasted};
use mailvet::catalog::{Catalog, ListKind, Lists, SourceText};
use mailvet::clock::StoppedClock;
use mailvet::report::JsonForm;
use mailvet::typo::{Confidence, Suggester};
use mailvet::validator::{ActiveLists, Request, Validator, ValidatorParts};
use mailvet::verdict::Policy;

/// Counts allocations.
#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

static OURS: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);
static SUGGESTER: LazyLock<Suggester> = LazyLock::new(|| Suggester::new(OURS.provider_domains()));
static THOUSANDS: LazyLock<Catalog> = LazyLock::new(|| with_disposable(100_000));
static MILLION: LazyLock<Catalog> = LazyLock::new(|| with_disposable(1_000_000));

/// Our lists, and so many disposable domains more.
fn with_disposable(number: usize) -> Catalog {
    let mut text = String::new();
    for n in 0..number {
        writeln!(text, "{}", generated(n)).expect("memory does not fail");
    }
    let mut lists = Lists::builtin();
    lists.extend(ListKind::Disposable, SourceText { name: "generated".into(), text: text.into() });
    Catalog::from_lists(&lists).expect("generated names are domain names")
}

fn generated(n: usize) -> String {
    format!("throw-away-{n}.example-{}.com", n % 1000)
}

fn domain(text: &str) -> Domain {
    Domain::parse(text).expect("a domain name")
}

fn address(text: &str) -> Address {
    text.parse().expect("an address")
}

#[divan::bench(args = ["joe.smith@gmail.com", "joe@bücher-shop.de"], sample_size = 100)]
fn parse(text: &str) -> Address {
    address(text)
}

/// What one look-up costs in each of the catalogs, whatever it is that is looked up.
#[divan::bench_group]
mod look_up {
    use super::*;

    const DOMAINS: [&str; 5] = [
        "gmail.com",
        "siemens.com",
        "some-company.de",
        "mailinator.com",
        "a.b.c.deep.below.mailinator.com",
    ];

    #[divan::bench(args = DOMAINS, sample_size = 500)]
    fn ours(bencher: Bencher<'_, '_>, name: &str) {
        bench(bencher, &OURS, name);
    }

    #[divan::bench(args = DOMAINS, sample_size = 500)]
    fn with_100_000_more(bencher: Bencher<'_, '_>, name: &str) {
        bench(bencher, &THOUSANDS, name);
    }

    #[divan::bench(args = DOMAINS, sample_size = 500)]
    fn with_1_000_000_more(bencher: Bencher<'_, '_>, name: &str) {
        bench(bencher, &MILLION, name);
    }

    fn bench(bencher: Bencher<'_, '_>, catalog: &Catalog, name: &str) {
        let domain = domain(name);
        bencher.bench_local(|| catalog.look_up(black_box(&domain)).disposable);
    }

    /// Ever another disposable domain, so that the processor's caches help as little as they can.
    #[divan::bench(sample_size = 1000)]
    fn another_of_ours(bencher: Bencher<'_, '_>) {
        let rows = include_str!("../data/disposable.txt").lines();
        let names = rows.filter(|row| !row.starts_with('#'));
        let domains: Vec<Domain> = names.map(domain).collect();
        bench_cycle(bencher, &OURS, &domains);
    }

    #[divan::bench(sample_size = 1000)]
    fn another_of_1_000_000(bencher: Bencher<'_, '_>) {
        let scattered = (0..100_000).map(|n| n * 7919 % 1_000_000);
        let domains: Vec<Domain> = scattered.map(|n| domain(&generated(n))).collect();
        bench_cycle(bencher, &MILLION, &domains);
    }

    fn bench_cycle(bencher: Bencher<'_, '_>, catalog: &Catalog, domains: &[Domain]) {
        let mut domains = domains.iter().cycle();
        bencher.bench_local(|| domains.next().map(|domain| catalog.look_up(domain).disposable));
    }
}

#[divan::bench(args = ["J.O.E+Shop@googlemail.com", "joe@some-company.de"], sample_size = 100)]
fn canonical(bencher: Bencher<'_, '_>, text: &str) {
    let address = address(text);
    let Host::Domain(domain) = address.host() else { return };
    let known = OURS.look_up(domain);
    bencher.bench_local(|| OURS.canonical(black_box(&address), &known));
}

/// What it costs to know that a domain needs no suggestion.
#[divan::bench(args = ["gmail.com", "yahoo.co.uk"], sample_size = 1000)]
fn suggest_nothing_for_known(bencher: Bencher<'_, '_>, name: &str) {
    let domain = domain(name);
    bencher.bench_local(|| OURS.look_up(black_box(&domain)).is_known_real());
}

#[divan::bench(
    args = ["gmal.com", "hotmial.con", "some-company.de", "some-university.ac.uk", "x.com", "live.gov"],
    sample_size = 100
)]
fn suggest(bencher: Bencher<'_, '_>, name: &str) {
    let domain = domain(name);
    bencher.bench_local(|| SUGGESTER.suggest(black_box(&domain), None));
}

#[divan::bench(args = ["joe.smith@gmail.com", "\"Smith, Joe\" <mailto:joe.smith@gmail.com>, "], sample_size = 100)]
fn paste(bencher: Bencher<'_, '_>, text: &str) {
    bencher.bench_local(|| Pasted::clean(black_box(text)).text().len());
}

/// From a text to the bytes of the answer, without the DNS.
#[divan::bench(args = ["joe.smith@gmail.com", "joe@siemens.com", "joe@gmal.com", "joe@some-company.de", "joe@mailinator.com"], sample_size = 100)]
fn validate_offline(bencher: Bencher<'_, '_>, text: &str) {
    let validator = Validator::new(ValidatorParts {
        lists: ActiveLists::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes: None,
        probing: None,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime of one thread");
    let mut json = Vec::with_capacity(1024);
    bencher.bench_local(|| {
        let request = Request::new(black_box(text));
        let report = runtime.block_on(validator.validate(&request));
        json.clear();
        serde_json::to_writer(&mut json, &report.json(JsonForm::Full)).map(|()| json.len())
    });
}

#[divan::bench(max_time = 2)]
fn build_catalog() -> Catalog {
    Catalog::builtin()
}

#[divan::bench(max_time = 2)]
fn build_suggester() -> Suggester {
    Suggester::new(OURS.provider_domains())
}

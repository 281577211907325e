//! Updates `data/real.txt`: the list as it is, with the domains of further sources, filtered and sorted.
//!
//!     cargo run --example make-real -- --vouched universities.txt --ranked popular.csv > real.new
//!
//! A source has a domain, a host name or a URL a line, in the first column of those that a comma or a tab
//! separates. Its licence must be one that `data/README.md` allows, and it must be named there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use mailvet::address::{Domain, and_parents};
use mailvet::catalog::{Catalog, ListError, ListKind, Lists, Popularity};

/// Domains up to this rank of a popular list are meant as typed, however near to a provider's they are. Domains that
/// receive mistyped traffic have visitors too, and rank lower. A judgement, not a measurement.
const TRUSTED_RANK: usize = 10_000;
/// Providers up to this popularity class have enough users for their typos to be registered by others.
const MISTYPED_FROM: u8 = 2;

/// Adds domains to the list of real ones, and prints it.
#[derive(Parser)]
struct Arguments {
    /// The list to start from; its comments stay.
    #[arg(long, default_value = "data/real.txt")]
    list: PathBuf,
    /// Domains listed by a party that knows their owners: companies, universities, governments.
    #[arg(long)]
    vouched: Vec<PathBuf>,
    /// Popular domains, the most popular first.
    #[arg(long)]
    ranked: Vec<PathBuf>,
    /// How many of each ranked list are read.
    #[arg(long, default_value_t = 100_000)]
    top: usize,
}

/// Why a domain is thought to be real.
#[derive(Clone, Copy)]
enum Voucher {
    /// A party that knows its owner lists it.
    Person,
    /// It has visitors; its rank counts from 1.
    Visitors(usize),
}

/// Why a domain is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
enum Dropped {
    #[strum(serialize = "no domain name")]
    NoDomain,
    #[strum(serialize = "a public suffix, or below a private one")]
    PublicSuffix,
    #[strum(serialize = "a special-use name")]
    SpecialUse,
    #[strum(serialize = "disposable")]
    Disposable,
    #[strum(serialize = "a provider's, a relay's or free mailboxes'")]
    KnownOtherwise,
    #[strum(serialize = "a well-known typo")]
    WellKnownTypo,
    #[strum(serialize = "one edit from a big provider's, not popular enough")]
    NearProvider,
    #[strum(serialize = "international, and only its visitors vouch for it")]
    International,
}

/// Decides which domains are listed.
struct DomainFilter {
    catalog: Catalog,
    /// Domains that are often mistyped.
    targets: Vec<String>,
    typos: BTreeSet<&'static str>,
}

impl DomainFilter {
    fn new() -> Result<Self, ListError> {
        let mut lists = Lists::builtin();
        lists.clear(ListKind::Real);
        let catalog = Catalog::from_lists(&lists)?;
        let big = |(name, popularity): (&str, Popularity)| {
            (popularity.class() <= MISTYPED_FROM).then(|| name.to_owned())
        };
        let targets = catalog.provider_domains().filter_map(big).collect();
        let typos = include_str!("../tests/vectors/well_known_typos.txt").lines();
        let typos = typos.filter(|line| !line.starts_with('#')).collect();
        Ok(Self { catalog, targets, typos })
    }

    /// The registrable domain to be listed for a line of a source.
    fn take(&self, line: &str, voucher: Voucher) -> Result<String, Dropped> {
        let host = host(line);
        let domain = Domain::parse(host).map_err(|_| Dropped::NoDomain)?;
        let name = psl::domain_str(domain.ascii()).ok_or(Dropped::PublicSuffix)?;
        let suffix = psl::suffix(name.as_bytes()).ok_or(Dropped::PublicSuffix)?;
        if suffix.typ() != Some(psl::Type::Icann) {
            return Err(Dropped::PublicSuffix);
        }
        let domain = Domain::parse(name).map_err(|_| Dropped::NoDomain)?;
        let known = self.catalog.look_up(&domain);
        if known.reserved {
            Err(Dropped::SpecialUse)
        } else if known.disposable {
            Err(Dropped::Disposable)
        } else if known.is_known_real() {
            Err(Dropped::KnownOtherwise)
        } else if and_parents(name).any(|name| self.typos.contains(name)) {
            Err(Dropped::WellKnownTypo)
        } else {
            self.vouched(name, voucher).map(|()| name.to_owned())
        }
    }

    /// Whether the source is reliable enough for this name.
    fn vouched(&self, name: &str, voucher: Voucher) -> Result<(), Dropped> {
        match voucher {
            // It may be registered to look like another name.
            Voucher::Visitors(_) if name.contains("xn--") => Err(Dropped::International),
            Voucher::Visitors(rank) if rank > TRUSTED_RANK && self.is_near(name) => {
                Err(Dropped::NearProvider)
            }
            Voucher::Person | Voucher::Visitors(_) => Ok(()),
        }
    }

    fn is_near(&self, name: &str) -> bool {
        let near = |target: &String| {
            target.len().abs_diff(name.len()) <= 1 && strsim::osa_distance(target, name) <= 1
        };
        self.targets.iter().any(near)
    }
}

/// The host name in the first column of a line, which may be a URL. `1,example.com` is a rank before it.
fn host(line: &str) -> &str {
    let mut columns = line.split([',', '\t']).map(|column| column.trim().trim_matches('"'));
    let is_rank = |column: &&str| column.bytes().all(|byte| byte.is_ascii_digit());
    let column = columns.find(|column| !is_rank(column)).unwrap_or_default();
    let behind_scheme = column.split_once("://").map_or(column, |(_, rest)| rest);
    let host = behind_scheme.split(['/', '?', '#', ':']).next().unwrap_or_default();
    host.trim_end_matches('.')
}

/// The new list, and how many domains were left out.
#[derive(Default)]
struct NewList {
    names: BTreeSet<String>,
    dropped: BTreeMap<Dropped, usize>,
}

impl NewList {
    fn add<'l>(&mut self, filter: &DomainFilter, lines: impl Iterator<Item = (&'l str, Voucher)>) {
        for (line, voucher) in lines {
            match filter.take(line, voucher) {
                Ok(name) => {
                    self.names.insert(name);
                }
                Err(why) => *self.dropped.entry(why).or_default() += 1,
            }
        }
    }
}

/// The rows of a list, without comments and empty lines.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let read = |path: &PathBuf| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let filter = DomainFilter::new()?;
    let mut new_list = NewList::default();
    let list = read(&arguments.list)?;
    new_list.add(&filter, rows(&list).map(|row| (row, Voucher::Person)));
    for path in &arguments.vouched {
        new_list.add(&filter, rows(&read(path)?).map(|row| (row, Voucher::Person)));
    }
    for path in &arguments.ranked {
        let text = read(path)?;
        let ranked = rows(&text).zip(1..).take(arguments.top);
        new_list.add(&filter, ranked.map(|(row, rank)| (row, Voucher::Visitors(rank))));
    }

    let mut out = io::stdout().lock();
    for comment in list.lines().take_while(|line| line.starts_with('#')) {
        writeln!(out, "{comment}")?;
    }
    for name in &new_list.names {
        writeln!(out, "{name}")?;
    }
    let mut report = io::stderr().lock();
    writeln!(report, "{} taken", new_list.names.len())?;
    for (why, number) in new_list.dropped {
        writeln!(report, "{number} left out: {why}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_of_a_source() {
        use Voucher::{Person, Visitors};
        let filter = DomainFilter::new().unwrap();
        let cases = [
            ("a domain", "siemens.com", Person, Ok("siemens.com")),
            ("a host below it", "www.ox.ac.uk", Person, Ok("ox.ac.uk")),
            ("a URL", "https://WWW.Siemens.com:443/de?x", Person, Ok("siemens.com")),
            ("a rank before it", "17,\"siemens.com\",x", Visitors(17), Ok("siemens.com")),
            ("a sentence", "no domain here", Person, Err(Dropped::NoDomain)),
            ("a number", "1234", Person, Err(Dropped::NoDomain)),
            ("a public suffix", "co.uk", Person, Err(Dropped::PublicSuffix)),
            ("a private one", "github.io", Person, Err(Dropped::PublicSuffix)),
            ("below a private one", "joe.github.io", Person, Err(Dropped::PublicSuffix)),
            ("a special-use name", "www.example.com", Person, Err(Dropped::SpecialUse)),
            ("disposable", "mailinator.com", Person, Err(Dropped::Disposable)),
            ("a provider", "gmail.com", Person, Err(Dropped::KnownOtherwise)),
            ("a typo", "gmal.com", Person, Err(Dropped::WellKnownTypo)),
            ("a popular neighbour", "hotmall.com", Visitors(10_000), Ok("hotmall.com")),
            ("another", "hotmall.com", Visitors(10_001), Err(Dropped::NearProvider)),
            ("a vouched one", "hotmall.com", Person, Ok("hotmall.com")),
            ("international", "b\u{fc}cher.de", Visitors(1), Err(Dropped::International)),
            ("and vouched", "b\u{fc}cher.de", Person, Ok("xn--bcher-kva.de")),
        ];
        for (name, line, voucher, taken) in cases {
            assert_eq!(filter.take(line, voucher).as_deref(), taken.as_ref().copied(), "{name}");
        }
    }

    #[test]
    fn the_list_passes_its_own_filter() {
        let filter = DomainFilter::new().unwrap();
        let mut new_list = NewList::default();
        let rows: Vec<&str> = rows(include_str!("real.txt")).collect();
        new_list.add(&filter, rows.iter().map(|row| (*row, Voucher::Person)));
        assert_eq!(new_list.dropped, BTreeMap::new(), "left out");
        assert!(new_list.names.iter().map(String::as_str).eq(rows), "not sorted");
    }
}

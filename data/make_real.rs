//! Makes `data/real.txt` anew: the list as it is, with the domains of further sources, sieved and sorted.
//!
//!     cargo run --example make-real -- --vouched universities.txt --ranked popular.csv > real.new
//!
//! A source has a domain, a host name or a URL a line, in the first column of those that a comma or a tab
//! separates. Its licence has to be one that `data/README.md` allows, and it has to be named there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Parser;
use mailvet::address::{Domain, and_parents};
use mailvet::catalog::{Catalog, ListError, ListKind, Lists, Popularity};

/// The first ones of a popular list are meant, however much like a provider's they look; those that live off typos
/// have visitors too, and stand further down. A judgement, not a measurement.
const RANK_THAT_VOUCHES: usize = 10_000;
/// Providers of these classes have enough users for their typos to be worth somebody's money.
const MISTYPED_FROM: u8 = 2;

/// Adds domains to the list of real ones, and prints it.
#[derive(Parser)]
struct Arguments {
    /// The list to start from; its comments stay.
    #[arg(long, default_value = "data/real.txt")]
    list: PathBuf,
    /// Domains for which somebody who knows their owners vouches: companies, universities, governments.
    #[arg(long)]
    vouched: Vec<PathBuf>,
    /// Popular domains, the most popular first.
    #[arg(long)]
    ranked: Vec<PathBuf>,
    /// How many of each ranked list are taken.
    #[arg(long, default_value_t = 100_000)]
    top: usize,
}

/// Who says that a domain is real.
#[derive(Clone, Copy)]
enum Voucher {
    /// Somebody who knows its owner.
    Person,
    /// Its visitors; their rank counts from 1.
    Visitors(usize),
}

/// Why a domain is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Dropped {
    NoDomain,
    PublicSuffix,
    SpecialUse,
    Disposable,
    KnownOtherwise,
    WellKnownTypo,
    NearProvider,
    International,
}

impl Dropped {
    fn code(self) -> &'static str {
        match self {
            Self::NoDomain => "no domain name",
            Self::PublicSuffix => "a public suffix, or below a private one",
            Self::SpecialUse => "a special-use name",
            Self::Disposable => "disposable",
            Self::KnownOtherwise => "a provider's, a relay's or free mailboxes'",
            Self::WellKnownTypo => "a well-known typo",
            Self::NearProvider => "one edit from a big provider's, not popular enough",
            Self::International => "international, and only its visitors vouch for it",
        }
    }
}

/// Decides what is taken.
struct Sieve {
    catalog: Catalog,
    /// Domains that people typo from.
    targets: Vec<String>,
    typos: BTreeSet<&'static str>,
}

impl Sieve {
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

    /// Whether the voucher's word is enough.
    fn vouched(&self, name: &str, voucher: Voucher) -> Result<(), Dropped> {
        match voucher {
            // It may be made to look like another name.
            Voucher::Visitors(_) if name.contains("xn--") => Err(Dropped::International),
            Voucher::Visitors(rank) if rank > RANK_THAT_VOUCHES && self.is_near(name) => {
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

/// The list that grows, and what was left out.
#[derive(Default)]
struct Harvest {
    names: BTreeSet<String>,
    dropped: BTreeMap<Dropped, usize>,
}

impl Harvest {
    fn add<'l>(&mut self, sieve: &Sieve, lines: impl Iterator<Item = (&'l str, Voucher)>) {
        for (line, voucher) in lines {
            match sieve.take(line, voucher) {
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
    let sieve = Sieve::new()?;
    let mut harvest = Harvest::default();
    let list = read(&arguments.list)?;
    harvest.add(&sieve, rows(&list).map(|row| (row, Voucher::Person)));
    for path in &arguments.vouched {
        harvest.add(&sieve, rows(&read(path)?).map(|row| (row, Voucher::Person)));
    }
    for path in &arguments.ranked {
        let text = read(path)?;
        let ranked = rows(&text).zip(1..).take(arguments.top);
        harvest.add(&sieve, ranked.map(|(row, rank)| (row, Voucher::Visitors(rank))));
    }

    let mut out = io::stdout().lock();
    for comment in list.lines().take_while(|line| line.starts_with('#')) {
        writeln!(out, "{comment}")?;
    }
    for name in &harvest.names {
        writeln!(out, "{name}")?;
    }
    let mut report = io::stderr().lock();
    writeln!(report, "{} taken", harvest.names.len())?;
    for (why, number) in harvest.dropped {
        writeln!(report, "{number} left out: {}", why.code())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_of_a_source() {
        use Voucher::{Person, Visitors};
        let sieve = Sieve::new().unwrap();
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
            assert_eq!(sieve.take(line, voucher).as_deref(), taken.as_ref().copied(), "{name}");
        }
    }

    #[test]
    fn the_list_passes_its_own_sieve() {
        let sieve = Sieve::new().unwrap();
        let mut harvest = Harvest::default();
        let rows: Vec<&str> = rows(include_str!("real.txt")).collect();
        harvest.add(&sieve, rows.iter().map(|row| (*row, Voucher::Person)));
        assert_eq!(harvest.dropped, BTreeMap::new(), "left out");
        assert!(harvest.names.iter().map(String::as_str).eq(rows), "not sorted");
    }
}

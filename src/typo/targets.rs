//! The domains that can be suggested, grouped by brand: the label that a provider has everywhere.

use std::collections::{HashMap, HashSet};

use super::index::{DeletionIndex, hash};
use super::keyboard::KeyboardLayout;
use super::phonetic::{PHONETIC, respellings};
use super::typos::{Log10, TypoMatch, best_typos};
use crate::catalog::Popularity;

/// A domain that can be suggested.
pub(super) struct TypoTarget {
    /// In lower-case A-labels.
    pub(super) domain: Box<str>,
    /// How likely it is meant, before anything was typed: the share of addresses that have it.
    pub(super) prior: Log10,
    name_length: usize,
}

/// The domains of one provider: `yahoo` with all its endings.
pub(super) struct Brand {
    name: Box<str>,
    targets: Vec<TypoTarget>,
    /// Number of listed domains with this name, whether they can be suggested or not.
    pub(super) endings: usize,
    /// Whether the name alone shows what is meant, whatever the ending.
    pub(super) is_famous: bool,
}

/// Everything that can be suggested.
pub(super) struct TypoTargets {
    brands: Vec<Brand>,
    spellings: Vec<Spelling>,
    index: DeletionIndex,
    /// Brand and target numbers, by the hash of the domain without its dots.
    without_dots: HashMap<u64, (usize, usize)>,
}

/// A way to spell a name.
struct Spelling {
    text: Box<[u8]>,
    brand: usize,
    kind: SpellingKind,
    /// So many typos in it are recognised.
    most_typos: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SpellingKind {
    Right,
    Phonetic,
}

/// The share of all addresses that have this domain, estimated from its popularity class.
fn share(domain: &str, popularity: Popularity) -> Log10 {
    // The first class spans two orders of magnitude.
    match (domain, popularity.class()) {
        ("gmail.com", 1) => -0.4,
        ("yahoo.com" | "hotmail.com", 1) => -0.8,
        ("outlook.com", 1) => -1.0,
        ("icloud.com", 1) => -1.5,
        ("aol.com" | "live.com", 1) => -1.9,
        (_, 1) => -2.2,
        (_, 2) => -3.0,
        (_, 3) => -3.7,
        (_, _) => -5.0,
    }
}

/// Domains of less popular classes are too rarely meant to be suggested.
const LEAST_POPULAR: u8 = 4;
/// Prior of the operator's own domains, which many users of this installation have.
const OWN: Log10 = -2.2;
/// The popularity class whose names alone show what is meant.
const FAMOUS: u8 = 1;
const FAMOUS_SHARE: Log10 = -2.4;
/// Shorter names resemble too many others.
const SHORTEST_FAMOUS: usize = 5;

impl TypoTarget {
    fn is(&self, domain: &str) -> bool {
        *self.domain == *domain
    }

    /// The part after the name and its dot.
    pub(super) fn ending(&self) -> &[u8] {
        self.domain.as_bytes().get(self.name_length + 1..).unwrap_or_default()
    }
}

impl Brand {
    pub(super) fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }

    pub(super) fn targets(&self) -> &[TypoTarget] {
        &self.targets
    }
}

impl TypoTargets {
    /// Of the popular ones among these domains, and of the operator's own.
    pub(super) fn new<'d>(
        listed: impl Iterator<Item = (&'d str, Popularity)>,
        own: impl Iterator<Item = &'d str>,
    ) -> Self {
        let mut listed: Vec<_> = listed.collect();
        // What is suggested never depends on the order of a list.
        listed.sort_unstable();
        let mut brands = Vec::new();
        let mut by_name = HashMap::new();
        let mut seen = HashSet::new();
        let mut add = |domain: &'d str, prior: Option<Log10>, famous: bool| {
            let (name, _) = domain.split_once('.').unwrap_or((domain, ""));
            if !seen.insert(domain) {
                return;
            }
            let at = *by_name.entry(name).or_insert_with(|| {
                brands.push(Brand {
                    name: name.into(),
                    targets: Vec::new(),
                    endings: 0,
                    is_famous: false,
                });
                brands.len() - 1
            });
            let brand: &mut Brand = &mut brands[at];
            brand.endings += 1;
            brand.is_famous |= famous && name.len() >= SHORTEST_FAMOUS;
            if let Some(prior) = prior {
                let target = TypoTarget { domain: domain.into(), prior, name_length: name.len() };
                brand.targets.push(target);
            }
        };
        for domain in own {
            add(domain, Some(OWN), false);
        }
        for (domain, popularity) in listed {
            let prior = (popularity.class() <= LEAST_POPULAR).then(|| share(domain, popularity));
            add(domain, prior, popularity.class() <= FAMOUS);
        }
        brands.retain(|brand| !brand.targets.is_empty());
        Self::of_brands(brands)
    }

    fn of_brands(brands: Vec<Brand>) -> Self {
        let right: HashSet<&str> = brands.iter().map(|brand| &*brand.name).collect();
        let mut spellings = Vec::new();
        for (at, brand) in brands.iter().enumerate() {
            spellings.push(Spelling {
                text: brand.name.as_bytes().into(),
                brand: at,
                kind: SpellingKind::Right,
                most_typos: most_typos(brand.name.len()),
            });
            let is_no_brand = |misspelt: &String| !right.contains(&**misspelt);
            for misspelt in respellings(&brand.name).filter(is_no_brand) {
                spellings.push(Spelling {
                    text: misspelt.into_bytes().into(),
                    brand: at,
                    kind: SpellingKind::Phonetic,
                    most_typos: 0,
                });
            }
        }
        let words = spellings.iter().map(|spelling| (&*spelling.text, spelling.most_typos));
        let index = DeletionIndex::new(words);
        let without_dots = brands.iter().enumerate().flat_map(|(at, brand)| {
            let targets = brand.targets.iter().enumerate();
            targets.map(move |(number, target)| (letters(&target.domain), (at, number)))
        });
        let without_dots = without_dots.collect();
        Self { without_dots, index, spellings, brands }
    }

    /// Whether this is one of the domains.
    pub(super) fn contain(&self, domain: &str) -> bool {
        self.of_letters(domain).is_some_and(|(_, target)| target.is(domain))
    }

    /// The brand of this very name, if it is a famous one.
    pub(super) fn famous_name(&self, name: &[u8]) -> Option<&Brand> {
        let mut found = None;
        self.index.look_up(name, 0, |number| {
            let Spelling { text, brand, kind, .. } = &self.spellings[number];
            let brand = &self.brands[*brand];
            if *kind == SpellingKind::Right && **text == *name && brand.is_famous {
                found = Some(brand);
            }
        });
        found
    }

    /// The domain, if it is one of the most popular and its name is like no other.
    pub(super) fn famous(&self, domain: &str) -> Option<&TypoTarget> {
        let (brand, target) = self.of_letters(domain)?;
        let is_famous = brand.is_famous && target.prior >= FAMOUS_SHARE && target.is(domain);
        is_famous.then_some(target)
    }

    /// The target that has the same letters when dots do not count.
    pub(super) fn of_letters(&self, typed: &str) -> Option<(&Brand, &TypoTarget)> {
        let (brand, number) = *self.without_dots.get(&letters(typed))?;
        let brand = &self.brands[brand];
        let target = &brand.targets[number];
        let is_same = without_dots(typed).eq(without_dots(&target.domain));
        is_same.then_some((brand, target))
    }

    /// The brands that may be meant by this name, each with the likeliest typos between the two.
    pub(super) fn of_name(&self, typed: &[u8], layout: KeyboardLayout) -> Vec<(&Brand, TypoMatch)> {
        let mut found: Vec<(usize, TypoMatch)> = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        self.index.look_up(typed, most_typos(typed.len()), |number| {
            if seen.contains(&number) {
                return;
            }
            seen.push(number);
            let spelling = &self.spellings[number];
            let typos = match spelling.kind {
                SpellingKind::Right => {
                    best_typos(typed, &spelling.text, spelling.most_typos, layout)
                }
                SpellingKind::Phonetic => (typed == &*spelling.text).then(|| {
                    let name = self.brands[spelling.brand].name();
                    let edits = strsim::generic_damerau_levenshtein(typed, name);
                    TypoMatch::phonetic(PHONETIC, edits)
                }),
            };
            let Some(typos) = typos else { return };
            match found.iter_mut().find(|(brand, _)| *brand == spelling.brand) {
                Some((_, known)) if known.likelihood() >= typos.likelihood() => {}
                Some((_, known)) => *known = typos,
                None => found.push((spelling.brand, typos)),
            }
        });
        found.into_iter().map(|(brand, typos)| (&self.brands[brand], typos)).collect()
    }

    /// Every domain.
    pub(super) fn domains(&self) -> impl Iterator<Item = &str> {
        self.brands.iter().flat_map(|brand| brand.targets.iter().map(|target| &*target.domain))
    }
}

/// How many typos are recognised in a name of this length.
fn most_typos(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    }
}

fn without_dots(domain: &str) -> impl Iterator<Item = u8> {
    domain.bytes().filter(|byte| *byte != b'.')
}

fn letters(domain: &str) -> u64 {
    hash(without_dots(domain))
}

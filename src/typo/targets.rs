//! The domains that can be suggested, by the name that their provider has everywhere.

use std::collections::{HashMap, HashSet};

use super::index::{DeletionIndex, hash};
use super::phonetic::{HEARD, respellings};
use super::typos::{Log10, TypingModel, TypoMatch};
use crate::catalog::Popularity;

/// A domain that can be suggested.
pub(super) struct Target {
    /// In lower-case A-labels.
    pub(super) domain: Box<str>,
    /// How likely it is meant, before anything was typed.
    pub(super) prior: Log10,
    name_length: usize,
}

/// The domains of one name: `yahoo` with all its endings.
pub(super) struct Brand {
    name: Box<str>,
    targets: Vec<Target>,
    /// With how many endings the name is known, suggested or not.
    pub(super) endings: usize,
    /// Whether the name is likely enough to be meant when the ending is anything.
    pub(super) is_famous: bool,
}

/// Everything that can be suggested.
pub(super) struct Targets {
    brands: Vec<Brand>,
    spellings: Vec<Spelling>,
    index: DeletionIndex,
    /// By the hash of the domain without its dots.
    without_dots: HashMap<u64, (usize, usize)>,
}

/// A way to spell a name.
struct Spelling {
    text: Box<[u8]>,
    brand: usize,
    kind: SpellingKind,
    /// How many typos in it are recognised.
    most_typos: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SpellingKind {
    Right,
    ByEar,
}

/// How many of all addresses there are have a domain of this popularity.
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

/// Less popular domains than those of this class are too rarely meant to be guessed.
const LEAST_POPULAR: u8 = 4;
/// A domain of the operator's own: whoever types here often has it.
const OWN: Log10 = -2.2;
/// A name of this class is known by itself, whatever its ending.
const FAMOUS: u8 = 1;
const FAMOUS_SHARE: Log10 = -2.4;
/// Shorter names are too much like others.
const SHORTEST_FAMOUS: usize = 5;

impl Target {
    fn is(&self, domain: &str) -> bool {
        *self.domain == *domain
    }

    /// What follows the name.
    pub(super) fn ending(&self) -> &[u8] {
        self.domain.as_bytes().get(self.name_length + 1..).unwrap_or_default()
    }
}

impl Brand {
    pub(super) fn name(&self) -> &[u8] {
        self.name.as_bytes()
    }

    pub(super) fn targets(&self) -> &[Target] {
        &self.targets
    }
}

impl Targets {
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
                let target = Target { domain: domain.into(), prior, name_length: name.len() };
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
                most_typos: brand.most_typos(),
            });
            for heard in respellings(&brand.name).filter(|heard| !right.contains(&**heard)) {
                spellings.push(Spelling {
                    text: heard.into_bytes().into(),
                    brand: at,
                    kind: SpellingKind::ByEar,
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
    pub(super) fn famous(&self, domain: &str) -> Option<&Target> {
        let (brand, target) = self.of_letters(domain)?;
        let is_famous = brand.is_famous && target.prior >= FAMOUS_SHARE && target.is(domain);
        is_famous.then_some(target)
    }

    /// The one of which this is a spelling when dots do not count.
    pub(super) fn of_letters(&self, typed: &str) -> Option<(&Brand, &Target)> {
        let (brand, number) = *self.without_dots.get(&letters(typed))?;
        let brand = &self.brands[brand];
        let target = &brand.targets[number];
        let is_same = without_dots(typed).eq(without_dots(&target.domain));
        is_same.then_some((brand, target))
    }

    /// The brands that may be meant by this name, each with the likeliest typos that make the name of it.
    pub(super) fn of_name(&self, typed: &[u8], hand: TypingModel) -> Vec<(&Brand, TypoMatch)> {
        let mut found: Vec<(usize, TypoMatch)> = Vec::new();
        let mut seen: Vec<usize> = Vec::new();
        self.index.look_up(typed, most_typos(typed.len()), |number| {
            if seen.contains(&number) {
                return;
            }
            seen.push(number);
            let spelling = &self.spellings[number];
            let typos = match spelling.kind {
                SpellingKind::Right => hand.typos(typed, &spelling.text, spelling.most_typos),
                SpellingKind::ByEar => (typed == &*spelling.text).then(|| {
                    let name = self.brands[spelling.brand].name();
                    let edits = strsim::generic_damerau_levenshtein(typed, name);
                    TypoMatch::by_ear(HEARD, edits)
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

impl Brand {
    fn most_typos(&self) -> usize {
        most_typos(self.name.len())
    }
}

/// The more letters a name has, the more of them may be wrong.
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

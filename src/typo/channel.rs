//! The noisy channel: how likely each domain was meant, given what was typed.
//!
//! [`likeliest`] collects every domain that could have been meant ([`CandidateSet`]), each with its prior times
//! the likelihood of the typos, and divides the best one by the sum of all and of the typed domain's own prior.

use std::ops::RangeInclusive;

use super::confidence::Confidence;
use super::endings::TypedEnding;
use super::keyboard::KeyboardLayout;
use super::locale::Locale;
use super::targets::{Brand, TypoTarget, TypoTargets};
use super::typed_prior::DomainShape;
use super::typos::{Log10, TypoMatch};

/// `yahoocom`, `gmailc.om`, `g.mail.com`.
const DOT_ASTRAY: TypoMatch = TypoMatch::one(-3.6);
/// `www.gmail.com`.
const WEB_PREFIX: TypoMatch = TypoMatch::one(-3.6);
/// `mail.gmail.com`.
const MAIL_PREFIX: TypoMatch = TypoMatch::one(-4.2);
/// `yahoomail.com`.
const MAIL_SUFFIX: TypoMatch = TypoMatch::one(-4.2);
/// `yahoo`.
const ENDING_MISSING: TypoMatch = TypoMatch::one(-4.5);
/// Lengths of an ending that is looked for in a text without a dot.
const ENDING_LENGTHS: RangeInclusive<usize> = 2..=6;
/// Penalty of another name where the typed name is right, as in `mail.con`.
const OTHER_NAME_IS_RIGHT: Log10 = -1.5;
/// More typos than these make any domain of any other.
const MOST_TYPOS: usize = 3;
/// Bonus of domains of the user's own country.
const OF_COUNTRY: Log10 = 1.0;
/// Upper bound: no list shows what one person means.
const SUREST: f64 = 0.98;
/// Upper bound for more than one typo. It stays below what overrules a typed domain that accepts mail
/// (`NEAR_CERTAIN`): with two letters changed, one real name becomes another.
const SUREST_OF_SEVERAL: f64 = 0.94;
/// Less likely domains are not suggested.
const FAINTEST: f64 = 0.05;
/// Two domains closer than this are a tie, and nothing is suggested.
const LEAD: Log10 = 0.1;

/// What was typed.
#[derive(Clone, Copy)]
pub(super) struct TypedText<'t> {
    /// In lower case. Each letter that is not ASCII is one byte that is not ASCII either.
    pub(super) text: &'t [u8],
    /// In A-labels.
    pub(super) domain: &'t str,
}

/// A domain that may have been meant.
struct CandidateDomain<'t> {
    target: &'t TypoTarget,
    likelihood: Log10,
    /// At least so many characters are wrong.
    edits: usize,
}

/// The domain that was most probably meant instead of the typed one.
pub(super) fn likeliest<'t>(
    targets: &'t TypoTargets,
    typed: TypedText<'_>,
    locale: Option<&Locale>,
) -> Option<(&'t str, Confidence)> {
    let mut set = CandidateSet {
        targets,
        locale,
        layout: KeyboardLayout::of(locale),
        candidates: Vec::new(),
        shape: None,
        countries: None,
    };
    set.enter(typed, TypoMatch::NONE);
    let shape = set.shape?;
    let (best, probability) = choose(&set.candidates, shape.prior(set.countries))?;
    let meant = &*best.target.domain;
    let are_several = best.edits > 1 && strsim::osa_distance(typed.domain, meant) > 1;
    let surest = if are_several { SUREST_OF_SEVERAL } else { SUREST };
    Some((meant, Confidence::from_probability(probability.min(surest))?))
}

/// The likeliest candidate and its probability, unless another one is as likely.
fn choose<'c, 't>(
    candidates: &'c [CandidateDomain<'t>],
    typed_prior: Log10,
) -> Option<(&'c CandidateDomain<'t>, f64)> {
    let best =
        candidates.iter().max_by(|one, other| one.likelihood.total_cmp(&other.likelihood))?;
    let is_rival = |other: &CandidateDomain<'_>| {
        other.target.domain != best.target.domain && other.likelihood > best.likelihood - LEAD
    };
    if candidates.iter().any(is_rival) {
        return None;
    }
    // Relative to the best, so that nothing is too small for a number.
    let all: f64 = candidates
        .iter()
        .map(|candidate| candidate.likelihood)
        .chain([typed_prior])
        .map(|likelihood| 10f64.powf(likelihood - best.likelihood))
        .sum();
    let probability = Some(1.0 / all).filter(|probability| *probability >= FAINTEST)?;
    Some((best, probability))
}

/// Every domain that may have been meant.
struct CandidateSet<'t, 'l> {
    targets: &'t TypoTargets,
    locale: Option<&'l Locale>,
    /// The keyboard of that locale.
    layout: KeyboardLayout,
    candidates: Vec<CandidateDomain<'t>>,
    /// Shape of the typed domain; computed with the first candidate, since most texts have none.
    shape: Option<DomainShape>,
    /// Number of endings of the provider whose very name was typed.
    countries: Option<usize>,
}

impl<'t> CandidateSet<'t, '_> {
    /// Enters what may have been meant by a text, after some typos around it.
    fn enter(&mut self, typed: TypedText<'_>, around: TypoMatch) {
        match typed.text.iter().position(|byte| *byte == b'.') {
            Some(dot) => {
                self.enter_by_name(typed, &typed.text[..dot], &typed.text[dot + 1..], around);
            }
            None => self.enter_without_dot(typed),
        }
        if let Some((_, target)) = self.targets.of_letters(typed.domain) {
            let typos = if *target.domain == *typed.domain { TypoMatch::NONE } else { DOT_ASTRAY };
            self.shape(typed);
            self.add(target, around.and(typos));
        }
        if let Some(domain) = typed.domain.strip_prefix("www.").filter(|_| around.count == 0) {
            let text = typed.text.get("www.".len()..).unwrap_or_default();
            self.enter(TypedText { text, domain }, WEB_PREFIX);
        }
        let mail = typed.domain.strip_prefix("mail.").and_then(|rest| self.targets.famous(rest));
        if let Some(target) = mail {
            self.shape(typed);
            self.add(target, around.and(MAIL_PREFIX));
        }
    }

    /// Enters the domains of the names that are like the first label.
    fn enter_by_name(
        &mut self,
        typed: TypedText<'_>,
        name: &[u8],
        ending: &[u8],
        around: TypoMatch,
    ) {
        let mut brands = self.targets.of_name(name, self.layout);
        let before_mail =
            name.strip_suffix(b"mail").and_then(|name| self.targets.famous_name(name));
        brands.extend(before_mail.map(|brand| (brand, MAIL_SUFFIX)));
        if brands.is_empty() {
            return;
        }
        let status = self.shape(typed).ending_status();
        let ending = TypedEnding { text: ending, status };
        let right =
            brands.iter().find(|(_, typos)| typos.count == 0).map(|(brand, _)| brand.endings);
        self.countries = self.countries.or(right);
        for (brand, typos) in brands {
            let is_other = right.is_some() && typos.count > 0;
            let typos = if is_other { typos.with_penalty(OTHER_NAME_IS_RIGHT) } else { typos };
            self.enter_brand(brand, ending, around.and(typos));
        }
    }

    /// Enters what may have been meant by a single label: the ending is missing, or the dot before it.
    fn enter_without_dot(&mut self, typed: TypedText<'_>) {
        for (brand, typos) in self.targets.of_name(typed.text, self.layout) {
            if brand.is_famous {
                self.shape(typed);
                for target in brand.targets() {
                    self.add(target, typos.and(ENDING_MISSING));
                }
            }
        }
        for length in ENDING_LENGTHS {
            let Some(dot) = typed.text.len().checked_sub(length) else { return };
            let (name, ending) = typed.text.split_at(dot);
            self.enter_by_name(typed, name, ending, DOT_ASTRAY);
        }
    }

    /// Enters the domains of a name, after the typos before their ending.
    fn enter_brand(&mut self, brand: &'t Brand, ending: TypedEnding<'_>, before: TypoMatch) {
        let has = |right: &dyn Fn(&[u8]) -> bool| {
            brand.targets().iter().any(|target| right(target.ending()))
        };
        let is_right = has(&|meant| ending.text == meant);
        let is_there = has(&|meant| ending.is_country_of(meant));
        if is_there && before.count == 0 {
            // A provider with a domain in that very country has no second one there.
            self.countries = self.countries.map(|_| 1);
        }
        for target in brand.targets() {
            let meant = target.ending();
            let typos = if is_right {
                (ending.text == meant).then_some(TypoMatch::NONE)
            } else if is_there && !ending.is_country_of(meant) {
                ending.letter_typos(meant, self.layout)
            } else {
                ending.typos(meant, brand.name(), self.layout)
            };
            if let Some(typos) = typos {
                self.add(target, before.and(typos));
            }
        }
    }

    fn add(&mut self, target: &'t TypoTarget, typos: TypoMatch) {
        if typos.count > MOST_TYPOS {
            return;
        }
        let is_of_country = self.locale.is_some_and(|locale| locale.favours(&target.domain));
        let country = if is_of_country { OF_COUNTRY } else { 0.0 };
        let likelihood = target.prior + country + typos.likelihood();
        match self.candidates.iter_mut().find(|known| known.target.domain == target.domain) {
            Some(known) if known.likelihood >= likelihood => {}
            Some(known) => (known.likelihood, known.edits) = (likelihood, typos.edits),
            None => {
                self.candidates.push(CandidateDomain { target, likelihood, edits: typos.edits });
            }
        }
    }

    fn shape(&mut self, typed: TypedText<'_>) -> DomainShape {
        *self.shape.get_or_insert_with(|| DomainShape::of(typed.domain))
    }
}

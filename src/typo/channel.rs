//! The noisy channel: how likely each domain was meant, given what was typed.
//!
//! A domain was meant as often as people have it (its prior) times how often it is then typed like this
//! (its typos). Against all that could have been meant stands that the typed one is. What is left is a
//! probability, as far as the numbers that go in are right.

use std::ops::RangeInclusive;

use super::confidence::Confidence;
use super::endings::TypedEnding;
use super::locale::Locale;
use super::targets::{Brand, Target, Targets};
use super::typed_prior::Shape;
use super::typos::{Log10, TypingModel, TypoMatch};

/// `yahoocom`, `gmailc.om`, `g.mail.com`.
const DOT_ASTRAY: TypoMatch = TypoMatch::one(-3.6);
/// `www.gmail.com`.
const WEB_PREFIX: TypoMatch = TypoMatch::one(-3.6);
/// `mail.gmail.com`.
const MAIL_PREFIX: TypoMatch = TypoMatch::one(-4.2);
/// `yahoomail.com`.
const MAIL_BEHIND: TypoMatch = TypoMatch::one(-4.2);
/// `yahoo`.
const ENDING_MISSING: TypoMatch = TypoMatch::one(-4.5);
/// How long an ending can be that stands behind a name without a dot.
const ENDING_LENGTHS: RangeInclusive<usize> = 2..=6;
/// Where the name is right as it stands, as in `mail.con`, few meant another one.
const OTHER_NAME_IS_RIGHT: Log10 = -1.5;
/// More typos than these make any domain of any other.
const MOST_TYPOS: usize = 3;
/// What somebody's own country adds to the chance of its domains.
const OF_COUNTRY: Log10 = 1.0;
/// Nobody can be surer than this of what another person means.
const SUREST: f64 = 0.98;
/// Where more than one typo makes the typed domain of the one that was meant, it stays below what overrules
/// a typed domain that accepts mail (`NEAR_CERTAIN`): with two letters changed, one real name becomes another.
const SUREST_OF_SEVERAL: f64 = 0.94;
/// What is less likely than this was not meant.
const FAINTEST: f64 = 0.05;
/// How far the next likeliest has to be behind; else nobody can tell which of the two was meant.
const LEAD: Log10 = 0.1;

/// What was typed, as far as it matters here.
#[derive(Clone, Copy)]
pub(super) struct Typed<'t> {
    /// In lower case. Letters that are not ASCII may stand as any byte beyond it.
    pub(super) text: &'t [u8],
    /// In A-labels.
    pub(super) domain: &'t str,
}

/// What may have been meant.
struct Candidate<'t> {
    target: &'t Target,
    likelihood: Log10,
    /// How many characters are wrong at least.
    edits: usize,
}

/// Whoever typed.
#[derive(Clone, Copy)]
struct Typist<'l> {
    hand: TypingModel,
    locale: Option<&'l Locale>,
}

/// The domain that was most probably meant instead of the typed one.
pub(super) fn likeliest<'t>(
    targets: &'t Targets,
    typed: Typed<'_>,
    locale: Option<&Locale>,
) -> Option<(&'t str, Confidence)> {
    let typist = Typist { hand: TypingModel::of(locale), locale };
    let mut field = CandidateSet { candidates: Vec::new(), shape: None, countries: None };
    field.enter(targets, typed, typist, TypoMatch::NONE);
    let shape = field.shape?;
    let (best, probability) = choose(&field.candidates, shape.likelihood(field.countries))?;
    let meant = &*best.target.domain;
    let are_several = best.edits > 1 && strsim::osa_distance(typed.domain, meant) > 1;
    let surest = if are_several { SUREST_OF_SEVERAL } else { SUREST };
    Some((meant, Confidence::from_probability(probability.min(surest))?))
}

/// The likeliest candidate and its probability, unless another one is as likely.
fn choose<'c, 't>(
    candidates: &'c [Candidate<'t>],
    as_typed: Log10,
) -> Option<(&'c Candidate<'t>, f64)> {
    let by_likelihood =
        |one: &&Candidate<'_>, other: &&Candidate<'_>| one.likelihood.total_cmp(&other.likelihood);
    let best = candidates.iter().max_by(by_likelihood)?;
    let is_rival = |other: &Candidate<'_>| {
        other.target.domain != best.target.domain && other.likelihood > best.likelihood - LEAD
    };
    if candidates.iter().any(is_rival) {
        return None;
    }
    // Relative to the best, so that nothing is too small for a number.
    let all: f64 = candidates
        .iter()
        .map(|candidate| candidate.likelihood)
        .chain([as_typed])
        .map(|likelihood| 10f64.powf(likelihood - best.likelihood))
        .sum();
    let probability = Some(1.0 / all).filter(|probability| *probability >= FAINTEST)?;
    Some((best, probability))
}

/// All that may have been meant.
struct CandidateSet<'t> {
    candidates: Vec<Candidate<'t>>,
    /// Of what was typed; none as long as nothing is like it.
    shape: Option<Shape>,
    /// With how many endings the very name that was typed is known.
    countries: Option<usize>,
}

impl<'t> CandidateSet<'t> {
    /// Enters what may have been meant by a text, after some typos around it.
    fn enter(
        &mut self,
        targets: &'t Targets,
        typed: Typed<'_>,
        typist: Typist<'_>,
        around: TypoMatch,
    ) {
        match typed.text.iter().position(|byte| *byte == b'.') {
            Some(dot) => {
                let (name, ending) = (&typed.text[..dot], &typed.text[dot + 1..]);
                self.enter_by_name(targets, typed, (name, ending), typist, around);
            }
            None => self.enter_without_dot(targets, typed, typist),
        }
        if let Some((_, target)) = targets.of_letters(typed.domain) {
            let typos = if *target.domain == *typed.domain { TypoMatch::NONE } else { DOT_ASTRAY };
            self.shape(typed);
            self.add(target, around.and(typos), typist);
        }
        if let Some(domain) = typed.domain.strip_prefix("www.").filter(|_| around.count == 0) {
            let text = typed.text.get("www.".len()..).unwrap_or_default();
            self.enter(targets, Typed { text, domain }, typist, WEB_PREFIX);
        }
        let mail = typed.domain.strip_prefix("mail.").and_then(|rest| targets.famous(rest));
        if let Some(target) = mail {
            self.shape(typed);
            self.add(target, around.and(MAIL_PREFIX), typist);
        }
    }

    /// Enters the domains of the names that are like the first label.
    fn enter_by_name(
        &mut self,
        targets: &'t Targets,
        typed: Typed<'_>,
        (name, ending): (&[u8], &[u8]),
        typist: Typist<'_>,
        around: TypoMatch,
    ) {
        let mut brands = targets.of_name(name, typist.hand);
        let before_mail = name.strip_suffix(b"mail").and_then(|name| targets.famous_name(name));
        brands.extend(before_mail.map(|brand| (brand, MAIL_BEHIND)));
        if brands.is_empty() {
            return;
        }
        let existence = self.shape(typed).existence();
        let ending = TypedEnding { text: ending, existence };
        let right =
            brands.iter().find(|(_, typos)| typos.count == 0).map(|(brand, _)| brand.endings);
        self.countries = self.countries.or(right);
        for (brand, typos) in brands {
            let is_other = right.is_some() && typos.count > 0;
            let typos = if is_other { typos.against(OTHER_NAME_IS_RIGHT) } else { typos };
            self.enter_brand(brand, ending, typist, around.and(typos));
        }
    }

    /// Enters what may have been meant by a single label: the ending is missing, or the dot before it.
    fn enter_without_dot(&mut self, targets: &'t Targets, typed: Typed<'_>, typist: Typist<'_>) {
        for (brand, typos) in targets.of_name(typed.text, typist.hand) {
            if brand.is_famous {
                self.shape(typed);
                for target in brand.targets() {
                    self.add(target, typos.and(ENDING_MISSING), typist);
                }
            }
        }
        for length in ENDING_LENGTHS {
            let Some(dot) = typed.text.len().checked_sub(length) else { return };
            self.enter_by_name(targets, typed, typed.text.split_at(dot), typist, DOT_ASTRAY);
        }
    }

    /// Enters the domains of a name that was meant.
    fn enter_brand(
        &mut self,
        brand: &'t Brand,
        ending: TypedEnding<'_>,
        typist: Typist<'_>,
        before: TypoMatch,
    ) {
        let has = |right: &dyn Fn(&[u8]) -> bool| {
            brand.targets().iter().any(|target| right(target.ending()))
        };
        let is_right = has(&|meant| ending.text == meant);
        let is_there = has(&|meant| ending.is_country_of(meant));
        if is_there && before.count == 0 {
            // Where the name has a domain in that very country, it has no other one there.
            self.countries = self.countries.map(|_| 1);
        }
        for target in brand.targets() {
            let meant = target.ending();
            let typos = if is_right {
                (ending.text == meant).then_some(TypoMatch::NONE)
            } else if is_there && !ending.is_country_of(meant) {
                ending.typos_by_hand(meant, typist.hand)
            } else {
                ending.typos(meant, brand.name(), typist.hand)
            };
            if let Some(typos) = typos {
                self.add(target, before.and(typos), typist);
            }
        }
    }

    fn add(&mut self, target: &'t Target, typos: TypoMatch, typist: Typist<'_>) {
        if typos.count > MOST_TYPOS {
            return;
        }
        let of_country = typist.locale.is_some_and(|locale| locale.favours(&target.domain));
        let country = if of_country { OF_COUNTRY } else { 0.0 };
        let likelihood = target.prior + country + typos.likelihood();
        match self.candidates.iter_mut().find(|known| known.target.domain == target.domain) {
            Some(known) if known.likelihood >= likelihood => {}
            Some(known) => (known.likelihood, known.edits) = (likelihood, typos.edits),
            None => self.candidates.push(Candidate { target, likelihood, edits: typos.edits }),
        }
    }

    fn shape(&mut self, typed: Typed<'_>) -> Shape {
        *self.shape.get_or_insert_with(|| Shape::of(typed.domain))
    }
}

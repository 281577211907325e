//! What servers say in refusals: rules in order, the first one that fits decides.

use regex::bytes::RegexSet;

use super::reading::{PatternError, Reading};
use super::scope::{CodeScope, EnhancedScope};
use super::wording::Wording;
use super::{About, EnhancedCode, Reply, Stage};
use crate::catalog::SourceText;

/// The rules that tell what a refusal speaks of, in order: the first one that fits decides.
pub struct Patterns {
    pub(super) rules: Vec<Rule>,
    pub(super) prose: RegexSet,
    pub(super) names: RegexSet,
    pub(super) in_force: Vec<PatternsInForce>,
}

/// A file of rules that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternsInForce {
    /// Where it comes from.
    pub source: String,
    /// Its date, where a comment at its top gives one.
    pub date: Option<String>,
    /// How many rules of it are used.
    pub rules: usize,
}

/// One rule. Every condition that it has must hold.
pub(super) struct Rule {
    pub(super) id: Box<str>,
    pub(super) about: About,
    pub(super) stages: Vec<Stage>,
    pub(super) codes: Vec<CodeScope>,
    pub(super) enhanced: Vec<EnhancedScope>,
    pub(super) providers: Vec<String>,
    /// Where its patterns stand in the sets: words and what excludes it in `prose`.
    pub(super) words: Option<usize>,
    pub(super) unless: Option<usize>,
    pub(super) names: Option<usize>,
    pub(super) examples: Vec<String>,
}

/// A reply that ought to be understood by a rule.
#[derive(Clone, Copy, Debug)]
pub struct Example<'p> {
    /// The rule.
    pub rule: &'p str,
    /// What the rule says of it.
    pub about: About,
    /// The stage that it answers.
    pub stage: Stage,
    /// The provider that sends it, where the rule is for one.
    pub provider: Option<&'p str>,
    /// The reply.
    pub text: &'p str,
}

/// The file compiled in.
const BUILTIN: (&str, &str) = ("data/replies.toml", include_str!("../../data/replies.toml"));

impl Patterns {
    /// The rules compiled in.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    pub fn builtin() -> Self {
        Self::from_sources(&[Self::builtin_source()]).expect("a test reads the same file")
    }

    /// The file compiled in.
    pub fn builtin_source() -> SourceText<'static> {
        SourceText { name: BUILTIN.0.into(), text: BUILTIN.1.into() }
    }

    /// Reads files of rules. The rules of a later file come before those of the files before it, and
    /// replace those with the same id; its terms are added to theirs.
    ///
    /// # Errors
    /// The first rule that cannot be used.
    pub fn from_sources(sources: &[SourceText<'_>]) -> Result<Self, PatternError> {
        let mut reading = Reading::default();
        for source in sources {
            reading.read(source)?;
        }
        reading.finish()
    }

    /// The files in force, in the order in which they were read.
    pub fn in_force(&self) -> &[PatternsInForce] {
        &self.in_force
    }

    /// The examples of all rules.
    pub fn examples(&self) -> impl Iterator<Item = Example<'_>> {
        self.rules.iter().flat_map(|rule| {
            rule.examples.iter().map(|text| Example {
                rule: &rule.id,
                about: rule.about,
                stage: if rule.stages.contains(&Stage::RcptTo) {
                    Stage::RcptTo
                } else {
                    rule.stages.first().copied().unwrap_or(Stage::RcptTo)
                },
                provider: rule.providers.first().map(String::as_str),
                text,
            })
        })
    }

    /// The providers that rules are for.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().flat_map(|rule| &rule.providers).map(String::as_str)
    }

    /// The first rule that fits a refusal.
    pub(super) fn find(
        &self,
        stage: Stage,
        reply: &Reply,
        provider: Option<&str>,
    ) -> Option<&Rule> {
        let wording = Wording::of(&reply.text);
        let prose = self.prose.matches(wording.prose.as_bytes());
        let names = self.names.matches(wording.names.as_bytes());
        self.rules.iter().find(|rule| {
            rule.is_for(stage, reply, provider)
                && rule.words.is_none_or(|words| prose.matched(words))
                && rule.names.is_none_or(|index| names.matched(index))
                && !rule.unless.is_some_and(|unless| prose.matched(unless))
        })
    }
}

impl Rule {
    fn is_for(&self, stage: Stage, reply: &Reply, provider: Option<&str>) -> bool {
        let covers = |enhanced: EnhancedCode| self.enhanced.iter().any(|one| one.covers(enhanced));
        let of = |provider| self.providers.iter().any(|one| one == provider);
        (self.stages.is_empty() || self.stages.contains(&stage))
            && (self.codes.is_empty() || self.codes.iter().any(|code| code.covers(reply.code)))
            && (self.enhanced.is_empty() || reply.enhanced.is_some_and(covers))
            && (self.providers.is_empty() || provider.is_some_and(of))
    }
}

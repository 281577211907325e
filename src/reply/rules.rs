//! Reply rules, compiled: in order, the first rule that matches a refusal decides.

use regex::bytes::RegexSet;

use super::normalized_text::NormalizedText;
use super::scope::{CodeScope, EnhancedScope};
use super::{About, EnhancedCode, Reply, Stage};

/// Every reply rule, in order.
pub struct ReplyRules {
    pub(super) rules: Vec<Rule>,
    pub(super) prose: RegexSet,
    pub(super) names: RegexSet,
    pub(super) in_force: Vec<RuleFileInForce>,
}

/// A file of rules that is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleFileInForce {
    /// The name of the file.
    pub source: String,
    /// Its date, if a comment at its top gives one.
    pub date: Option<String>,
    /// Number of its rules that no later file replaces.
    pub rules: usize,
}

/// One rule. All of its conditions must hold; an empty list is no condition.
pub(super) struct Rule {
    pub(super) id: Box<str>,
    pub(super) about: About,
    pub(super) stages: Vec<Stage>,
    pub(super) codes: Vec<CodeScope>,
    pub(super) enhanced: Vec<EnhancedScope>,
    pub(super) providers: Vec<String>,
    /// Indices of its patterns in the sets: `words` and `unless` in `prose`, `names` in `names`.
    pub(super) words: Option<usize>,
    pub(super) unless: Option<usize>,
    pub(super) names: Option<usize>,
    #[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "only tests read it"))]
    pub(super) examples: Vec<String>,
}

/// An example of a rule: a reply that this rule must be the first to match. A test checks all of them.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug)]
pub struct RuleExample<'p> {
    /// The id of the rule.
    pub rule: &'p str,
    pub about: About,
    pub stage: Stage,
    /// The provider, if the rule is for one.
    pub provider: Option<&'p str>,
    pub text: &'p str,
}

impl ReplyRules {
    /// The files in force, in the order in which they were read.
    pub fn in_force(&self) -> &[RuleFileInForce] {
        &self.in_force
    }

    /// The examples of all rules.
    #[cfg(feature = "testing")]
    pub fn examples(&self) -> impl Iterator<Item = RuleExample<'_>> {
        self.rules.iter().flat_map(|rule| {
            rule.examples.iter().map(|text| RuleExample {
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

    /// The first rule that matches a refusal.
    pub(super) fn find(
        &self,
        stage: Stage,
        reply: &Reply,
        provider: Option<&str>,
    ) -> Option<&Rule> {
        let text = NormalizedText::of(&reply.text);
        let prose = self.prose.matches(text.prose.as_bytes());
        let names = self.names.matches(text.names.as_bytes());
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

//! Reads reply rules from `data/replies.toml` and from the operator's own files, and compiles their patterns.

use std::collections::BTreeMap;
use std::fmt;

use regex::bytes::{RegexSet, RegexSetBuilder};
use serde::Deserialize;
use toml::Spanned;

use super::normalized_text::folded;
use super::rules::{ReplyRules, Rule, RuleFileInForce};
use super::scope::{CodeScope, EnhancedScope};
use super::{About, Stage};
use crate::catalog::SourceText;

/// A rule that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct RuleError {
    /// The name of the file.
    pub source_name: String,
    /// The line where it begins, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: RuleProblem,
}

/// What can be wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleProblem {
    /// The file is no TOML, or has unknown keys or values of another type.
    #[error("{0}")]
    Form(String),
    /// A value that its key cannot have.
    #[error("rule `{rule}`: `{value}` is no {what}")]
    Value {
        /// The rule's id.
        rule: String,
        /// What it has to be.
        what: &'static str,
        /// As written.
        value: String,
    },
    /// Two rules of a file have the same id.
    #[error("a second rule `{0}`")]
    Duplicate(String),
    /// The rule has no condition and would match every refusal.
    #[error("rule `{0}` asks for nothing: it needs `words`, `names`, `enhanced` or `code`")]
    Boundless(String),
    /// The rule is about the mailbox, at a stage before the recipient is named.
    #[error("rule `{rule}`: a reply to {} says nothing of the mailbox", .stage.code())]
    BeforeRecipient {
        /// The rule's id.
        rule: String,
        /// Its stage.
        stage: Stage,
    },
    /// A pattern uses a term that is not defined.
    #[error("rule `{rule}`: no term `<{term}>` is defined")]
    UnknownTerm {
        /// The rule's id.
        rule: String,
        /// As written.
        term: String,
    },
    /// A pattern is no regular expression, or one that is far too large.
    #[error("rule `{rule}`: {error}")]
    Regex {
        /// The rule's id.
        rule: String,
        /// What is wrong with it.
        error: String,
    },
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, line {}: {}", self.source_name, self.line, self.problem)
    }
}

/// The file compiled in.
const BUILTIN: (&str, &str) = ("data/replies.toml", include_str!("../../data/replies.toml"));

impl ReplyRules {
    /// The rules compiled in.
    ///
    /// # Panics
    /// Never: a test reads the same file.
    #[cfg(feature = "testing")]
    pub fn builtin() -> Self {
        Self::from_sources(&[Self::builtin_source()]).expect("a test reads the same file")
    }

    /// The file compiled in.
    pub fn builtin_source() -> SourceText<'static> {
        SourceText { name: BUILTIN.0.into(), text: BUILTIN.1.into() }
    }

    /// Reads files of rules. The rules of a later file come before those of earlier files and replace those with
    /// the same id; its terms are added.
    ///
    /// # Errors
    /// The first rule that cannot be used.
    pub fn from_sources(sources: &[SourceText<'_>]) -> Result<Self, RuleError> {
        let mut reader = RuleReader::default();
        for source in sources {
            reader.read(source)?;
        }
        reader.finish()
    }
}

/// A file of rules, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFileToml {
    #[serde(default)]
    terms: BTreeMap<String, TermToml>,
    #[serde(default)]
    rule: Vec<Spanned<RuleToml>>,
}

/// What a term stands for: a pattern, or alternatives.
#[derive(Deserialize)]
#[serde(untagged)]
enum TermToml {
    One(String),
    Any(Vec<String>),
}

/// A rule, as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleToml {
    id: String,
    means: String,
    #[serde(default)]
    stage: Vec<String>,
    #[serde(default)]
    code: Vec<String>,
    #[serde(default)]
    enhanced: Vec<String>,
    #[serde(default)]
    provider: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    unless: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    examples: Vec<String>,
}

/// Bounds on the memory of the compiled patterns, and of the cache that matching fills.
const COMPILED_BYTES: usize = 16 << 20;
const MATCH_CACHE_BYTES: usize = 8 << 20;

/// How deep terms may be nested.
const TERM_DEPTH: usize = 8;

/// Collects the rules of several files.
#[derive(Default)]
struct RuleReader {
    terms: BTreeMap<String, String>,
    /// In the order in which they decide.
    rules: Vec<UncompiledRule>,
    sources: Vec<RuleFileInForce>,
}

/// A rule whose patterns are still text.
struct UncompiledRule {
    rule: Rule,
    /// Index in `sources`.
    source: usize,
    line: usize,
    words: Option<String>,
    unless: Option<String>,
    names: Option<String>,
}

impl RuleReader {
    /// Reads a file; its rules come before those of earlier files.
    fn read(&mut self, source: &SourceText<'_>) -> Result<(), RuleError> {
        let at = |line, problem| RuleError { source_name: source.name.to_string(), line, problem };
        let line_of = |start: usize| 1 + source.text[..start].matches('\n').count();
        let file: RuleFileToml = toml::from_str(&source.text).map_err(|error| {
            let line = line_of(error.span().map_or(0, |span| span.start));
            at(line, RuleProblem::Form(error.message().to_owned()))
        })?;
        self.terms.extend(file.terms.into_iter().map(|(name, term)| match term {
            TermToml::One(pattern) => (name, pattern),
            TermToml::Any(patterns) => (name, patterns.join("|")),
        }));
        let index = self.sources.len();
        let mut rules: Vec<UncompiledRule> = Vec::new();
        for text in file.rule {
            let line = line_of(text.span().start);
            let read =
                self.rule(text.into_inner(), index, line).map_err(|problem| at(line, problem))?;
            if rules.iter().any(|other| other.rule.id == read.rule.id) {
                return Err(at(line, RuleProblem::Duplicate(read.rule.id.into())));
            }
            rules.push(read);
        }
        self.rules.retain(|old| !rules.iter().any(|new| new.rule.id == old.rule.id));
        rules.append(&mut self.rules);
        self.rules = rules;
        self.sources.push(RuleFileInForce {
            source: source.name.to_string(),
            date: date(&source.text).map(str::to_owned),
            rules: 0,
        });
        Ok(())
    }

    fn rule(
        &self,
        text: RuleToml,
        source: usize,
        line: usize,
    ) -> Result<UncompiledRule, RuleProblem> {
        let id = text.id.as_str();
        let about = About::from_detail(&text.means).filter(|about| about.is_of_refusals());
        let about = about.ok_or_else(|| wrong(id, "meaning of a refusal", &text.means))?;
        let mut stages = each(id, "stage", &text.stage, |stage| stage.parse().ok())?;
        if let About::Mailbox(_) = about {
            let early = stages.iter().find(|stage| !matches!(stage, Stage::RcptTo | Stage::Data));
            if let Some(stage) = early {
                return Err(RuleProblem::BeforeRecipient { rule: text.id, stage: *stage });
            }
            if stages.is_empty() {
                stages.push(Stage::RcptTo);
            }
        }
        let rule = Rule {
            about,
            stages,
            codes: each(id, "reply code", &text.code, CodeScope::parse)?,
            enhanced: each(id, "enhanced status code", &text.enhanced, EnhancedScope::parse)?,
            providers: text.provider,
            words: None,
            unless: None,
            names: None,
            examples: text.examples,
            id: id.into(),
        };
        let is_bounded = !(text.words.is_empty()
            && text.names.is_empty()
            && rule.enhanced.is_empty()
            && rule.codes.is_empty());
        if !is_bounded {
            return Err(RuleProblem::Boundless(text.id));
        }
        Ok(UncompiledRule {
            words: self.any_of(id, &text.words)?,
            unless: self.any_of(id, &text.unless)?,
            names: self.any_of(id, &text.names)?,
            rule,
            source,
            line,
        })
    }

    /// One pattern that matches where any of these does.
    fn any_of(&self, rule: &str, patterns: &[String]) -> Result<Option<String>, RuleProblem> {
        let mut any = String::new();
        for pattern in patterns {
            let gap = if any.is_empty() { "" } else { "|" };
            let pattern = self.expand(rule, pattern, TERM_DEPTH)?;
            any.push_str(gap);
            any.push_str(&pattern);
        }
        Ok(Some(any).filter(|any| !any.is_empty()))
    }

    /// The pattern with its terms (`<mailbox>`) replaced by what they stand for.
    fn expand(&self, rule: &str, pattern: &str, depth: usize) -> Result<String, RuleProblem> {
        let mut expanded = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once('<') {
            expanded.push_str(&without_accents(before));
            let (term, after) = after.split_once('>').unwrap_or((after, ""));
            let meaning = self.terms.get(term).filter(|_| depth > 0);
            let meaning = meaning.ok_or_else(|| RuleProblem::UnknownTerm {
                rule: rule.to_owned(),
                term: term.to_owned(),
            })?;
            expanded.push_str(&format!("(?:{})", self.expand(rule, meaning, depth - 1)?));
            rest = after;
        }
        expanded.push_str(&without_accents(rest));
        Ok(expanded)
    }

    fn finish(mut self) -> Result<ReplyRules, RuleError> {
        let mut prose = Vec::new();
        let mut names = Vec::new();
        for read in &mut self.rules {
            read.rule.words = push(&mut prose, read.words.as_deref());
            read.rule.unless = push(&mut prose, read.unless.as_deref());
            read.rule.names = push(&mut names, read.names.as_deref());
            self.sources[read.source].rules += 1;
        }
        let compiled = set(&prose).and_then(|prose| Ok((prose, set(&names)?)));
        let (prose, names) = compiled.map_err(|error| self.regex_error(&error))?;
        let rules = self.rules.into_iter().map(|read| read.rule).collect();
        Ok(ReplyRules { rules, prose, names, in_force: self.sources })
    }

    /// The error of the first rule whose pattern cannot be compiled by itself; where only all together are too
    /// large, of the first rule.
    fn regex_error(&self, error: &regex::Error) -> RuleError {
        let faulty = self.rules.iter().find_map(|read| {
            let mut patterns = [&read.words, &read.unless, &read.names].into_iter().flatten();
            patterns.find_map(|pattern| Some((read, set(&[pattern]).err()?)))
        });
        let (rule, error) = match &faulty {
            Some((read, error)) => (Some(*read), error),
            None => (self.rules.first(), error),
        };
        RuleError {
            source_name: rule
                .map_or_else(String::new, |read| self.sources[read.source].source.clone()),
            line: rule.map_or(1, |read| read.line),
            problem: RuleProblem::Regex {
                rule: rule.map_or_else(String::new, |read| read.rule.id.to_string()),
                error: error.to_string(),
            },
        }
    }
}

/// Compiles patterns into one set. They match bytes, so any text will do.
fn set(patterns: &[impl AsRef<str>]) -> Result<RegexSet, regex::Error> {
    RegexSetBuilder::new(patterns)
        .unicode(false)
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(MATCH_CACHE_BYTES)
        .build()
}

/// The index of the pattern that was appended, if there is one.
fn push(patterns: &mut Vec<String>, pattern: Option<&str>) -> Option<usize> {
    let index = patterns.len();
    patterns.push(pattern?.to_owned());
    Some(index)
}

/// Folds a pattern as texts are folded, but keeps the case of ASCII: `\S` is not `\s`.
fn without_accents(pattern: &str) -> String {
    let letter = |c: char| if c.is_ascii() { c.to_string() } else { folded(&c.to_string()) };
    pattern.chars().map(letter).collect()
}

fn each<T>(
    rule: &str,
    what: &'static str,
    texts: &[String],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, RuleProblem> {
    texts.iter().map(|text| read(text).ok_or_else(|| wrong(rule, what, text))).collect()
}

fn wrong(rule: &str, what: &'static str, value: &str) -> RuleProblem {
    RuleProblem::Value { rule: rule.to_owned(), what, value: value.to_owned() }
}

/// The date that a comment at the top gives: `# Date: 2026-11-21`.
fn date(text: &str) -> Option<&str> {
    let mut comments = text.lines().map_while(|line| line.strip_prefix('#'));
    comments.find_map(|comment| comment.trim().strip_prefix("Date:")).map(str::trim)
}

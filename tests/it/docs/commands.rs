//! Every console block of every page is run, and prints what the page says.
//!
//! The blocks of a page run in order in one folder, each in a shell of its own. A command begins with `$ `, goes on
//! after a backslash at the end of a line, and is followed by what it prints; a line `...` stands for any lines. A
//! block before which `<!-- file: NAME -->` stands is a file in that folder. `<!-- env: NAME=VALUE -->` sets a variable
//! for the page. `$ mailvet serve` and `$ python3 PROGRAM` start what the next commands talk to.

use std::ops::Range;

use regex::Regex;
use snapbox::assert::Action;
use snapbox::data::Data;
use snapbox::filter::NormalizeToExpected;

use super::page::{Block, Page, pages, root};
use super::session::Session;

/// A command of a page, and what the page says that it prints.
struct Step {
    command: String,
    expected: String,
    /// Where `expected` is in the page.
    at: Range<usize>,
}

#[test]
fn every_command_prints_what_the_page_says() {
    let faults: Vec<String> = pages().iter().flat_map(faults_of).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_configuration_in_the_pages_can_be_used() {
    let has_toml = |page: &Page| page.text.contains("\n```toml\n");
    for page in pages().into_iter().filter(has_toml) {
        let session = Session::start();
        let blocks = page.blocks();
        for block in &blocks {
            if let Some(name) = block.file {
                session.write(name, block.text);
            }
        }
        for block in blocks.iter().filter(|block| block.language == "toml") {
            session.write("checked.toml", block.text);
            let printed = session.run(&["mailvet config --check checked.toml".to_owned()]);
            let is_usable = printed[0].starts_with("checked.toml: the configuration can be used");
            assert!(is_usable, "{}: {}{}", page.name, block.text, printed[0]);
        }
    }
}

/// What is not as the page says; where `SNAPSHOTS` is `overwrite` the page is mended instead.
fn faults_of(page: &Page) -> Vec<String> {
    let mut session = Session::start();
    for (name, value) in page.environment() {
        session.set(name, value);
    }
    let mut faults = Vec::new();
    let mut mended: Vec<(Range<usize>, String)> = Vec::new();
    for block in page.blocks() {
        if let Some(name) = block.file {
            session.write(name, block.text);
        }
        if block.language != "console" {
            continue;
        }
        let steps = steps(&block);
        assert!(!steps.is_empty(), "{}: no command in {:?}", page.name, block.text);
        if started(&mut session, &steps) {
            continue;
        }
        let commands: Vec<String> = steps.iter().map(|step| step.command.clone()).collect();
        let printed = session.run(&commands);
        assert_eq!(printed.len(), steps.len(), "{}: {commands:?}: {printed:?}", page.name);
        for (step, printed) in steps.into_iter().zip(printed) {
            let expected = Data::text(masked(&step.expected));
            let actual = NormalizeToExpected::new().redact();
            let actual = actual.normalize(Data::text(masked(&printed)), &expected);
            let compared = snapbox::Assert::new().action(Action::Verify);
            let compared = compared.try_eq(Some(&step.command), actual.clone(), expected.raw());
            if let Err(difference) = compared {
                faults.push(format!("{}: $ {}\n{difference}", page.name, step.command));
                let has_gap = step.expected.lines().any(|line| line == "...");
                mended.push((step.at, if has_gap { actual.to_string() } else { printed }));
            }
        }
    }
    if std::env::var("SNAPSHOTS").is_ok_and(|action| action == "overwrite") && !mended.is_empty() {
        let mut text = page.text.clone();
        for (at, printed) in mended.into_iter().rev() {
            text.replace_range(at, &printed);
        }
        std::fs::write(root().join(&page.name), text).unwrap();
        return Vec::new();
    }
    faults
}

/// Whether the block starts something that goes on.
fn started(session: &mut Session, steps: &[Step]) -> bool {
    let [Step { command, .. }] = steps else { return false };
    if let Some(arguments) = command.strip_prefix("mailvet serve") {
        session.serve(&arguments.split_whitespace().collect::<Vec<_>>());
        return true;
    }
    let is_backend = command.starts_with("python3 ");
    if is_backend {
        session.start_backend(command);
    }
    is_backend
}

fn steps(block: &Block<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut at, mut goes_on) = (block.start, false);
    for line in block.text.split_inclusive('\n') {
        let end = at + line.len();
        let command = line.strip_prefix("$ ");
        match (command, steps.last_mut()) {
            (None, Some(step)) if goes_on => {
                step.command += line.trim_end_matches('\n');
                goes_on = line.ends_with("\\\n");
                step.command += if goes_on { "\n" } else { "" };
                step.at = end..end;
            }
            (Some(command), _) => {
                goes_on = command.ends_with("\\\n");
                let command = command.strip_suffix('\n').unwrap_or(command);
                let command = command.to_owned() + if goes_on { "\n" } else { "" };
                steps.push(Step { command, expected: String::new(), at: end..end });
            }
            (None, Some(step)) => {
                step.expected += line;
                step.at.end = end;
            }
            (None, None) => {}
        }
        at = end;
    }
    for step in &mut steps {
        // A blank line between two commands is for the eye.
        if step.expected.ends_with("\n\n") || step.expected == "\n" {
            step.expected.pop();
            step.at.end -= 1;
        }
    }
    steps
}

/// The text without what differs from run to run.
fn masked(text: &str) -> String {
    const MASKS: [(&str, &str); 7] = [
        (r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9](\.[0-9]+)?Z", "TIME"),
        (r#""elapsed_ms": ?[0-9.]+"#, "\"elapsed_ms\":MS"),
        (r"in [0-9.,]+ (ms|s|seconds), [0-9,]+ rows/s", "in TIME"),
        (r"(?m)^( +[a-z]+ +)[0-9].*[0-9] %.*$", "${1}PERCENT"),
        (r"about [0-9.,]+ (second|minute)s?", "about TIME"),
        (r"(?i)(x-request-id: |date: ).*", "${1}ANY"),
        (r"(?m)[ \r]+$", ""),
    ];
    MASKS.iter().fold(text.to_owned(), |text, (pattern, mask)| {
        Regex::new(pattern).unwrap().replace_all(&text, *mask).into_owned()
    })
}

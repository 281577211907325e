//! What people look up in the pages is what the program has, no more and no less.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mailvet::verdict::{Advice, Reason};
use regex::Regex;

use super::page::{Page, code_spans, pages, root};
use super::session::Session;

const COMMANDS: [&str; 8] =
    ["check", "clean", "serve", "reply", "config", "forget", "completions", "man"];

/// The first code span of the first cell of each row.
fn first_codes(rows: &[Vec<String>]) -> Vec<String> {
    rows.iter().map(|row| code_spans(&row[0]).next().expect("a code").to_owned()).collect()
}

fn printed(command: &str) -> String {
    Session::start().run(&[command.to_owned()]).remove(0)
}

/// The long options of a command, apart from `--help` and `--version`; those of every command apart.
fn options(command: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let help = printed(&format!("mailvet {command} --help"));
    let option = Regex::new(r"(?m)^ +(?:-[a-zA-Z], )?(--[a-z-]+)").unwrap();
    let of = |text: &str| -> BTreeSet<String> {
        let found = option.captures_iter(text).map(|found| found[1].to_owned());
        found.filter(|option| !matches!(option.as_str(), "--help" | "--version")).collect()
    };
    let (own, everywhere) = help.split_once("\nEverywhere:").expect("options of every command");
    let everywhere = everywhere.split("\nExample").next().unwrap();
    (of(own), of(everywhere))
}

#[test]
fn the_options_are_those_of_the_commands() {
    let names = |page: &str, head: &str| -> BTreeSet<String> {
        let codes = first_codes(&Page::read(page).table(&["option", head]));
        codes.iter().map(|code| code.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names("docs/configuration.md", "everywhere"), options("check").1);
    for (command, page) in [
        ("check", "docs/configuration.md"),
        ("clean", "docs/clean.md"),
        ("serve", "docs/api.md"),
        ("reply", "docs/replies.md"),
        ("config", "docs/configuration.md"),
        ("man", "docs/configuration.md"),
    ] {
        assert_eq!(names(page, &format!("`mailvet {command}`")), options(command).0, "{command}");
    }
}

#[test]
fn no_page_names_an_option_that_is_not_there() {
    let known: BTreeSet<String> = COMMANDS
        .iter()
        .flat_map(|command| {
            let (own, everywhere) = options(command);
            own.into_iter().chain(everywhere)
        })
        .chain(["--help", "--version"].map(str::to_owned))
        .collect();
    let option = Regex::new(r"(?:^|[ (])(--[a-z][a-z-]+)").unwrap();
    for page in pages() {
        let prose = page.prose();
        for code in code_spans(&prose).filter(|code| !code.starts_with("cargo ")) {
            for found in option.captures_iter(code) {
                assert!(known.contains(&found[1]), "{}: {code}", page.name);
            }
        }
    }
}

#[test]
fn the_commands_are_those_of_the_help() {
    let documented = first_codes(&Page::read("docs/configuration.md").table(&["command", "does"]));
    let help = printed("mailvet --help");
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands = commands.lines().map(|line| line.split_whitespace().next().unwrap());
    let documented = documented.iter().map(|code| code.split(' ').nth(1).unwrap());
    assert!(documented.eq(commands.filter(|command| *command != "help")), "{help}");
    for command in COMMANDS {
        assert!(help.contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn the_reasons_are_those_of_the_rules() {
    let page = Page::read("docs/api.md");
    let rows = page.table(&["reason", "verdict", "advice"]);
    let documented: Vec<_> = first_codes(&rows)
        .into_iter()
        .zip(rows.iter().map(|row| (row[1].clone(), row[2].clone())))
        .collect();
    let known: Vec<_> = Reason::all()
        .filter(|reason| !reason.code().starts_with("syntax_"))
        .map(|reason| {
            let verdict = reason
                .verdict()
                .map_or_else(|| "–".to_owned(), |verdict| format!("`{}`", verdict.code()));
            (reason.code().to_owned(), (verdict, format!("`{}`", advice(reason).code())))
        })
        .collect();
    for reason in &known {
        assert!(documented.contains(reason), "not in the table, or otherwise: {reason:?}");
    }
    assert_eq!(documented.len(), known.len());
    let syntax: BTreeSet<_> = first_codes(&page.table(&["syntax code"])).into_iter().collect();
    let known: BTreeSet<_> = Reason::all().map(|reason| reason.code().to_owned()).collect();
    let known: BTreeSet<_> = known.into_iter().filter(|code| code.starts_with("syntax_")).collect();
    assert_eq!(syntax, known);
}

fn advice(reason: Reason) -> Advice {
    reason.default_advice()
}

#[test]
fn the_keys_are_those_of_the_configuration() {
    let rows = Page::read("docs/configuration.md").table(&["key", "default"]);
    let shown = {
        let mut session = Session::start();
        for name in [
            "MAILVET_DNS__SERVERS",
            "MAILVET_NETWORK__ALLOW",
            "MAILVET_PROBE__PORT",
            "MAILVET_PROBE__GAP_MS",
        ] {
            session.unset(name);
        }
        session.run(&["mailvet config".to_owned()]).remove(0)
    };
    let (mut table, mut known) = (String::new(), Vec::new());
    for line in shown.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            table = name.0.to_owned();
        } else if let Some((key, value)) = line.split_once(" = ")
            && !key.starts_with('#')
        {
            let value = value.split("  # ").next().unwrap().to_owned();
            known.push((format!("{table}.{key}"), value));
        }
    }
    let illustrated = |key: &str| key.starts_with("catalog.files");
    known.retain(|(key, _)| !illustrated(key));
    let documented: Vec<_> = first_codes(&rows)
        .into_iter()
        .zip(rows.iter().map(|row| code_spans(&row[1]).next().unwrap_or("").to_owned()))
        .collect();
    for key in &known {
        assert!(documented.contains(key), "not in the table, or otherwise: {key:?}");
    }
    let extra: Vec<_> = documented.iter().filter(|key| !known.contains(key)).collect();
    assert!(
        extra
            .iter()
            .all(|(key, _)| key.starts_with("policy.advice") || key.starts_with("catalog.files")),
        "{extra:?}"
    );
}

#[test]
fn the_exit_statuses_are_those_of_the_help() {
    let rows = Page::read("docs/configuration.md").table(&["exit status"]);
    let documented: Vec<_> = first_codes(&rows);
    let help = printed("mailvet --help");
    let line = help.split("Exit status:").nth(1).unwrap();
    let known: Vec<_> = Regex::new(r"[0-9]")
        .unwrap()
        .find_iter(line)
        .map(|found| found.as_str().to_owned())
        .collect();
    assert_eq!(documented, known, "{line}");
}

#[test]
fn the_metrics_are_those_of_the_source() {
    let documented: BTreeSet<_> = first_codes(&Page::read("docs/operating.md").table(&["metric"]))
        .iter()
        .map(|metric| metric.split('{').next().unwrap().to_owned())
        .collect();
    let metric =
        Regex::new(r#""(mailvet_(?:[a-z_]+_total|[a-z_]+_seconds|dns_[a-z_]+|list_entries))""#)
            .unwrap();
    let known = in_sources(&root().join("src"), &metric);
    assert_eq!(documented, known);
}

#[test]
fn the_problems_are_those_of_the_source() {
    let documented: BTreeSet<_> =
        first_codes(&Page::read("docs/api.md").table(&["problem", "status"])).into_iter().collect();
    let source = fs::read_to_string(root().join("src/http/problem.rs")).unwrap();
    let code = Regex::new(r#"=> "([a-z_]+)""#).unwrap();
    let known: BTreeSet<_> = code.captures_iter(&source).map(|found| found[1].to_owned()).collect();
    assert_eq!(documented, known);
    let listed = include_str!("../../vectors/codes.tsv").lines();
    let listed = listed.filter_map(|line| line.strip_prefix("problem\t")).map(str::to_owned);
    assert_eq!(listed.collect::<BTreeSet<_>>(), known, "tests/vectors/codes.tsv");
}

#[test]
fn the_columns_are_those_of_the_command() {
    let documented: BTreeSet<_> =
        first_codes(&Page::read("docs/clean.md").table(&["column", "holds"])).into_iter().collect();
    let help = printed("mailvet clean --help | tr '\\n' ' ' | grep -o 'There are: [^.]*'");
    let listed = help.trim_start_matches("There are:").split(',');
    let known: BTreeSet<_> =
        listed.map(|name| format!("mailvet_{}", name.trim().trim_matches('`'))).collect();
    assert_eq!(documented, known);
}

/// The first group of every match in the sources.
fn in_sources(folder: &Path, pattern: &Regex) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(in_sources(&path, pattern));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).unwrap();
            found.extend(pattern.captures_iter(&source).map(|hit| hit[1].to_owned()));
        }
    }
    found
}

//! The house stays in order: a file uses its own floor and those below, and foreign crates stay in
//! their rooms.

use std::fs;
use std::path::{Path, PathBuf};

/// Every room and its floor. A new room gets its row here before its first file.
const FLOORS: [(&str, u8); 27] = [
    ("address", 0),
    ("catalog", 0),
    ("did_you_mean", 0),
    ("evidence", 0),
    ("reach", 0),
    ("reply", 0),
    ("roster", 0),
    ("route", 0),
    ("typo", 0),
    ("verdict", 0),
    ("cache", 1),
    ("clock", 1),
    ("config", 1),
    ("dns", 1),
    ("files", 1),
    ("mailman", 1),
    ("smtp", 1),
    ("store", 1),
    ("telemetry", 1),
    ("access", 2),
    ("batch", 2),
    ("doctor", 2),
    ("members", 2),
    ("report", 2),
    ("validator", 2),
    ("cli", 3),
    ("http", 3),
];

/// Foreign crates that are known in some rooms only.
const TENANTS: [(&str, &[&str]); 25] = [
    ("hickory_resolver", &["dns", "doctor"]),
    ("mail_auth", &["dns", "doctor"]),
    ("moka", &["cache"]),
    ("regex", &["reply"]),
    ("rusqlite", &["store"]),
    ("rustls", &["smtp"]),
    ("tokio_rustls", &["smtp"]),
    ("tokio_socks", &["smtp"]),
    ("blake3", &["store"]),
    ("getrandom", &["store"]),
    ("percent_encoding", &["config"]),
    ("axum", &["http"]),
    ("hyper", &["http"]),
    ("hyper_util", &["http"]),
    ("clap", &["cli"]),
    ("tracing_subscriber", &["telemetry"]),
    ("http_body", &["http"]),
    ("metrics_exporter_prometheus", &["telemetry"]),
    ("encoding_rs", &["roster"]),
    ("flate2", &["files"]),
    ("calamine", &["files"]),
    ("quick_xml", &["files"]),
    ("zip", &["files"]),
    ("indicatif", &["cli"]),
    ("tempfile", &["batch", "files", "store"]),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The words after each `crate::`, and what `use crate::{…}` lists.
fn rooms_used(code: &str) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => used.push(word(rest)),
            Some(group) => {
                let group = group.split(';').next().unwrap_or_default();
                used.extend(group.split(',').map(|part| word(part.trim())));
            }
        }
    }
    used.retain(|room| !room.is_empty());
    used
}

/// The source without its comments, which may speak of anything.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// What is out of order in one file.
fn faults(room: &str, code: &str) -> Vec<String> {
    let Some(own) = floor(room) else { return vec![format!("no floor is known of {room}/")] };
    let above = rooms_used(code).into_iter().filter_map(|used| match floor(&used) {
        None => Some(format!("uses {used}/, of which no floor is known")),
        Some(floor) if floor > own => Some(format!("floor {own} uses {used}/ on floor {floor}")),
        Some(_) => None,
    });
    let strangers = TENANTS.iter().filter_map(|(tenant, rooms)| {
        let known = rooms.contains(&room) || !code.contains(&format!("{tenant}::"));
        (!known).then(|| format!("knows {tenant}, which belongs to {}", rooms.join(", ")))
    });
    above.chain(strangers).collect()
}

#[test]
fn nobody_uses_a_floor_above_their_own() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let path = file.strip_prefix(&src).unwrap();
        let room = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if room == "main" || room == "lib" {
            continue;
        }
        let code = code(&fs::read_to_string(file).unwrap());
        wrong
            .extend(faults(room, &code).iter().map(|fault| format!("{}: {fault}", path.display())));
    }
    assert!(files.len() > 30, "only {} files were read", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn main_does_nothing_by_itself() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let lines = fs::read_to_string(main).unwrap().lines().count();
    assert!(lines <= 40, "{lines} lines");
}

#[test]
fn faults_are_seen() {
    let cases = [
        ("route", "use crate::address::Domain;", None),
        ("route", "use crate::dns::Dns;", Some("floor 0 uses dns/ on floor 1")),
        ("dns", "fn f() { crate::http::serve() }", Some("floor 1 uses http/ on floor 3")),
        ("validator", "use crate::{report, cli::run};", Some("floor 2 uses cli/ on floor 3")),
        ("validator", "use moka::future::Cache;", Some("knows moka, which belongs to cache")),
        ("cache", "use moka::future::Cache;", None),
        ("route", "use crate::cellar::Wine;", Some("uses cellar/, of which no floor is known")),
        ("cellar", "", Some("no floor is known of cellar/")),
    ];
    for (room, code, fault) in cases {
        let fault: Vec<String> = fault.map(str::to_owned).into_iter().collect();
        assert_eq!(faults(room, code), fault, "{room}: {code}");
    }
}

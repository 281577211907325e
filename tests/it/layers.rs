//! A file uses modules of its own layer and of those below, and each foreign crate only where it belongs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Every module and its layer: 1 core, 2 adapters, 3 pipeline, 4 interfaces. To add a module: one row here, and
/// the length of the array.
const LAYERS: [(&str, u8); 23] = [
    ("address", 1),
    ("catalog", 1),
    ("did_you_mean", 1),
    ("evidence", 1),
    ("reach", 1),
    ("reply", 1),
    ("roster", 1),
    ("route", 1),
    ("typo", 1),
    ("verdict", 1),
    ("cache", 2),
    ("clock", 2),
    ("config", 2),
    ("dns", 2),
    ("files", 2),
    ("smtp", 2),
    ("store", 2),
    ("telemetry", 2),
    ("batch", 3),
    ("report", 3),
    ("validator", 3),
    ("cli", 4),
    ("http", 4),
];

/// Foreign crates that only some modules may use, and which those are.
const CRATE_OWNERS: [(&str, &[&str]); 24] = [
    ("hickory_resolver", &["dns"]),
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
    ("indicatif", &["batch", "cli"]),
    ("tempfile", &["batch", "files", "store"]),
];

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
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

/// The modules named after each `crate::`, and in each `use crate::{…}`.
fn modules_used(code: &str) -> Vec<String> {
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
    used.retain(|module| !module.is_empty());
    used
}

/// The source without its comments, which may name any module.
fn code(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// Every rule that one file of this module breaks.
fn violations(module: &str, code: &str) -> Vec<String> {
    let Some(own) = layer(module) else { return vec![format!("{module}/ has no layer")] };
    let above = modules_used(code).into_iter().filter_map(|used| match layer(&used) {
        None => Some(format!("uses {used}/, which has no layer")),
        Some(layer) if layer > own => Some(format!("layer {own} uses {used}/ of layer {layer}")),
        Some(_) => None,
    });
    let foreign = CRATE_OWNERS.iter().filter_map(|(name, owners)| {
        let may_use = owners.contains(&module) || !code.contains(&format!("{name}::"));
        (!may_use).then(|| format!("uses {name}, which belongs to {}", owners.join(", ")))
    });
    above.chain(foreign).collect()
}

#[test]
fn no_module_uses_a_layer_above_its_own() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut wrong = Vec::new();
    let mut modules = BTreeSet::new();
    for file in &files {
        let path = file.strip_prefix(&src).unwrap();
        let module = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if module == "main" || module == "lib" {
            continue;
        }
        modules.insert(module);
        let code = code(&fs::read_to_string(file).unwrap());
        wrong.extend(
            violations(module, &code).iter().map(|text| format!("{}: {text}", path.display())),
        );
    }
    assert!(files.len() > 30, "only {} files were read", files.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        modules,
        LAYERS.iter().map(|(module, _)| *module).collect(),
        "every row has its module"
    );
}

#[test]
fn main_does_nothing_by_itself() {
    let main = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs");
    let lines = fs::read_to_string(main).unwrap().lines().count();
    assert!(lines <= 40, "{lines} lines");
}

#[test]
fn violations_are_found() {
    let cases = [
        ("route", "use crate::address::Domain;", None),
        ("route", "use crate::dns::Dns;", Some("layer 1 uses dns/ of layer 2")),
        ("dns", "fn f() { crate::http::serve() }", Some("layer 2 uses http/ of layer 4")),
        ("validator", "use crate::{report, cli::run};", Some("layer 3 uses cli/ of layer 4")),
        ("validator", "use moka::future::Cache;", Some("uses moka, which belongs to cache")),
        ("cache", "use moka::future::Cache;", None),
        ("route", "use crate::unlisted::Item;", Some("uses unlisted/, which has no layer")),
        ("unlisted", "", Some("unlisted/ has no layer")),
    ];
    for (module, code, violation) in cases {
        let violation: Vec<String> = violation.map(str::to_owned).into_iter().collect();
        assert_eq!(violations(module, code), violation, "{module}: {code}");
    }
}

//! The fuzzer's seeds, and what it once found, hold without a fuzzer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "../../fuzz/checks/mod.rs"]
mod checks;

#[test]
fn seeds_hold() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for (name, check) in checks::CHECKS {
        let files: Vec<_> =
            fs::read_dir(seeds.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(!files.is_empty(), "{name} has no seeds");
        for file in files {
            // Shown where the check panics.
            println!("{}", file.display());
            check(&fs::read(file).unwrap());
        }
    }
}

#[test]
fn every_folder_of_seeds_has_a_check() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let folders: BTreeSet<String> = fs::read_dir(seeds)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(folders, checks::CHECKS.map(|(name, _)| name.to_owned()).into());
}

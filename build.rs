//! Makes the table of real domains (`src/catalog/real/`) of `data/real.txt`.

use std::path::Path;
use std::{env, fs, io};

#[path = "src/catalog/real/fingerprint.rs"]
mod fingerprint;
use fingerprint::{Fingerprint, parents_and_self};

const LIST: &str = "data/real.txt";
/// On average: few to compare, and one octet a name for where the buckets start.
const NAMES_IN_A_BUCKET: usize = 4;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={LIST}");
    println!("cargo::rerun-if-changed=src/catalog/real/fingerprint.rs");
    let text = fs::read_to_string(LIST)?;
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    let folder = Path::new(&folder);

    let names: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let buckets = (names.len() / NAMES_IN_A_BUCKET).max(1);
    let hashes = names.iter().filter_map(|name| parents_and_self(name).last());
    let mut table: Vec<_> = hashes.map(|hash| Fingerprint::new(hash, buckets)).collect();
    table.sort_unstable();

    let start = |bucket| table.partition_point(|entry| entry.bucket < bucket) as u32;
    let starts: Vec<u8> = (0..=buckets).flat_map(|bucket| start(bucket).to_le_bytes()).collect();
    let marks: Vec<u8> = table.iter().flat_map(|entry| entry.mark).collect();
    let date = text.lines().find_map(|line| line.strip_prefix("# Date: ")).unwrap_or_default();
    fs::write(folder.join("real.starts"), starts)?;
    fs::write(folder.join("real.marks"), marks)?;
    fs::write(folder.join("real.date"), date)
}

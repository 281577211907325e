//! Runs the folders in `tests/lists`: what stands in them is what must come out. Their README tells how
//! they are written.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use flate2::read::MultiGzDecoder;
use jiff::{SignedDuration, Timestamp};

use super::recipe::made;
use crate::support::dns::DnsServer;
use crate::support::program::{asking_patiently, offline};
use crate::support::run::output;

/// Fewer than that were not found, but lost.
const AT_LEAST: usize = 40;
/// Programs that run at the same time.
const SIDE_BY_SIDE: usize = 3;
/// What the name of a file ends with that tells how to make the file.
const RECIPE: &str = ".recipe";
/// What the name of a packed file ends with where what is in it is expected.
const UNPACKED: &str = ".unpacked";

/// The files in a folder, by their paths in it.
type Files = BTreeMap<String, Vec<u8>>;

/// A folder in `tests/lists`.
struct Scenario {
    folder: PathBuf,
    name: String,
}

/// What a run leaves behind.
struct Outcome {
    /// The status, the messages, the files.
    seen: Files,
    /// What is wrong whatever is expected.
    faults: Vec<String>,
}

#[test]
fn lists_come_out_as_their_owners_expect() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= AT_LEAST, "only {} scenarios", scenarios.len());
    let queue = Mutex::new(VecDeque::from(scenarios));
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                while let Some(scenario) = { queue.lock().unwrap().pop_front() } {
                    let faults = catch_unwind(|| scenario.faults()).unwrap_or_else(|_| {
                        vec![format!("{}: a panic, printed above", scenario.name)]
                    });
                    failures.lock().unwrap().extend(faults);
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(failures.is_empty(), "{} differences:\n{}", failures.len(), failures.join("\n"));
}

fn scenarios() -> Vec<Scenario> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lists");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let name = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().to_owned();
    folders.into_iter().map(|folder| Scenario { name: name(&folder), folder }).collect()
}

impl Scenario {
    /// What is not as it should be.
    fn faults(&self) -> Vec<String> {
        let Outcome { mut seen, faults } = self.run();
        if std::env::var_os("BLESS").is_some() {
            self.bless(&seen);
        }
        let mut expected = self.expected();
        let names: Vec<String> = expected.keys().chain(seen.keys()).cloned().collect();
        let mut differences = Vec::new();
        for name in names {
            let (expected, seen) = (expected.remove(&name), seen.remove(&name));
            differences.extend(difference(&name, expected.as_deref(), seen.as_deref()));
        }
        let all = faults.into_iter().chain(differences);
        all.map(|fault| format!("{}: {fault}", self.name)).collect()
    }

    fn run(&self) -> Outcome {
        let folder = tempfile::tempdir().unwrap();
        // Where it shall be, whatever way leads there.
        let dir = fs::canonicalize(folder.path()).unwrap();
        let given = self.given();
        for (name, bytes) in &given {
            fs::write(dir.join(name), bytes).unwrap();
        }
        let dns = self.text("zone").map(|zone| DnsServer::start(&zone));
        let mut command = match &dns {
            Some(dns) => asking_patiently(dns),
            None => offline(),
        };
        let dir_name = dir.to_str().unwrap();
        let arguments = self.text("args").unwrap_or_default();
        command.arg("clean").args(arguments.lines().map(|line| line.replace("{dir}", dir_name)));
        let stdin = self.text("stdin").map(|name| given[name.trim()].clone()).unwrap_or_default();
        let began = Timestamp::now();
        let ran = output(command.current_dir(&dir), &stdin);
        let moments = Moments { from: began, to: Timestamp::now() };

        let status = ran.status.code().expect("an exit status, not a signal");
        let mut seen = Files::from([("status".to_owned(), format!("{status}\n").into_bytes())]);
        let said = String::from_utf8(ran.stderr).expect("UTF-8 on standard error");
        // The summary at the end is for people, and tested elsewhere.
        let said = said.lines().filter(|line| {
            ["mailvet: ", "error: "].iter().any(|beginning| line.starts_with(beginning))
        });
        let said: String = said.map(|line| line.replace(dir_name, "{dir}") + "\n").collect();
        seen.insert("messages".to_owned(), said.into_bytes());
        if !ran.stdout.is_empty() {
            seen.insert("expected/stdout".to_owned(), moments.hidden(ran.stdout));
        }
        let mut faults = Vec::new();
        for (name, bytes) in files(&dir) {
            match given.get(&name) {
                Some(given) if *given == bytes => continue,
                Some(_) => faults.push(format!("{name} was changed")),
                None => {}
            }
            let mode = fs::metadata(dir.join(&name)).unwrap().mode() & 0o777;
            if mode != 0o600 {
                faults.push(format!("{name} has mode {mode:o}"));
            }
            if name.contains(".mailvet-") {
                faults.push(format!("{name} is left over"));
            }
            let (name, bytes) = match name.strip_suffix(".gz") {
                Some(_) => (format!("{name}{UNPACKED}"), unpacked(&bytes)),
                None => (name, bytes),
            };
            seen.insert(format!("expected/{name}"), moments.hidden(bytes));
        }
        Outcome { seen, faults }
    }

    /// The files that the program finds.
    fn given(&self) -> Files {
        const OURS: [&str; 5] = ["args", "stdin", "zone", "messages", "status"];
        let ours = |name: &String| OURS.contains(&name.as_str()) || name.starts_with("expected/");
        let given = files(&self.folder).into_iter().filter(|(name, _)| !ours(name));
        given.map(|(name, bytes)| cooked(name, bytes)).collect()
    }

    /// What it has to leave behind.
    fn expected(&self) -> Files {
        let mut expected = Files::from([
            ("status".to_owned(), b"0\n".to_vec()),
            ("messages".to_owned(), Vec::new()),
        ]);
        let is_expectation =
            |name: &String| expected.contains_key(name) || name.starts_with("expected/");
        let found = files(&self.folder).into_iter().filter(|(name, _)| is_expectation(name));
        let found: Files = found.map(|(name, bytes)| cooked(name, bytes)).collect();
        expected.extend(found);
        expected
    }

    /// Makes what was seen what is expected. What is made by a recipe stays: a recipe is for people to
    /// change.
    fn bless(&self, seen: &Files) {
        let expected = self.expected();
        let stale = files(&self.folder).into_keys().filter(|name| {
            let is_expectation = name.starts_with("expected/") || name == "status";
            is_expectation && !name.ends_with(RECIPE) && !seen.contains_key(name)
        });
        stale.for_each(|name| fs::remove_file(self.folder.join(name)).unwrap());
        for (name, bytes) in seen.iter().filter(|(name, bytes)| expected.get(*name) != Some(*bytes))
        {
            let path = self.folder.join(name);
            if path.with_added_extension(&RECIPE[1..]).exists() {
                continue;
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let path = self.folder.join(name);
        path.exists().then(|| fs::read_to_string(path).unwrap())
    }
}

/// The files in a folder and below it.
fn files(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A file as it stands in a scenario, or what its recipe makes.
fn cooked(name: String, bytes: Vec<u8>) -> (String, Vec<u8>) {
    match name.strip_suffix(RECIPE) {
        Some(name) => (name.to_owned(), made(&String::from_utf8(bytes).unwrap())),
        None => (name, bytes),
    }
}

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    MultiGzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
    bytes
}

/// While the program ran.
struct Moments {
    from: Timestamp,
    to: Timestamp,
}

impl Moments {
    /// The bytes with `{now}` for every such moment in it.
    fn hidden(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let mut moment = self.from;
        while moment < self.to + SignedDuration::from_secs(1) {
            if let Ok(text) = std::str::from_utf8(&bytes) {
                bytes = text.replace(&format!("{moment:.0}"), "{now}").into_bytes();
            }
            moment += SignedDuration::from_secs(1);
        }
        bytes
    }
}

/// How a file differs from what is expected, with the first line that does.
fn difference(name: &str, expected: Option<&[u8]>, seen: Option<&[u8]>) -> Option<String> {
    let (expected, seen) = match (expected, seen) {
        (Some(expected), Some(seen)) => (expected, seen),
        (Some(_), None) => return Some(format!("{name} is missing")),
        (None, Some(seen)) => return Some(format!("{name} is not expected: {}", shown(seen))),
        (None, None) => return None,
    };
    if expected == seen {
        return None;
    }
    let (expected, seen) = (lines(expected), lines(seen));
    let same = expected.iter().zip(&seen).take_while(|(expected, seen)| expected == seen).count();
    let line =
        |lines: &[&[u8]]| lines.get(same).map_or_else(|| "nothing".to_owned(), |line| shown(line));
    let (expected, seen) = (line(&expected), line(&seen));
    Some(format!("{name} line {}\n  expected: {expected}\n  seen:     {seen}", same + 1))
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// A text with what cannot be seen in it, as long as a line may be.
fn shown(bytes: &[u8]) -> String {
    const ENOUGH: usize = 600;
    let shown = bytes[..bytes.len().min(ENOUGH)].escape_ascii().to_string();
    // What is beyond ASCII is more often text than not.
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= ENOUGH);
    text.map_or(shown, |text| format!("{text:?}"))
}

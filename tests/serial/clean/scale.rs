//! Long lists: each domain is asked about once, and memory does not grow with the rows.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};

use tokio::time::{Duration, Instant};

use super::clean_env::{A_RUN, CleanEnv, CleanRun, SOUND};
use super::lists::{assert_rows, mx_questions};
use super::most_rows;
use crate::support::dns::DnsServer;
use crate::support::poll::until_within;

tests![a_long_list_asks_about_each_domain_once_and_takes_little_memory,];

/// What a run may take, in bytes, beside what it takes for each address.
const BASE_BYTES: usize = 150 << 20;
const BYTES_AN_ADDRESS: usize = 40;

fn a_long_list_asks_about_each_domain_once_and_takes_little_memory() {
    for rows in [most_rows() / 5, most_rows()] {
        let domains = (rows / 20).min(50_000);
        // Every fifth row has an address that stood in another one.
        let addresses = rows - rows / 5;
        let Cost { took, peak } = one_list(rows, domains, addresses);
        println!(
            "{rows} rows, {domains} domains: {took:.1?}, {:.0} rows/s, {} MiB at most",
            rows as f64 / took.as_secs_f64(),
            peak >> 20
        );
        let bound = BASE_BYTES + BYTES_AN_ADDRESS * addresses;
        assert!(peak > 0 && peak <= bound, "{} MiB of {}", peak >> 20, bound >> 20);
    }
}

/// What a run took.
struct Cost {
    took: Duration,
    /// The most memory, in bytes.
    peak: usize,
}

fn one_list(rows: usize, domains: usize, addresses: usize) -> Cost {
    let dns = DnsServer::start(&format!("{SOUND}\n*.test MX 10 mx.test\n"));
    let env = CleanEnv::with("");
    let mut list = BufWriter::new(File::create(env.path("list.csv")).unwrap());
    writeln!(list, "id,email,name").unwrap();
    for row in 0..rows {
        let person = row % addresses;
        let domain = person % domains;
        writeln!(list, "{row},person{person}@d{domain}.test,Person {person}").unwrap();
    }
    list.into_inner().unwrap().sync_all().unwrap();

    let began = Instant::now();
    let mut run = CleanRun::start(&mut env.clean(&dns));
    let status = format!("/proc/{}/status", run.child().id());
    let mut peak = 0;
    until_within(A_RUN, "the list is done", || {
        // Gone when the run is over.
        if let Ok(status) = std::fs::read_to_string(&status) {
            peak = peak.max(high_water(&status).unwrap_or_default());
        }
        (!run.is_at_work()).then_some(())
    });
    let took = began.elapsed();
    run.end().assert("a long list", 0, &[]);
    env.assert_done("a long list");
    let asked = mx_questions(&dns);
    for domain in 0..domains {
        assert_eq!(asked.get(&format!("d{domain}.test")), Some(&1), "d{domain}.test");
    }
    let output = BufReader::new(File::open(env.path("out.csv")).unwrap());
    assert_rows(output.lines().map(Result::unwrap), rows);
    Cost { took, peak }
}

/// The most memory that a process had, in bytes, as the system tells it.
fn high_water(status: &str) -> Option<usize> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib << 10)
}

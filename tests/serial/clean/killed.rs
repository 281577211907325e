//! `kill -9` at any moment.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use fastrand::Rng;

use super::clean_env::{A_RUN, CleanEnv, CleanRun};
use super::lists::{MadeUp, assert_rows, mx_questions};
use super::most_rows;
use crate::support::dns::DnsServer;
use crate::support::poll::until_within;

tests![
    who_is_killed_again_and_again_ends_as_if_nothing_had_been,
    who_is_killed_between_the_output_and_the_journal_loses_nothing,
];

const KILLS: usize = 20;
const CONCURRENCY: usize = 16;
/// How many of the last answers of a run that was killed are asked for once more.
const DOUBTED: usize = CONCURRENCY / 8;

/// When a run is killed.
#[derive(Debug)]
enum ProgressSnapshot {
    /// The journal was just made.
    Begun,
    /// The DNS was asked so much more.
    Asked(usize),
    /// So many bytes of the output are written.
    Written(u64),
}

fn who_is_killed_again_and_again_ends_as_if_nothing_had_been() {
    let rows = (most_rows() / 25).clamp(2_500, 200_000);
    let list = MadeUp::of(rows, rows / 10);
    let dns = DnsServer::start(&list.zone);
    dns.release();
    let expected = CleanEnv::undisturbed(&list.text, &dns);
    assert_rows(expected.lines().map(str::to_owned), rows);
    let asked = mx_questions(&dns);
    for domain in &list.domains {
        assert_eq!(asked.get(domain), Some(&1), "{domain}");
    }

    let packets = dns.all_packets();
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    let mut random = Rng::with_seed(20);
    let mut furthest = 0;
    for kill in 0..KILLS {
        // No run comes to its end: the DNS does not answer any more, or keeps the last answer back. The
        // later ones come further.
        let (asked, kept_back) = (dns.all_packets(), dns.kept_back());
        let goal = packets * random.usize(kill + 1..=2 * kill + 2) / (2 * KILLS);
        let budget = goal.saturating_sub(asked).max(100);
        dns.answer_only(Some(budget));
        let moment = match random.usize(0..5) {
            0 => ProgressSnapshot::Begun,
            1 | 2 => ProgressSnapshot::Asked(random.usize(budget / 2..=budget)),
            _ => ProgressSnapshot::Written(random.u64(furthest / 2..=furthest * 3 / 2 + 1)),
        };
        let left = env.partial().map_or(0, |partial| partial.ino());
        let mut command = if kill == 0 { env.clean(&dns) } else { env.resume(&dns) };
        let mut run = CleanRun::start(command.args(["--concurrency", &CONCURRENCY.to_string()]));
        until_within(A_RUN, "it is time to kill", || {
            assert!(run.is_at_work(), "kill {kill}: {moment:?}");
            let asked = dns.all_packets() - asked;
            let is_stuck = asked > budget || dns.kept_back() > kept_back;
            let is_time = match moment {
                ProgressSnapshot::Begun => env.path("out.csv.mailvet-journal").exists(),
                ProgressSnapshot::Asked(packets) => asked >= packets,
                // Not what the run before has left.
                ProgressSnapshot::Written(bytes) => {
                    env.partial().is_some_and(|now| now.ino() != left && now.len() >= bytes)
                }
            };
            (is_stuck || is_time).then_some(())
        });
        let ended = run.kill();
        assert_eq!(ended.status, None, "kill {kill}: {}", ended.said);
        env.assert_resumable(&format!("kill {kill}: {moment:?}"));
        furthest = furthest.max(env.partial().map_or(0, |partial| partial.len()));
    }
    dns.answer_only(None);
    dns.release();
    let ended = CleanRun::start(&mut env.resume(&dns)).end();
    ended.assert("the last run", 0, &[]);
    env.assert_done("the last run");
    assert!(env.output() == expected, "the outputs differ");

    let asked = mx_questions(&dns);
    let asked = list.domains.iter().map(|domain| asked.get(domain).copied().unwrap_or_default());
    // Each kill costs the look-ups under way, as many as there may be, and the answers that are doubted.
    let bound = list.domains.len() + KILLS * (CONCURRENCY + DOUBTED);
    let asked = asked.sum::<usize>();
    assert!((list.domains.len()..=bound).contains(&asked), "{asked} questions of {bound}");
    println!("{rows} rows, {KILLS} kills: {asked} questions about {} domains", list.domains.len());
}

fn who_is_killed_between_the_output_and_the_journal_loses_nothing() {
    let list = MadeUp::of(250, 50);
    let dns = DnsServer::start(&list.zone);
    let env = CleanEnv::with(&list.text);
    CleanRun::start_held(&env, &dns).kill();
    let kept: Vec<_> = env
        .files()
        .into_iter()
        .filter(|name| name.contains("journal"))
        .map(|name| (env.path(&name), std::fs::read(env.path(&name)).unwrap()))
        .collect();
    dns.release();
    CleanRun::start(&mut env.resume(&dns)).end().assert("resumed", 0, &[]);
    let output = env.output();
    for (path, bytes) in kept {
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    }
    let before = dns.questions().len();
    CleanRun::start(&mut env.resume(&dns)).end().assert("once more", 0, &[]);
    env.assert_done("once more");
    assert!(env.output() == output, "the outputs differ");
    let again = dns.questions().split_off(before);
    let is_of_list = |question: &&String| {
        question.strip_suffix(" MX").is_some_and(|name| list.domains.contains(name))
    };
    // Of all others the journal knew. The last of them are asked for once more, since the resolver was not tested
    // after them: one for eight look-ups at the same time.
    let again: Vec<&String> = again.iter().filter(is_of_list).collect();
    assert!(again.iter().any(|question| *question == "last.test MX"), "{again:?}");
    assert!(again.len() <= 1 + 64 / 8, "{again:?}");
}

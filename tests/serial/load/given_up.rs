//! Requests of which half are given up half-way.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use mailvet::config::Config;
use mailvet::validator::{Network, Request, Validator};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinHandle;

use super::random::Random;
use crate::support::dns::DnsServer;
use crate::support::poll::until;

tests![requests_given_up_half_way_leave_nothing_behind,];

const DOMAINS: usize = 1_000;
/// So many requests are begun before the next ones are.
const AT_ONCE: usize = 500;
/// How long the DNS takes for an answer.
const DELAY_MS: usize = 20;

/// The four kinds of domain: lines of the zone, and the verdict.
const KINDS: [(&str, &str); 4] = [
    ("MX 10 mx.test", "plausible"),
    ("A 192.0.2.2", "plausible"),
    ("NXDOMAIN", "undeliverable"),
    ("MX 0 .", "undeliverable"),
];

fn requests_given_up_half_way_leave_nothing_behind() {
    let requests = std::env::var("LOAD_REQUESTS").ok().map(|number| number.parse().unwrap());
    run(requests.unwrap_or(20_000));
}

fn run(requests: usize) {
    let zone: String = (0..DOMAINS)
        .map(|n| {
            let (line, _) = KINDS[n % KINDS.len()];
            format!("d{n}.test {line}\nd{n}.test DELAY {DELAY_MS}\n")
        })
        .collect();
    let dns = DnsServer::start(&format!("{zone}mx.test A 192.0.2.1\nmx.test DELAY {DELAY_MS}"));
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (tasks, sockets) = (runtime.handle().metrics().num_alive_tasks(), open_files());
    let validator = {
        let _within = runtime.enter();
        Arc::new(Validator::from_config(&config(&dns), Network::Online, None).unwrap())
    };
    // A resolver keeps a task once it has asked; a new one, after an answer that there is nothing, has none.
    assert_eq!(runtime.block_on(verdict(validator.clone(), 0)), KINDS[0].1);
    let resting = settled(runtime.handle());

    let answered = requests_of_which_half_are_given_up(&runtime, &validator, requests);
    assert!(answered >= requests / 2, "{answered} answers");

    until("no flight is left", || (runtime.metrics().num_alive_tasks() <= resting).then_some(()));
    until("no socket is left", || (open_files() == sockets).then_some(()));
    let mut asked = HashMap::<String, usize>::new();
    for question in dns.questions() {
        *asked.entry(question).or_default() += 1;
    }
    for n in 0..DOMAINS {
        let times = asked.get(&format!("d{n}.test MX"));
        assert_eq!(times, Some(&1), "d{n}.test");
    }

    drop(validator);
    until("no task is left", || (runtime.metrics().num_alive_tasks() == tasks).then_some(()));
    assert_eq!(open_files(), sockets);
}

/// Tells how many were answered, and that rightly.
fn requests_of_which_half_are_given_up(
    runtime: &Runtime,
    validator: &Arc<Validator>,
    requests: usize,
) -> usize {
    let mut random = Random::new(0x6d61_696c_7665_7421);
    let mut answered = 0;
    for _ in 0..requests / AT_ONCE {
        let begun: Vec<(usize, JoinHandle<Option<String>>)> = (0..AT_ONCE)
            .map(|_| {
                let n = random.below(DOMAINS);
                let asking = verdict(validator.clone(), n);
                let patience = Duration::from_millis(random.below(3 * DELAY_MS) as u64);
                let task = match random.below(4) {
                    0 => runtime
                        .spawn(async move { tokio::time::timeout(patience, asking).await.ok() }),
                    1 => {
                        let task = runtime.spawn(async move { Some(asking.await) });
                        let handle = task.abort_handle();
                        runtime.spawn(async move {
                            tokio::time::sleep(patience).await;
                            handle.abort();
                        });
                        task
                    }
                    _ => runtime.spawn(async move { Some(asking.await) }),
                };
                (n, task)
            })
            .collect();
        for (n, task) in begun {
            match runtime.block_on(task) {
                Ok(Some(verdict)) => {
                    assert_eq!(verdict, KINDS[n % KINDS.len()].1, "d{n}.test");
                    answered += 1;
                }
                Ok(None) => {}
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
        }
    }
    answered
}

async fn verdict(validator: Arc<Validator>, n: usize) -> String {
    let text = format!("joe@d{n}.test");
    let request = Request { budget: Duration::from_secs(60), ..Request::new(&text) };
    validator.validate(&request).await.judgement.verdict.code().to_owned()
}

fn config(dns: &DnsServer) -> Config {
    let mut config = Config::default();
    config.dns.servers = vec![dns.address().to_string().parse().unwrap()];
    config.dns.canaries.clear();
    // A busy machine is no silent server.
    config.dns.timeout_ms = 20_000;
    config.dns.lookup_timeout_ms = 60_000;
    config.dns.max_lookups = 2 * DOMAINS;
    config.catalog.allow_reserved = vec!["test".to_owned()];
    config.network.allow = vec!["192.0.2.0/24".parse().unwrap()];
    config
}

/// How many tasks there are once the first request has left nothing behind.
fn settled(handle: &Handle) -> usize {
    let mut last = usize::MAX;
    until("the first flight has landed", || {
        let now = handle.metrics().num_alive_tasks();
        let is_settled = now == last;
        last = now;
        is_settled.then_some(now)
    })
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

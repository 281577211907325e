//! A run over a list without sockets, in a time that only the test moves.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailvet::batch::summary::{Listing, Summary, Tally};
use mailvet::batch::{
    Filter, Judge, JudgeSettings, List, ListOptions, ListSource, Output, Outputs, ProbePass, Run,
    RunProgress, Sink, Stop, Suppressed, WriteOptions,
};
use mailvet::cache::MailboxCache;
use mailvet::catalog::Catalog;
use mailvet::clock::{Clock, MovableClock};
use mailvet::dns::zone::Zone;
use mailvet::reach::ReachPolicy;
use mailvet::reply::ReplyRules;
use mailvet::report::Column;
use mailvet::roster::{DedupeKey, FormulaEscaping, OutputFormat};
use mailvet::smtp::dial::{Connection, DialError, DialGuard, Dialer, SMTP_PORT, Target as Dialled};
use mailvet::smtp::limiter::{Limits, NeverList, ProbeLimiter};
use mailvet::smtp::{Identity, SmtpClient, Timeouts};
use mailvet::store::Journal;
use mailvet::typo::Confidence;
use mailvet::validator::{
    ActiveLists, ListModeSettings, LookupLimits, Probing, ProbingParts, RetryPlan, RouteSettings,
    Routes, Strictness, Validator, ValidatorParts,
};
use mailvet::verdict::{Depth, Policy};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance};

use super::mail_list_env::objects;
use crate::support::poll::PATIENCE;
use crate::support::smtp::{MailServer, recipient};

pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// Mail servers by their addresses, a folder for the journal, and a time that stands still.
pub(super) struct MailLab {
    zone: String,
    servers: Servers,
    folder: TempDir,
    clock: MovableClock,
    began: Instant,
    limits: Limits,
    /// While a thread is at work, tokio does not move the time by itself.
    _standing: std::sync::mpsc::Sender<()>,
}

#[derive(Clone, Default)]
struct Servers(Arc<Mutex<Wires>>);

#[derive(Default)]
struct Wires {
    there: HashMap<IpAddr, MailServer>,
    dialled_in_vain: usize,
}

impl Dialer for Servers {
    fn dial(&self, target: Dialled) -> BoxFuture<'_, Result<Connection, DialError>> {
        let mut wires = self.0.lock().unwrap();
        let server = wires.there.get(&target.ip()).cloned();
        wires.dialled_in_vain += usize::from(server.is_none());
        async {
            let server = server.ok_or(DialError::Refused)?;
            let (ours, theirs) = tokio::io::duplex(4096);
            tokio::spawn(server.talk(Box::new(theirs), None));
            Ok(Box::new(ours) as Connection)
        }
        .boxed()
    }
}

/// A run, and what can be seen of it.
pub(super) struct Running {
    pub(super) progress: Arc<RunProgress>,
    journal: Journal,
    validator: Arc<Validator>,
    written: Written,
    stop: Option<oneshot::Sender<()>>,
    run: JoinHandle<Result<Summary, Stop>>,
}

/// What was written so far.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MailLab {
    /// At noon, with these domains, each at a mail server of its own with this script.
    pub(super) fn new(domains: &[(&str, &str)]) -> Self {
        let (standing, ends) = std::sync::mpsc::channel::<()>();
        // Ends when the lab is closed.
        tokio::task::spawn_blocking(move || ends.recv().is_ok());
        let servers = Servers::default();
        let mut zone = String::new();
        for (number, (domain, script)) in (1..).zip(domains) {
            zone += &format!("{domain} MX 10 mx.{domain}\nmx.{domain} A 8.8.{number}.8\n");
            let ip = IpAddr::from([8, 8, number, 8]);
            servers.0.lock().unwrap().there.insert(ip, MailServer::new(script));
        }
        Self {
            zone,
            servers,
            folder: tempfile::tempdir().unwrap(),
            clock: MovableClock::starting_at("2026-11-20T12:00:00Z".parse().unwrap()),
            began: Instant::now(),
            limits: Limits {
                gap: Duration::ZERO,
                harvest_percent: 100,
                recipients_per_day: u32::MAX,
                ..Limits::default()
            },
            _standing: standing,
        }
    }

    /// With servers that are asked no more than so much.
    pub(super) fn with_recipients_per_day(mut self, most: u32) -> Self {
        self.limits.recipients_per_day = most;
        self
    }

    fn ip(number: u8) -> IpAddr {
        IpAddr::from([8, 8, number, 8])
    }

    /// One of the mail servers, counted from 1.
    pub(super) fn mail(&self, number: u8) -> MailServer {
        self.servers.0.lock().unwrap().there[&Self::ip(number)].clone()
    }

    /// The recipients that it was asked about; made-up ones show as such.
    pub(super) fn asked(&self, number: u8) -> Vec<String> {
        let commands = self.mail(number).commands();
        commands.iter().filter_map(|command| recipient(command)).collect()
    }

    /// Waits until so many recipients were asked about in all.
    pub(super) async fn is_asked(&self, number: u8, times: usize) {
        let count = || self.asked(number).len();
        comes_true(|| count() >= times, || format!("{} asked about", count())).await;
    }

    /// Takes a mail server from the network; [`Self::plug_in`] brings it back.
    pub(super) fn unplug(&self, number: u8) -> MailServer {
        self.servers.0.lock().unwrap().there.remove(&Self::ip(number)).unwrap()
    }

    pub(super) fn plug_in(&self, number: u8, server: MailServer) {
        self.servers.0.lock().unwrap().there.insert(Self::ip(number), server);
    }

    /// Waits until one that is not there was dialled.
    pub(super) async fn is_dialled_in_vain(&self) {
        let count = || self.servers.0.lock().unwrap().dialled_in_vain;
        comes_true(|| count() > 0, || "no connection".to_owned()).await;
    }

    /// How long ago it was noon.
    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Moves the time.
    pub(super) async fn pass(&self, time: Duration) {
        advance(time).await;
    }

    pub(super) fn journal_path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    /// Begins a run over these addresses, one a line, or goes on with the one whose journal is there. Nobody
    /// remembers anything else of it.
    pub(super) fn start(&self, list: &str, waits: RetryPlan) -> Running {
        let path = self.folder.path().join("list.txt");
        fs::write(&path, list).unwrap();
        let journal = Journal::open(&self.journal_path()).unwrap();
        let list = List::open(ListSource::File(path), &ListOptions::default()).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(self.clock);
        let validator = Arc::new(self.validator(journal.clone(), waits));
        let settings = JudgeSettings {
            depth: Depth::Mailbox,
            strictness: Strictness::Lenient,
            locale: None,
            dedupe_key: Some(DedupeKey::Canonical),
            suppressed: Suppressed::default(),
            recheck: None,
        };
        let judge = Judge::new(validator.clone(), clock, list.plan().clone(), settings);
        let written = Written::default();
        let form = WriteOptions {
            columns: Column::USUAL.to_vec(),
            format: Some(OutputFormat::JsonLines),
            formulas: FormulaEscaping::On,
            fix_at: Confidence::from_percent(90),
        };
        let output = Output::Pipe(Box::new(written.clone()));
        let outputs = Outputs { main: Some(output), ..Outputs::default() };
        let tally = Tally::new(Listing::Numbers);
        let sink = Sink::new(list.plan(), form, Filter::default(), outputs, tally);
        let progress = Arc::new(RunProgress::default());
        let run = Run {
            list,
            judge: Arc::new(judge),
            journal: journal.clone(),
            sink: sink.marking_duplicates(),
            progress: progress.clone(),
            depth: Depth::Mailbox,
            probe_pass: ProbePass::First,
        };
        let (stop, stopped) = oneshot::channel();
        let run = tokio::spawn(run.run(async {
            // Dropping it does not stop it.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        }));
        Running { progress, journal, validator, written, stop: Some(stop), run }
    }

    fn validator(&self, journal: Journal, waits: RetryPlan) -> Validator {
        let clock: Arc<dyn Clock> = Arc::new(self.clock);
        let dns = Arc::new(Zone::parse(&self.zone));
        let routes = RouteSettings {
            reach: ReachPolicy::default(),
            private_zones: Vec::new(),
            limits: LookupLimits {
                lookups: 1_000,
                names_per_zone: u32::MAX,
                lookups_per_client: u32::MAX,
            },
            lookup_timeout: Duration::from_secs(10),
            dns_timeout: Duration::from_secs(1),
            cache_bytes: 16 << 20,
        };
        let identity = Identity {
            helo: "probe.lab.test".parse().unwrap(),
            sender: "probe@lab.test".parse().unwrap(),
        };
        let probing = Probing::new(ProbingParts {
            dns: dns.clone(),
            client: SmtpClient::new(identity, Timeouts::default()).unwrap(),
            dialer: Arc::new(self.servers.clone()),
            guard: DialGuard::new(ReachPolicy::default(), SMTP_PORT),
            limiter: ProbeLimiter::new(self.limits, NeverList::new(&[]), clock.clone(), None),
            rules: ReplyRules::builtin(),
            cache: MailboxCache::new(16 << 20),
            store: None,
            clock: clock.clone(),
        });
        let validator = Validator::new(ValidatorParts {
            lists: ActiveLists::new(Catalog::builtin()),
            suggest_at: Confidence::from_percent(50),
            policy: Policy::default(),
            routes: Some(Routes::new(dns, clock.clone(), routes)),
            probing: Some(probing),
            clock,
        });
        let settings = ListModeSettings {
            journal,
            concurrency: 64,
            open_files: None,
            rate: None,
            retry_plan: waits,
        };
        validator.for_list(settings, Vec::new())
    }
}

impl Running {
    /// Waits until so many addresses are settled, and so many wait for their time.
    pub(super) async fn comes_to(&self, asked: u64, waiting: u64) {
        let counts = || {
            let now = self.progress.snapshot();
            (now.probed, now.waiting)
        };
        comes_true(|| counts() == (asked, waiting), || format!("{:?}", counts())).await;
    }

    /// Whether nothing has been written.
    pub(super) fn is_silent(&self) -> bool {
        self.written.0.lock().unwrap().is_empty()
    }

    /// The rows, once all are written.
    pub(super) async fn rows(self) -> Vec<Value> {
        comes_true(|| self.run.is_finished(), || format!("{:?}", self.progress.snapshot())).await;
        self.run.await.unwrap().unwrap();
        let written = self.written.0.lock().unwrap();
        objects(std::str::from_utf8(&written).unwrap())
    }

    /// Ends it without a word, as a power cut would.
    pub(super) async fn kill(self) {
        self.run.abort();
        assert!(self.run.await.is_err(), "it had ended already");
        self.journal.close();
    }

    /// Ends it as Ctrl-C does.
    pub(super) async fn interrupt(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        let stop = self.run.await.unwrap();
        assert!(matches!(stop, Err(Stop::Interrupted)));
        self.validator.shut_down().await;
        self.journal.close();
    }
}

/// Lets others work until this is so.
#[expect(
    clippy::disallowed_types,
    reason = "the test moves tokio's clock, and this is no part of it"
)]
pub(super) async fn comes_true(is_so: impl Fn() -> bool, failure: impl Fn() -> String) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while !is_so() {
        assert!(std::time::Instant::now() < deadline, "in vain: {}", failure());
        breathe().await;
    }
}

/// Lets other tasks run, on other threads too.
pub(super) async fn breathe() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    std::thread::park_timeout(Duration::from_millis(1));
}

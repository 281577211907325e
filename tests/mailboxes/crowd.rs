//! Ten thousand domains whose mail goes to one machine are one destination.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use jiff::Timestamp;
use mailvet::cache::MailboxCache;
use mailvet::catalog::Catalog;
use mailvet::clock::{Clock, MovableClock};
use mailvet::dns::zone::Zone;
use mailvet::reach::ReachPolicy;
use mailvet::reply::Patterns;
use mailvet::smtp::dial::{Connection, DialError, Dialer, Guard, SMTP_PORT, Target};
use mailvet::smtp::etiquette::{Etiquette, Limits, NeverList};
use mailvet::smtp::{Client, Identity, Patience};
use mailvet::typo::Confidence;
use mailvet::validator::{
    Caller, FloodLimits, InForce, Network, Parts, Probing, ProbingParts, Request, RouteSettings,
    Routes, Validator,
};
use mailvet::verdict::{Depth, Policy, Verdict};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Instant;

use crate::support::smtp::MailServer;

const DOMAINS: usize = 10_000;

/// What was dialled, and how many connections there were at once.
#[derive(Default)]
struct Book {
    dialled: Vec<Instant>,
    open: usize,
    most_open: usize,
}

/// Leads to one server, whichever address is dialled.
struct Wire {
    server: MailServer,
    book: Arc<Mutex<Book>>,
}

impl Dialer for Wire {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(self.server.clone().talk(Box::new(theirs), None));
        let mut book = self.book.lock().unwrap();
        book.dialled.push(Instant::now());
        book.open += 1;
        book.most_open = book.most_open.max(book.open);
        let counted = Counted { stream: ours, book: self.book.clone() };
        async { Ok(Box::new(counted) as Connection) }.boxed()
    }
}

/// A connection that is counted until it is dropped.
struct Counted {
    stream: DuplexStream,
    book: Arc<Mutex<Book>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.book.lock().unwrap().open -= 1;
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn validator(zone: &str, server: &MailServer, limits: Limits) -> (Validator, Arc<Mutex<Book>>) {
    let clock: Arc<dyn Clock> = Arc::new(MovableClock::starting_at(Timestamp::UNIX_EPOCH));
    let (dns, book) = (Arc::new(Zone::parse(zone)), Arc::new(Mutex::new(Book::default())));
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::new(),
        limits: FloodLimits {
            flights: DOMAINS,
            names_per_zone: u32::MAX,
            flights_per_stranger: u32::MAX,
        },
        flight_deadline: Duration::from_secs(10),
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 64 << 20,
    };
    let identity = Identity {
        helo: "probe.lab.test".parse().unwrap(),
        sender: "probe@lab.test".parse().unwrap(),
    };
    let probing = Probing::new(ProbingParts {
        dns: dns.clone(),
        client: Client::new(identity, Patience::default()).unwrap(),
        dialer: Arc::new(Wire { server: server.clone(), book: book.clone() }),
        guard: Guard::new(ReachPolicy::default(), SMTP_PORT),
        etiquette: Etiquette::new(limits, NeverList::new(&[]), clock.clone(), None),
        patterns: Patterns::builtin(),
        cache: MailboxCache::new(64 << 20),
        store: None,
        clock: clock.clone(),
    });
    let validator = Validator::new(Parts {
        lists: InForce::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        network: Network::Online(Box::new(Routes::new(dns, clock.clone(), settings))),
        probing: Some(probing),
        clock,
    });
    (validator, book)
}

#[tokio::test(start_paused = true)]
async fn one_machine_is_one_destination_however_many_domains_it_serves() {
    let mut zone = String::new();
    for n in 0..DOMAINS {
        let _ = writeln!(zone, "d{n}.io MX 10 mx.d{n}.io\nmx.d{n}.io A 8.8.8.8");
    }
    let limits = Limits { recipients_per_day: u32::MAX, ..Limits::default() };
    let server = MailServer::new("RCPT #1 250 Ok");
    let (validator, book) = validator(&zone, &server, limits);
    let addresses: Vec<String> = (0..DOMAINS).map(|n| format!("joe@d{n}.io")).collect();
    let reports = join_all(addresses.iter().map(async |address| {
        let request = Request {
            depth: Depth::Mailbox,
            budget: Duration::from_secs(24 * 3600),
            caller: Caller::Operator,
            ..Request::new(address)
        };
        validator.validate(&request).await.judgement.verdict
    }));
    let verdicts = reports.await;
    assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Deliverable), "{:?}", verdicts[0]);
    let book = book.lock().unwrap();
    assert_eq!(book.dialled.len(), DOMAINS);
    assert_eq!(book.most_open, limits.connections as usize);
    let gaps = book.dialled.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.min() >= Some(limits.gap));
}

//! A validator that asks mail servers without sockets, in a time that only the test moves.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use mailvet::cache::MailboxCache;
use mailvet::catalog::Catalog;
use mailvet::clock::{Clock, MovableClock};
use mailvet::dns::zone::Zone;
use mailvet::reach::ReachPolicy;
use mailvet::reply::ReplyRules;
use mailvet::report::Report;
use mailvet::smtp::dial::{Connection, DialError, DialGuard, Dialer, SMTP_PORT, Target};
use mailvet::smtp::limiter::{LimitStore, Limits, NeverList, ProbeLimiter};
use mailvet::smtp::{Identity, SmtpClient, Timeouts};
use mailvet::store::Store;
use mailvet::typo::Confidence;
use mailvet::validator::{
    ActiveLists, Client, LookupLimits, Probing, ProbingParts, Request, RouteSettings, Routes,
    Validator, ValidatorParts,
};
use mailvet::verdict::{Depth, Policy};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::time::Instant;

use crate::support::smtp::MailServer;

/// Domains that may be looked up at the same time.
const LOOK_UPS: usize = 10_000;

/// What was dialled, and how many connections there were at once.
#[derive(Default)]
pub(super) struct Dialled {
    pub(super) at: Vec<Instant>,
    open: usize,
    pub(super) most_open: usize,
}

/// Talks to a client at the other end of a stream who has dialled this address.
pub(super) type Talk = Arc<dyn Fn(IpAddr, DuplexStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// Leads to the servers.
struct Wire {
    talk: Talk,
    book: Arc<Mutex<Dialled>>,
}

/// One scripted server, whichever address is dialled.
pub(super) fn scripted(server: &MailServer) -> Talk {
    let server = server.clone();
    Arc::new(move |_, stream| server.clone().talk(Box::new(stream), None).boxed())
}

impl Dialer for Wire {
    fn dial(&self, target: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn((self.talk)(target.ip(), theirs));
        let mut book = self.book.lock().unwrap();
        book.at.push(Instant::now());
        book.open += 1;
        book.most_open = book.most_open.max(book.open);
        let counted = Counted { stream: ours, book: self.book.clone() };
        async { Ok(Box::new(counted) as Connection) }.boxed()
    }
}

/// A connection that is counted until it is dropped.
struct Counted {
    stream: DuplexStream,
    book: Arc<Mutex<Dialled>>,
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

/// A validator with this DNS, whose mail servers talk like this, and what it dials.
pub(super) fn validator(
    zone: &str,
    talk: Talk,
    limits: Limits,
    store: Option<Store>,
    clock: Arc<dyn Clock>,
) -> (Validator, Arc<Mutex<Dialled>>) {
    let (dns, book) = (Arc::new(Zone::parse(zone)), Arc::new(Mutex::new(Dialled::default())));
    let settings = RouteSettings {
        reach: ReachPolicy::default(),
        private_zones: Vec::new(),
        limits: LookupLimits {
            lookups: LOOK_UPS,
            names_per_zone: u32::MAX,
            lookups_per_client: u32::MAX,
        },
        lookup_timeout: Duration::from_secs(10),
        dns_timeout: Duration::from_secs(1),
        cache_bytes: 64 << 20,
    };
    let identity = Identity {
        helo: "probe.lab.test".parse().unwrap(),
        sender: "probe@lab.test".parse().unwrap(),
    };
    let ledger = store.clone().map(|store| Arc::new(store) as Arc<dyn LimitStore>);
    let probing = Probing::new(ProbingParts {
        dns: dns.clone(),
        client: SmtpClient::new(identity, Timeouts::default()).unwrap(),
        dialer: Arc::new(Wire { talk, book: book.clone() }),
        guard: DialGuard::new(ReachPolicy::default(), SMTP_PORT),
        limiter: ProbeLimiter::new(limits, NeverList::new(&[]), clock.clone(), ledger),
        rules: ReplyRules::builtin(),
        cache: MailboxCache::new(64 << 20),
        store,
        clock: clock.clone(),
    });
    let validator = Validator::new(ValidatorParts {
        lists: ActiveLists::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes: Some(Routes::new(dns, clock.clone(), settings)),
        probing: Some(probing),
        clock,
    });
    (validator, book)
}

/// A clock that goes as tokio's does.
pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(MovableClock::starting_at(Timestamp::UNIX_EPOCH))
}

/// Asks about a mailbox, in no hurry.
pub(super) async fn validate(validator: &Validator, address: &str) -> Report {
    let request = Request {
        depth: Depth::Mailbox,
        budget: Duration::from_secs(24 * 3600),
        client: Client::Operator,
        ..Request::new(address)
    };
    validator.validate(&request).await
}

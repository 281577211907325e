//! A mail server for tests: it talks and behaves as a script says, and keeps a record of every
//! connection. It listens on a loopback port, or talks over any stream.

#![allow(dead_code, reason = "every test target uses a part of it")]

mod record;
mod script;
mod talk;
mod tls;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use mailvet::smtp::dial::Connection;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use record::Record;
pub(crate) use record::Visit;
use script::Script;

/// A script, and a record of those who were served by it.
///
/// The script has one line a rule, `STEP ACTION`. Steps are `BANNER`, `EHLO`, `HELO`, `STARTTLS`, `TLS` (the
/// handshake), `MAIL`, `RSET`, `QUIT`, and `RCPT` with its recipient: an address, `#3` for the third
/// recipient of a connection, or `*`. The first rule that fits holds. Before a step, `IN-CLEAR` or `IN-TLS`
/// keep a rule to one half of a conversation. Actions are
///
/// | action | meaning |
/// |---|---|
/// | `250 2.1.5 Ok` | says so; several lines are separated by a vertical bar, and 421 hangs up |
/// | `AFTER 1500 250 Ok` | says so after so many milliseconds |
/// | `GREY 300 250 Ok` | of `RCPT`: defers a recipient that it has not known for so many seconds, and then says so |
/// | `TWICE 250 Ok` | says so twice |
/// | `DROP` | hangs up |
/// | `STALL` | says no more |
/// | `GARBAGE` | sends bytes that are no SMTP |
/// | `ENDLESS` | sends a line that never ends |
/// | `TRICKLE` | sends a reply that never ends, a byte a second |
/// | `OLD` | of `TLS`: knows nothing newer than TLS 1.2 |
///
/// `OFFERS PIPELINING STARTTLS SMTPUTF8` is what EHLO tells. Without a rule a step succeeds, and a
/// recipient other than postmaster is unknown (550 5.1.1). Commands that are out of order are refused with 503.
#[derive(Clone)]
pub(crate) struct MailServer {
    script: Arc<Script>,
    record: Record,
}

impl MailServer {
    /// A server with this script, which serves only the connections that are given to [`Self::talk`].
    pub(crate) fn new(script: &str) -> Self {
        Self { script: Arc::new(Script::read(script)), record: Record::default() }
    }

    /// Serves this connection until one side closes it.
    pub(crate) async fn talk(self, connection: Connection, peer: Option<SocketAddr>) {
        talk::talk(&self.script, connection, self.record.begin(peer)).await;
    }

    /// Every connection so far, in order.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.record.visits()
    }

    /// Every command so far, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.visits().into_iter().flat_map(|visit| visit.commands).collect()
    }
}

/// A mail server on a port, which runs until it is stopped or dropped.
pub(crate) struct SmtpServer {
    server: MailServer,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl SmtpServer {
    /// Starts a server with this script on a free port.
    pub(crate) fn start(script: &str) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), script)
    }

    /// The same at this address.
    pub(crate) fn start_at(address: SocketAddr, script: &str) -> Self {
        Self::try_start_at(address, script).unwrap()
    }

    /// The same, where the address may be taken.
    pub(crate) fn try_start_at(address: SocketAddr, script: &str) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let server = MailServer::new(script);
        let (stop, stopped) = oneshot::channel();
        let serving = server.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(serving, &listener) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { server, address, running: Some((stop, thread)) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every connection so far, in order.
    pub(crate) fn visits(&self) -> Vec<Visit> {
        self.server.visits()
    }

    /// Every command so far, in order.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.server.commands()
    }

    /// Listens no more, and hangs up.
    pub(crate) fn stop(&mut self) {
        let Some((stop, thread)) = self.running.take() else { return };
        // The thread may have ended by a panic, which its test then tells.
        let _ = stop.send(());
        let _ = thread.join();
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Serves every connection; all of them end when this does.
async fn serve(server: MailServer, listener: &TcpListener) {
    let mut talks = JoinSet::new();
    loop {
        // A client may hang up before it is accepted.
        let Ok((connection, peer)) = listener.accept().await else { continue };
        talks.spawn(server.clone().talk(Box::new(connection), Some(peer)));
        while talks.try_join_next().is_some() {}
    }
}

/// The recipient that a command asks about; a made-up one shows as such.
pub(crate) fn recipient(command: &str) -> Option<String> {
    let address = command.strip_prefix("RCPT TO:<")?.split('>').next()?.to_owned();
    let (local, domain) = address.split_once('@')?;
    let is_made_up = local.len() == 20 && local.bytes().all(|b| b.is_ascii_lowercase());
    Some(if is_made_up { format!("made-up@{domain}") } else { address })
}

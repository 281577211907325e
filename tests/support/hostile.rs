//! A mail server that breaks the rules of the conversation: replies too many, too few, too late, cut
//! anywhere, as a plan says. Plans are made by proptest. It talks over any stream, with a paused clock too, or
//! listens on a loopback port.
//!
//! The server itself is honest about mailboxes: [`Plan::knows`] is what it answers for a recipient, so a
//! verdict that differs rests on a reply that was not this recipient's.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

/// What a server does on its connections.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Whether every recipient is accepted.
    pub(crate) catch_all: bool,
    /// One for each connection, in turn.
    pub(crate) connections: Vec<Conduct>,
}

/// What a server does on one connection.
#[derive(Clone, Debug)]
pub(crate) struct Conduct {
    pub(crate) pipelining: bool,
    pub(crate) starttls: Option<StartTls>,
    /// Faults by the number of the reply that they belong to; 0 is the banner.
    pub(crate) faults: Vec<(usize, Fault)>,
    /// How long each reply takes, in milliseconds, in turn.
    pub(crate) delays: Vec<u64>,
    /// Into how many bytes what is sent is cut, and the pause behind each piece, in turn.
    pub(crate) pieces: Vec<(usize, u64)>,
}

/// What becomes of STARTTLS. There is no certificate: encryption never works.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StartTls {
    /// 454.
    Refused,
    /// 220, and then the handshake is not answered but cut off.
    Broken,
    /// 220, and in the same write replies in clear text that pretend to be from within TLS.
    Injected,
}

/// What goes wrong with one reply.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Another reply is sent before it.
    ExtraBefore(&'static str),
    /// Another reply is sent so many milliseconds after it.
    ExtraAfter(&'static str, u64),
    /// It is sent twice, the second time so many milliseconds later.
    Twice(u64),
    /// It is not sent.
    Missing,
    /// 421 instead, and the server hangs up.
    Closing,
    /// The server hangs up instead.
    HangUp,
    /// The server says nothing more.
    Stall,
    /// Bytes that are no reply instead.
    Garbage,
}

/// What may go wrong in a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Disorder {
    /// What counting replies shows: on one connection, replies too many alone, or replies that do not
    /// come alone. One too many and one too few together look like an orderly conversation.
    Countable,
    /// Anything.
    Any,
}

/// What the server saw of one connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The recipients of all RCPT commands, in order.
    pub(crate) recipients: Vec<String>,
    /// How many commands there were.
    pub(crate) commands: usize,
    /// Whether it has ended.
    pub(crate) over: bool,
}

impl Conduct {
    /// Does what it should, with pipelining and at once.
    pub(crate) fn orderly() -> Self {
        Self {
            pipelining: true,
            starttls: None,
            faults: Vec::new(),
            delays: vec![0],
            pieces: vec![(4096, 0)],
        }
    }
}

impl Plan {
    /// What the server answers for this recipient: those whose local part begins with `known.` exist.
    pub(crate) fn knows(&self, address: &str) -> bool {
        self.catch_all || address.starts_with("known.")
    }

    /// Whether what goes wrong counting replies shows on each connection: [`Disorder::Countable`].
    pub(crate) fn is_countable(&self) -> bool {
        self.connections.iter().all(|conduct| {
            let adds = |(_, fault): &(usize, Fault)| {
                matches!(fault, Fault::ExtraBefore(_) | Fault::ExtraAfter(..) | Fault::Twice(_))
            };
            conduct.faults.iter().all(adds) || !conduct.faults.iter().any(adds)
        })
    }
}

/// Plans in which no pause is longer than this many milliseconds.
pub(crate) fn plans(disorder: Disorder, longest_pause: u64) -> impl Strategy<Value = Plan> + use<> {
    let conducts = prop::collection::vec(conduct(disorder, longest_pause), 1..4);
    (prop::bool::weighted(0.15), conducts)
        .prop_map(|(catch_all, connections)| Plan { catch_all, connections })
}

fn conduct(disorder: Disorder, longest_pause: u64) -> impl Strategy<Value = Conduct> + use<> {
    // Most faults are near the recipients: behind the banner, EHLO and MAIL.
    let at = prop_oneof![1 => 0_usize..3, 5 => 2_usize..16];
    let surplus = prop::collection::vec((at.clone(), surplus(longest_pause)), 0..4).boxed();
    let deficit = prop::collection::vec((at, deficit()), 0..3).boxed();
    let both = (surplus.clone(), deficit.clone())
        .prop_map(|(surplus, deficit)| [surplus, deficit].concat());
    let faults = match disorder {
        Disorder::Countable => prop_oneof![3 => surplus, 1 => deficit].boxed(),
        Disorder::Any => both.boxed(),
    };
    let starttls = prop_oneof![
        6 => Just(None),
        1 => Just(Some(StartTls::Refused)),
        1 => Just(Some(StartTls::Broken)),
        1 => Just(Some(StartTls::Injected)),
    ];
    let delays = prop::collection::vec(pause(longest_pause), 1..5);
    let pieces = prop_oneof![
        2 => Just(vec![(4096, 0)]),
        1 => prop::collection::vec((1_usize..40, prop_oneof![3 => Just(0), 1 => 0..=longest_pause / 20]), 1..5),
    ];
    (prop::bool::weighted(0.8), starttls, faults, delays, pieces).prop_map(
        |(pipelining, starttls, faults, delays, pieces)| Conduct {
            pipelining,
            starttls,
            faults,
            delays,
            pieces,
        },
    )
}

fn pause(longest: u64) -> impl Strategy<Value = u64> + use<> {
    prop_oneof![4 => Just(0), 2 => 0..=longest / 10, 1 => 0..=longest]
}

fn surplus(longest_pause: u64) -> impl Strategy<Value = Fault> + use<> {
    let reply = prop::sample::select(vec![
        "250 Ok",
        "250 Ok",
        "550 5.1.1 User unknown",
        "250-Ok\r\n250 Ok",
        "450 4.2.0 Greylisted",
        "220 mx.test ESMTP",
        "503 5.5.1 Bad sequence",
    ]);
    prop_oneof![
        reply.clone().prop_map(Fault::ExtraBefore),
        (reply, pause(longest_pause)).prop_map(|(reply, after)| Fault::ExtraAfter(reply, after)),
        pause(longest_pause).prop_map(Fault::Twice),
    ]
}

fn deficit() -> impl Strategy<Value = Fault> + use<> {
    prop_oneof![
        4 => Just(Fault::Missing),
        1 => Just(Fault::Closing),
        1 => Just(Fault::HangUp),
        1 => Just(Fault::Stall),
        1 => Just(Fault::Garbage),
    ]
}

/// A server that behaves as a plan says, and a record of what it saw. Clones share both.
#[derive(Clone)]
pub(crate) struct HostileServer {
    plan: Arc<Plan>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl HostileServer {
    pub(crate) fn new(plan: Plan) -> Self {
        Self { plan: Arc::new(plan), seen: Arc::default() }
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What was seen of every connection so far, in order.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The recipients of all RCPT commands so far.
    pub(crate) fn recipients(&self) -> Vec<String> {
        self.seen().into_iter().flat_map(|seen| seen.recipients).collect()
    }

    /// Talks to the client at the other end, until one of both ends it.
    pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(self, stream: S) {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(Seen::default());
            seen.len() - 1
        };
        let conduct = self.plan.connections[number % self.plan.connections.len()].clone();
        let mut talk = Talk {
            server: &self,
            number,
            conduct,
            stream,
            unread: Vec::new(),
            late: VecDeque::new(),
            replies: 0,
            sent: 0,
            in_transaction: false,
        };
        // The client may have gone already.
        let _ = talk.talk().await;
        let _ = talk.stream.shutdown().await;
        self.seen.lock().unwrap()[number].over = true;
    }

    /// Serves every connection to this socket.
    pub(crate) async fn serve(self, listener: &TcpListener) {
        let mut talks = JoinSet::new();
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            talks.spawn(self.clone().talk(stream));
            while talks.try_join_next().is_some() {}
        }
    }
}

/// A hostile server on a loopback port, until it is dropped.
pub(crate) struct HostileListener {
    pub(crate) server: HostileServer,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl HostileListener {
    pub(crate) fn start(plan: Plan) -> Self {
        Self::start_at((Ipv4Addr::LOCALHOST, 0).into(), plan)
    }

    pub(crate) fn start_at(address: SocketAddr, plan: Plan) -> Self {
        let listener = std::net::TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let server = HostileServer::new(plan);
        let (stop, stopped) = oneshot::channel();
        let serving = server.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serving.serve(&listener) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { server, address, running: Some((stop, thread)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for HostileListener {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // The thread may have ended by a panic, which its test then tells.
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

/// The conversation is over.
struct Over;

struct Talk<'s, S> {
    server: &'s HostileServer,
    number: usize,
    conduct: Conduct,
    stream: S,
    unread: Vec<u8>,
    /// Replies too many, and when they are due.
    late: VecDeque<(Instant, String)>,
    replies: usize,
    sent: usize,
    in_transaction: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<'_, S> {
    async fn talk(&mut self) -> Result<(), Over> {
        self.reply("220 mx.test ESMTP").await?;
        loop {
            let line = self.command().await?;
            self.note(|seen| seen.commands += 1);
            self.answer(&line).await?;
        }
    }

    fn note(&self, write: impl FnOnce(&mut Seen)) {
        write(&mut self.server.seen.lock().unwrap()[self.number]);
    }

    async fn command(&mut self) -> Result<String, Over> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
            }
            let mut chunk = [0; 8192];
            let length = match self.late.front().map(|(due, _)| *due) {
                None => self.stream.read(&mut chunk).await.map_err(|_| Over)?,
                Some(due) => match timeout_at(due, self.stream.read(&mut chunk)).await {
                    Ok(read) => read.map_err(|_| Over)?,
                    Err(_) => {
                        self.send_due().await?;
                        continue;
                    }
                },
            };
            if length == 0 {
                return Err(Over);
            }
            self.unread.extend_from_slice(&chunk[..length]);
        }
    }

    async fn answer(&mut self, line: &str) -> Result<(), Over> {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let address = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
        let address = address.map_or("", |(address, _)| address).to_owned();
        match &*verb {
            "EHLO" => {
                self.in_transaction = false;
                let mut lines = vec!["mx.test"];
                lines.extend(self.conduct.pipelining.then_some("PIPELINING"));
                lines.extend(self.conduct.starttls.map(|_| "STARTTLS"));
                lines.push("8BITMIME");
                let (last, before) = lines.split_last().unwrap();
                let before: String = before.iter().map(|line| format!("250-{line}\r\n")).collect();
                self.reply(&format!("{before}250 {last}")).await
            }
            "STARTTLS" => match self.conduct.starttls {
                Some(StartTls::Broken) => {
                    self.reply("220 Go").await?;
                    // The client's first words of the handshake.
                    let _ = self.stream.read(&mut [0; 4096]).await;
                    Err(Over)
                }
                Some(StartTls::Injected) => {
                    self.reply("220 Go\r\n250-mx.test\r\n250 PIPELINING\r\n250 Ok\r\n250 Ok")
                        .await?;
                    let _ = self.stream.read(&mut [0; 4096]).await;
                    Err(Over)
                }
                Some(StartTls::Refused) | None => self.reply("454 Not now").await,
            },
            "MAIL" if !self.in_transaction => {
                self.in_transaction = true;
                self.reply("250 Ok").await
            }
            "RCPT" => {
                let is_known = self.server.plan.knows(&address);
                self.note(|seen| seen.recipients.push(address));
                match (self.in_transaction, is_known) {
                    (false, _) => self.reply("503 5.5.1 Bad sequence").await,
                    (true, true) => self.reply("250 Ok").await,
                    (true, false) => self.reply("550 5.1.1 User unknown").await,
                }
            }
            "MAIL" => self.reply("503 5.5.1 Bad sequence").await,
            "HELO" | "RSET" | "NOOP" => {
                self.in_transaction = false;
                self.reply("250 Ok").await
            }
            "QUIT" => {
                self.reply("221 Bye").await?;
                Err(Over)
            }
            _ => self.reply("500 5.5.2 What?").await,
        }
    }

    /// Sends a reply, or what the plan has instead of it.
    async fn reply(&mut self, text: &str) -> Result<(), Over> {
        let nth = self.replies;
        self.replies += 1;
        let faults: Vec<Fault> =
            self.conduct.faults.iter().filter(|(at, _)| *at == nth).map(|(_, f)| *f).collect();
        let delay = self.conduct.delays[nth % self.conduct.delays.len()];
        self.wait(delay).await?;
        for fault in &faults {
            match fault {
                Fault::ExtraBefore(reply) => self.send(reply).await?,
                Fault::Closing => {
                    self.send("421 4.3.2 Closing").await?;
                    return Err(Over);
                }
                Fault::HangUp => return Err(Over),
                Fault::Stall => std::future::pending().await,
                Fault::Garbage => {
                    self.send("\u{1}\u{2} no reply").await?;
                    return Ok(());
                }
                Fault::Missing => return Ok(()),
                Fault::ExtraAfter(..) | Fault::Twice(_) => {}
            }
        }
        self.send(text).await?;
        for fault in faults {
            let (extra, after) = match fault {
                Fault::ExtraAfter(reply, after) => (reply.to_owned(), after),
                Fault::Twice(after) => (text.to_owned(), after),
                _ => continue,
            };
            if after == 0 {
                self.send(&extra).await?;
            } else {
                self.late.push_back((Instant::now() + Duration::from_millis(after), extra));
                self.late.make_contiguous().sort_by_key(|(due, _)| *due);
            }
        }
        Ok(())
    }

    /// Lets time pass; replies that are due meanwhile are sent.
    async fn wait(&mut self, milliseconds: u64) -> Result<(), Over> {
        let until = Instant::now() + Duration::from_millis(milliseconds);
        while let Some(due) = self.late.front().map(|(due, _)| *due).filter(|due| *due <= until) {
            sleep_until(due).await;
            self.send_due().await?;
        }
        sleep_until(until).await;
        Ok(())
    }

    async fn send_due(&mut self) -> Result<(), Over> {
        while self.late.front().is_some_and(|(due, _)| *due <= Instant::now()) {
            let Some((_, text)) = self.late.pop_front() else { break };
            self.send(&text).await?;
        }
        Ok(())
    }

    /// Sends a line, in pieces.
    async fn send(&mut self, text: &str) -> Result<(), Over> {
        let bytes = format!("{text}\r\n").into_bytes();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (size, pause) = self.conduct.pieces[self.sent % self.conduct.pieces.len()];
            self.sent += 1;
            let (piece, left) = rest.split_at(size.min(rest.len()));
            rest = left;
            self.stream.write_all(piece).await.map_err(|_| Over)?;
            self.stream.flush().await.map_err(|_| Over)?;
            if pause > 0 {
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
        Ok(())
    }
}

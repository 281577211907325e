//! One DNS server, and the resolvers that ask only this one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::BoxFuture;
use futures_util::stream::{Map, StreamExt};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::tcp::TcpClientStream;
use hickory_resolver::net::udp::UdpClientStream;
use hickory_resolver::net::xfer::{DnsExchange, DnsExchangeSend, DnsHandle};
use hickory_resolver::proto::op::{DnsRequest, DnsResponse, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use hickory_resolver::{ConnectionProvider, PoolContext, Resolver};

use super::SetupError;

#[derive(Debug)]
pub(super) struct Server {
    pub(super) out_of_use: AtomicBool,
    address: SocketAddr,
    timeout: Duration,
    /// For the first try of every question. Of one question asked twice at the same time a resolver makes
    /// one packet.
    shared: ArcSwap<Resolver<Connector>>,
}

impl Server {
    /// A server of which no try lasts longer than this.
    pub(super) fn new(address: SocketAddr, timeout: Duration) -> Result<Self, SetupError> {
        let shared = ArcSwap::from_pointee(resolver(address, timeout)?);
        Ok(Self { out_of_use: AtomicBool::new(false), address, timeout, shared })
    }

    /// Asks for the nth time, counted from 0, with one packet; with more where aliases are followed or the answer is
    /// too long for UDP.
    ///
    /// The first try shares the packet of an equal question. That packet may be lost, even long ago. So the next
    /// tries share nothing: else all callers with the same question would fail together, with fewer packets than
    /// each of them has tries.
    pub(super) async fn look_up(
        &self,
        nth: usize,
        name: Name,
        kind: RecordType,
    ) -> Result<Lookup, NetError> {
        if nth > 0 {
            return resolver(self.address, self.timeout)?.lookup(name, kind).await;
        }
        let mut renewal = Renewal { server: self, is_needed: true };
        let answer = self.shared.load_full().lookup(name, kind).await;
        renewal.is_needed = match &answer {
            Ok(_) | Err(NetError::Dns(_)) => false,
            Err(_) => true,
        };
        answer
    }
}

/// Renews the shared resolver when a try ends without an answer, or when nothing waits for it any more. A resolver
/// keeps its TCP connection, and one that lost packets may stall for longer than any caller waits.
struct Renewal<'a> {
    server: &'a Server,
    is_needed: bool,
}

impl Drop for Renewal<'_> {
    fn drop(&mut self) {
        if self.is_needed
            && let Ok(new) = resolver(self.server.address, self.server.timeout)
        {
            self.server.shared.store(Arc::new(new));
        }
    }
}

fn resolver(address: SocketAddr, timeout: Duration) -> Result<Resolver<Connector>, NetError> {
    let connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    let server = NameServerConfig::new(address.ip(), true, connections);
    let config = ResolverConfig::from_name_servers(vec![server]);
    let connector = Connector { address: dialled(address), tokio: TokioRuntimeProvider::default() };
    let mut builder = Resolver::builder_with_config(config, connector);
    let options = builder.options_mut();
    options.timeout = timeout;
    options.attempts = 0;
    // Answers are kept as routes, in cache/; hosts files have no MX.
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

/// Where packets are sent. An unspecified address means this machine, which answers from its loopback address;
/// answers from an address that was not asked are not believed.
fn dialled(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V4(_) | IpAddr::V6(_) => {}
    }
    address
}

/// Connects to one address, whatever the resolver's configuration has.
///
/// It replaces two things that the resolver (0.26) does: the resolver knows no scope of an IPv6 address, and it sends
/// a UDP packet again by a measure of lateness of its own, which grows with each NXDOMAIN. Here a packet is sent
/// once; `hedge` decides when there is another.
#[derive(Clone)]
struct Connector {
    address: SocketAddr,
    tokio: TokioRuntimeProvider,
}

impl ConnectionProvider for Connector {
    type Conn = ServerConnection;
    type FutureConn = BoxFuture<'static, Result<ServerConnection, NetError>>;
    type RuntimeProvider = TokioRuntimeProvider;

    fn new_connection(
        &self,
        _: IpAddr,
        config: &ConnectionConfig,
        context: &PoolContext,
    ) -> Result<Self::FutureConn, NetError> {
        let Self { address, tokio } = self.clone();
        let timeout = context.options.timeout;
        let most_requests = Some(context.options.max_active_requests);
        match config.protocol {
            ProtocolConfig::Udp => {
                let stream = UdpClientStream::builder(address, tokio)
                    .with_timeout(Some(timeout))
                    .with_max_retries(1);
                Ok(Box::pin(async { Ok(ServerConnection(stream.exchange())) }))
            }
            ProtocolConfig::Tcp => {
                let stream =
                    TcpClientStream::exchange(address, None, timeout, most_requests, tokio);
                Ok(Box::pin(async { Ok(ServerConnection(stream.await?)) }))
            }
        }
    }

    fn runtime_provider(&self) -> &TokioRuntimeProvider {
        &self.tokio
    }
}

/// A connection that passes on only answers to the question.
#[derive(Clone)]
struct ServerConnection(DnsExchange<TokioRuntimeProvider>);

type Response = Result<DnsResponse, NetError>;

impl DnsHandle for ServerConnection {
    type Response = Map<DnsExchangeSend<TokioRuntimeProvider>, fn(Response) -> Response>;
    type Runtime = TokioRuntimeProvider;

    fn send(&self, request: DnsRequest) -> Self::Response {
        self.0.send(request).map(about_the_question)
    }
}

/// An answer with records, but none of the name that was asked for, is a failure. The resolver would take it for
/// "there are none".
fn about_the_question(response: Response) -> Response {
    let response = response?;
    let is_of_others = match response.queries.first() {
        Some(query) if response.response_code == ResponseCode::NoError => {
            !response.answers.is_empty()
                && response.answers.iter().all(|record| record.name != *query.name())
        }
        Some(_) | None => false,
    };
    if is_of_others {
        return Err(NetError::Message("the answer holds records of other names alone"));
    }
    Ok(response)
}

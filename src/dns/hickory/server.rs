//! One DNS server, and the resolvers that ask it alone.

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

/// One server.
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

    /// Asks for the nth time, counted from 0, with one packet; more where aliases are to be followed or the
    /// answer is too long for UDP.
    ///
    /// The first try shares the packet of another question that is the same. That packet may be lost, long
    /// ago even. So the next tries share nothing: else all who ask the same would fail together, with fewer
    /// packets than each of them has tries.
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

/// Renews the shared resolver when a try ends without an answer, and also when nobody waits for it any more.
/// It keeps its TCP connection, and one that packets were lost of may stand still for longer than anybody
/// waits.
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

/// Where packets are sent. An unspecified address means this machine, which answers from its loopback
/// address, and answers from another address than the one asked are not believed.
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
/// Two things that the resolver (0.26) does by itself are otherwise: it knows no scope of an IPv6 address,
/// and it sends a UDP packet again when it thinks that an answer is late, by a measure of its own that
/// grows with each NXDOMAIN. Here a packet is sent once; `hedge` says when there is another.
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

/// A connection of which only answers to the question come.
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

/// An answer that holds records, and none of the name that was asked for, is no answer. The resolver would
/// take it for "there are none".
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

//! Asking the resolver itself.

use std::net::IpAddr;
use std::time::Duration;

use mailvet::dns::hickory::{DnsSettings, HickoryDns};
use mailvet::dns::{Dns, Servers};
use mailvet::route::{Answer, Failure, Family, HostName, Mx};
use tokio::time::Instant;

use crate::support::dns::{DnsServer, Protocol};

/// Time enough for a busy machine.
pub(super) const PATIENT: Duration = Duration::from_secs(20);

/// After which time a question is sent again.
pub(super) const REPEAT: Duration = Duration::from_millis(300);

/// A resolver that asks these servers.
pub(super) fn resolver<'a>(
    servers: impl IntoIterator<Item = &'a DnsServer>,
    timeout: Duration,
    tries: usize,
) -> HickoryDns {
    let servers = servers.into_iter().map(DnsServer::address).collect();
    HickoryDns::new(&DnsSettings { servers, repeat: REPEAT, timeout, tries }).unwrap()
}

pub(super) fn host(name: &str) -> HostName {
    HostName::new(name).unwrap()
}

/// The answer about the MX of a name, as [`line`] has it.
pub(super) async fn mx(dns: &HickoryDns, name: &str) -> String {
    line(&dns.mx(&host(name), Servers::InUse).await.result)
}

/// The answer about the IPv4 addresses of a name.
pub(super) async fn addresses(dns: &HickoryDns, name: &HostName) -> String {
    let answered = dns.addresses(name, Family::V4, Servers::InUse).await;
    described(&answered.result, |ip: &IpAddr| ip.to_string())
}

/// Waits until the MX of a name is asked for.
pub(super) async fn came(server: &DnsServer, name: &str) {
    let deadline = Instant::now() + PATIENT;
    while server.packets(name, "MX", Protocol::Udp) == 0 {
        assert!(Instant::now() < deadline, "no question came for the MX of {name}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// An answer in a line: `300: 10 mx.test, 20 other.test`, `300: no data`, `300: no name`, with the TTL in
/// front, or the failure.
pub(super) fn line(answer: &Result<Answer<Mx>, Failure>) -> String {
    described(answer, |mx| {
        let host = mx.host.as_ref().map_or(".", HostName::as_str);
        format!("{} {host}", mx.preference)
    })
}

fn described<T>(answer: &Result<Answer<T>, Failure>, record: impl FnMut(&T) -> String) -> String {
    match answer {
        Ok(Answer::Found { records, ttl }) => {
            let records: Vec<String> = records.iter().map(record).collect();
            format!("{}: {}", ttl.as_secs(), records.join(", "))
        }
        Ok(Answer::NoData { ttl }) => format!("{}: no data", ttl.as_secs()),
        Ok(Answer::NoName { ttl }) => format!("{}: no name", ttl.as_secs()),
        Ok(Answer::NoTarget { ttl }) => format!("{}: no target", ttl.as_secs()),
        Err(failure) => failure.code().to_owned(),
    }
}

//! The DNS servers of the system, as the C library finds them.

use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The part of the file that is read.
const MAX_BYTES: u64 = 1 << 20;
/// As many as the C library asks (`MAXNS` in resolv.h).
const MAX_SERVERS: usize = 3;
const PORT: u16 = 53;

/// The servers in a `resolv.conf`.
#[derive(Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// In order, at most three.
    pub servers: Vec<SocketAddr>,
    /// How many `nameserver` lines have no IP address.
    pub unreadable: usize,
}

impl ResolvConf {
    /// Reads the lines that begin with `nameserver`, each up to a blank or a comment. Nothing else matters: a mail
    /// domain is a full name, so there is nothing to search. `interface` returns the number of a network
    /// interface, which a link-local address needs.
    pub fn parse(text: &str, interface: impl Fn(&str) -> Option<u32>) -> Self {
        let mut found = Self { servers: Vec::new(), unreadable: 0 };
        // U+FEFF: a byte order mark.
        for line in text.trim_start_matches('\u{feff}').lines() {
            let Some(rest) = line.trim_start().strip_prefix("nameserver") else { continue };
            if !rest.starts_with([' ', '\t']) {
                continue;
            }
            let is_end = |sign: char| sign.is_whitespace() || sign == '#' || sign == ';';
            let address = rest.trim_start().split(is_end).next().unwrap_or_default();
            match server(address, &interface) {
                Some(server) => found.servers.push(server),
                None => found.unreadable += 1,
            }
        }
        found.servers.truncate(MAX_SERVERS);
        found
    }
}

fn server(text: &str, interface: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    let Some((ip, scope)) = text.split_once('%') else {
        let ip: IpAddr = text.parse().ok()?;
        return Some(SocketAddr::new(ip, PORT));
    };
    let scope = scope.parse().ok().or_else(|| interface(scope))?;
    Some(SocketAddrV6::new(ip.parse().ok()?, PORT, 0, scope).into())
}

/// The servers that this system asks; this machine where none is named.
pub(super) fn system_servers() -> Vec<SocketAddr> {
    let found = match read(RESOLV_CONF) {
        Ok(text) => ResolvConf::parse(&text, interface_number),
        Err(error) => {
            tracing::warn!(
                %error,
                "cannot read {RESOLV_CONF}: asking the DNS server of this machine; name another with --dns"
            );
            ResolvConf { servers: Vec::new(), unreadable: 0 }
        }
    };
    if found.unreadable > 0 {
        tracing::warn!(
            lines = found.unreadable,
            "{RESOLV_CONF}: ignoring `nameserver` lines without an IP address"
        );
    }
    if found.servers.is_empty() {
        vec![SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))]
    } else {
        found.servers
    }
}

fn read(path: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The number that Linux gives a network interface.
fn interface_number(name: &str) -> Option<u32> {
    let is_name =
        !name.is_empty() && name.chars().all(|sign| sign.is_ascii_graphic() && sign != '/');
    if !is_name || name.starts_with('.') {
        return None;
    }
    read(&format!("/sys/class/net/{name}/ifindex")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;

//! Which IP addresses of a mail server may be dialled.

use std::net::{IpAddr, SocketAddr};

use crate::reach::{Reach, ReachPolicy, Scope};

/// The port of mail servers (RFC 5321 §4.5.4.2).
#[cfg(feature = "testing")]
pub const SMTP_PORT: u16 = 25;
/// The most addresses of one host that are tried.
pub const MAX_ADDRESSES: usize = 4;

/// An address that may be dialled. Only a [`DialGuard`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target(SocketAddr);

impl Target {
    /// The IP address; an IPv4 address mapped into IPv6 is unwrapped.
    pub fn ip(self) -> IpAddr {
        self.0.ip()
    }

    /// The address with its port.
    pub fn address(self) -> SocketAddr {
        self.0
    }
}

/// Admits the addresses that may be dialled.
#[derive(Clone, Debug)]
pub struct DialGuard {
    reach: ReachPolicy,
    port: u16,
}

impl DialGuard {
    /// `port` is [`SMTP_PORT`] unless the operator configured another one.
    pub fn new(reach: ReachPolicy, port: u16) -> Self {
        Self { reach, port }
    }

    /// # Errors
    /// The address may not be dialled.
    pub fn admit(&self, ip: IpAddr) -> Result<Target, Scope> {
        match self.reach.judge(ip) {
            // A mapped IPv4 address is checked and dialled as IPv4.
            Reach::Reachable => Ok(Target((ip.to_canonical(), self.port).into())),
            Reach::Barred(scope) => Err(scope),
        }
    }

    /// The addresses of a host to try, in this order: the families in turn, so that one that does not work here
    /// costs one try. IPv4 first: its reverse DNS and reputation are more often in order, and greylisting wants
    /// to see the same address again.
    pub fn targets(&self, ips: &[IpAddr]) -> Vec<Target> {
        let mut admitted: Vec<Target> = Vec::new();
        for target in ips.iter().filter_map(|ip| self.admit(*ip).ok()) {
            if !admitted.contains(&target) {
                admitted.push(target);
            }
        }
        let (v4, v6): (Vec<_>, Vec<_>) =
            admitted.into_iter().partition(|target| target.0.is_ipv4());
        let longest = v4.len().max(v6.len());
        let in_turn = (0..longest).flat_map(|n| [v4.get(n), v6.get(n)]).flatten();
        in_turn.copied().take(MAX_ADDRESSES).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_of_a_host() {
        let cases = [
            ("", ""),
            ("8.8.8.8", "8.8.8.8:25"),
            ("2a00::1 8.8.8.8", "8.8.8.8:25 [2a00::1]:25"),
            ("2a00::1 2a00::2 8.8.8.8", "8.8.8.8:25 [2a00::1]:25 [2a00::2]:25"),
            ("8.8.8.1 8.8.8.2 2a00::1", "8.8.8.1:25 [2a00::1]:25 8.8.8.2:25"),
            (
                "8.8.8.1 8.8.8.2 8.8.8.3 8.8.8.4 8.8.8.5",
                "8.8.8.1:25 8.8.8.2:25 8.8.8.3:25 8.8.8.4:25",
            ),
            ("8.8.8.8 8.8.8.8 ::ffff:8.8.8.8", "8.8.8.8:25"),
            ("::ffff:8.8.8.8", "8.8.8.8:25"),
            ("127.0.0.1 8.8.8.8 ::1", "8.8.8.8:25"),
            ("10.0.0.1 ::ffff:10.0.0.1 64:ff9b::a00:1", ""),
        ];
        let guard = DialGuard::new(ReachPolicy::default(), SMTP_PORT);
        for (ips, expected) in cases {
            let ips: Vec<IpAddr> = ips.split_whitespace().map(|ip| ip.parse().unwrap()).collect();
            let targets =
                guard.targets(&ips).into_iter().map(|target| target.address().to_string());
            assert_eq!(targets.collect::<Vec<_>>().join(" "), expected, "{ips:?}");
        }
    }

    #[test]
    fn the_reason_is_told() {
        let guard =
            DialGuard::new(ReachPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap()]), 2525);
        let admitted = guard.admit([127, 0, 0, 9].into()).map(Target::address);
        assert_eq!(admitted, Ok(([127, 0, 0, 9], 2525).into()));
        assert_eq!(guard.admit([192, 168, 0, 1].into()), Err(Scope::Private));
    }
}

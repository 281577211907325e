//! Whether a mail server's IP address may be contacted.
//!
//! An address record can point anywhere, also at the machine that mailvet runs on or at its network. Only global
//! unicast addresses are reachable, and those that the operator allows.
//! The tables are the IANA special-purpose address registries (RFC 6890, as of 2026).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The judgement on one IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Global unicast, or allowed by the operator.
    Reachable,
    /// Not to be contacted, because of where it points.
    Barred(Scope),
}

/// Where an address points that is not on the internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This machine.
    Loopback,
    /// A private network (RFC 1918, RFC 4193).
    Private,
    /// The network behind a carrier's NAT (RFC 6598).
    Shared,
    /// The local link (RFC 3927, RFC 4291).
    LinkLocal,
    Multicast,
    /// Examples and measurements (RFC 5737, RFC 3849, RFC 9637, RFC 2544).
    Documentation,
    /// A wrapper around another address, with no sure route to it (6to4, Teredo, local NAT64).
    Transition,
    /// Not in use: "this network", reserved, unassigned.
    Reserved,
}

const V4: [(Ipv4Net, Scope); 17] = [
    (v4([0, 0, 0, 0], 8), Scope::Reserved),
    (v4([10, 0, 0, 0], 8), Scope::Private),
    (v4([100, 64, 0, 0], 10), Scope::Shared),
    (v4([127, 0, 0, 0], 8), Scope::Loopback),
    (v4([169, 254, 0, 0], 16), Scope::LinkLocal),
    (v4([172, 16, 0, 0], 12), Scope::Private),
    (v4([192, 0, 0, 0], 24), Scope::Reserved),
    (v4([192, 0, 2, 0], 24), Scope::Documentation),
    (v4([192, 31, 196, 0], 24), Scope::Reserved),
    (v4([192, 52, 193, 0], 24), Scope::Reserved),
    (v4([192, 88, 99, 0], 24), Scope::Transition),
    (v4([192, 168, 0, 0], 16), Scope::Private),
    (v4([198, 18, 0, 0], 15), Scope::Documentation),
    (v4([198, 51, 100, 0], 24), Scope::Documentation),
    (v4([203, 0, 113, 0], 24), Scope::Documentation),
    (v4([224, 0, 0, 0], 4), Scope::Multicast),
    (v4([240, 0, 0, 0], 4), Scope::Reserved),
];

const V6: [(Ipv6Net, Scope); 10] = [
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Scope::Loopback),
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Scope::Transition),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), Scope::Transition),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Scope::Documentation),
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Scope::Reserved),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Scope::Transition),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Scope::Documentation),
    (v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), Scope::Private),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Scope::LinkLocal),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Scope::Multicast),
];

/// All global unicast addresses given out so far (RFC 4291 §2.4, IANA).
const V6_GLOBAL_UNICAST: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
/// The well-known prefix of NAT64 (RFC 6052): the last 32 bits are the IPv4 address.
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(segments: [u16; 8], prefix: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), prefix)
}

/// Which addresses the operator allows beyond the global ones.
#[derive(Clone, Debug, Default)]
pub struct ReachPolicy {
    allow: Vec<IpNet>,
}

impl ReachPolicy {
    /// Global addresses, and these networks (`[network] allow`).
    pub fn allowing(allow: Vec<IpNet>) -> Self {
        Self { allow }
    }

    /// Judges one address. A wrapped IPv4 address is judged as the one inside.
    pub fn judge(&self, ip: IpAddr) -> Reach {
        let ip = unwrapped(ip);
        if self.allow.iter().any(|net| net.contains(&ip)) {
            return Reach::Reachable;
        }
        match scope(ip) {
            None => Reach::Reachable,
            Some(scope) => Reach::Barred(scope),
        }
    }

    /// Whether the address may be contacted.
    pub fn allows(&self, ip: IpAddr) -> bool {
        self.judge(ip) == Reach::Reachable
    }
}

/// The address that a packet really goes to: for a wrapped IPv4 address, the one inside.
pub fn unwrapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    if NAT64.contains(&v6) {
        let [.., a, b, c, d] = v6.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    ip
}

fn scope(ip: IpAddr) -> Option<Scope> {
    match ip {
        IpAddr::V4(v4) => V4.iter().find(|(net, _)| net.contains(&v4)).map(|(_, scope)| *scope),
        IpAddr::V6(v6) => match V6.iter().find(|(net, _)| net.contains(&v6)) {
            Some((_, scope)) => Some(*scope),
            None if V6_GLOBAL_UNICAST.contains(&v6) => None,
            None => Some(Scope::Reserved),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_global_addresses_are_reachable() {
        use Reach::{Barred, Reachable};
        let cases = [
            ("8.8.8.8", Reachable),
            ("1.1.1.1", Reachable),
            ("172.15.255.255", Reachable),
            ("172.32.0.0", Reachable),
            ("100.128.0.0", Reachable),
            ("2a00:1450:4001::1b", Reachable),
            ("2600::", Reachable),
            ("2001:4860::8888", Reachable),
            ("0.0.0.0", Barred(Scope::Reserved)),
            ("10.1.2.3", Barred(Scope::Private)),
            ("100.64.0.1", Barred(Scope::Shared)),
            ("127.0.0.1", Barred(Scope::Loopback)),
            ("127.255.255.255", Barred(Scope::Loopback)),
            ("169.254.169.254", Barred(Scope::LinkLocal)),
            ("172.16.0.1", Barred(Scope::Private)),
            ("172.31.255.255", Barred(Scope::Private)),
            ("192.168.0.1", Barred(Scope::Private)),
            ("192.0.2.1", Barred(Scope::Documentation)),
            ("198.19.0.1", Barred(Scope::Documentation)),
            ("224.0.0.1", Barred(Scope::Multicast)),
            ("255.255.255.255", Barred(Scope::Reserved)),
            ("::", Barred(Scope::Reserved)),
            ("::1", Barred(Scope::Loopback)),
            ("::ffff:127.0.0.1", Barred(Scope::Loopback)),
            ("::ffff:8.8.8.8", Reachable),
            ("::127.0.0.1", Barred(Scope::Reserved)),
            ("64:ff9b::10.0.0.1", Barred(Scope::Private)),
            ("64:ff9b::8.8.8.8", Reachable),
            ("64:ff9b:1::1", Barred(Scope::Transition)),
            ("2001::1", Barred(Scope::Transition)),
            ("2001:db8::1", Barred(Scope::Documentation)),
            ("2001:1::1", Barred(Scope::Reserved)),
            ("2002:7f00:1::", Barred(Scope::Transition)),
            ("3fff::1", Barred(Scope::Documentation)),
            ("4000::1", Barred(Scope::Reserved)),
            ("fc00::1", Barred(Scope::Private)),
            ("fd12:3456::1", Barred(Scope::Private)),
            ("fe80::1", Barred(Scope::LinkLocal)),
            ("ff02::1", Barred(Scope::Multicast)),
        ];
        for (ip, reach) in cases {
            assert_eq!(ReachPolicy::default().judge(ip.parse().unwrap()), reach, "{ip}");
        }
    }

    #[test]
    fn the_operator_can_allow_networks() {
        let policy = ReachPolicy::allowing(vec!["127.0.0.0/8".parse().unwrap()]);
        for (ip, allowed) in
            [("127.0.0.10", true), ("::ffff:127.0.0.1", true), ("::1", false), ("10.0.0.1", false)]
        {
            assert_eq!(policy.allows(ip.parse().unwrap()), allowed, "{ip}");
        }
    }
}

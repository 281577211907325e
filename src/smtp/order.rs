//! The order in which mail exchangers are tried (RFC 5321 §5.1).

use crate::route::{Exchanger, HostName};

/// The most hosts that are tried for one recipient.
pub const MAX_HOSTS: usize = 3;

/// The hosts of a domain in the order in which they are tried: by preference, at random among equals.
///
/// `below` draws a number below its argument, which is never 0. The caller stops after [`MAX_HOSTS`] that have
/// an address.
pub fn in_order(exchangers: &[Exchanger], mut below: impl FnMut(usize) -> usize) -> Vec<&HostName> {
    let mut sorted: Vec<&Exchanger> = exchangers.iter().collect();
    sorted.sort_by_key(|exchanger| exchanger.preference);
    for equals in sorted.chunk_by_mut(|a, b| a.preference == b.preference) {
        shuffle(equals, &mut below);
    }
    let mut hosts: Vec<&HostName> = Vec::with_capacity(sorted.len());
    for exchanger in sorted {
        // A host may be named twice, with different preferences.
        if !hosts.contains(&&exchanger.host) {
            hosts.push(&exchanger.host);
        }
    }
    hosts
}

/// Fisher and Yates: every order is as likely as any other, if the draws are.
fn shuffle<T>(items: &mut [T], below: &mut impl FnMut(usize) -> usize) {
    for last in (1..items.len()).rev() {
        // A draw out of bounds is a bug of the caller; the result is a permutation even then.
        items.swap(last, below(last + 1).min(last));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn exchangers(text: &str) -> Vec<Exchanger> {
        let pairs = text.split_whitespace().map(|word| word.split_once(':').unwrap());
        pairs
            .map(|(preference, host)| Exchanger {
                host: HostName::new(host).unwrap(),
                preference: preference.parse().unwrap(),
            })
            .collect()
    }

    fn ordered(text: &str, below: impl FnMut(usize) -> usize) -> String {
        let exchangers = exchangers(text);
        let hosts: Vec<&str> =
            in_order(&exchangers, below).into_iter().map(HostName::as_str).collect();
        hosts.join(" ")
    }

    #[test]
    fn preference_comes_first_then_the_draw() {
        let cases = [
            ("", 0, ""),
            ("10:a", 0, "a"),
            ("20:b 10:a 30:c", 0, "a b c"),
            ("20:b 10:a 30:c", 9, "a b c"),
            ("10:a 10:b", 0, "b a"),
            ("10:a 10:b", 1, "a b"),
            ("10:a 10:b 20:c 20:d", 0, "b a d c"),
            ("20:a 10:a 10:b", 9, "a b"),
            ("0:a 65535:b", 0, "a b"),
        ];
        for (exchangers, draw, expected) in cases {
            assert_eq!(ordered(exchangers, |_| draw), expected, "{exchangers}, {draw}");
        }
    }

    #[test]
    fn equals_come_first_equally_often() {
        let mut first = BTreeMap::new();
        // Every sequence of draws once.
        for (three, two) in (0..3).flat_map(|three| (0..2).map(move |two| (three, two))) {
            let order = ordered("10:a 10:b 10:c", |bound| if bound == 3 { three } else { two });
            *first.entry(order).or_insert(0) += 1;
        }
        assert_eq!(first.len(), 6, "{first:?}");
    }
}

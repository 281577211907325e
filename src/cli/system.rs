//! What the system lets a service have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// As many open files as the system lets us have, for connections and for questions to the DNS: the number.
/// None where there is no limit.
pub(super) fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    // Where the system says no, the limit that there is still holds.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current
}

/// No core dump, which would hold addresses.
pub(super) fn forbid_core_dumps() {
    // Where the system says no, it may dump.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// How many connections there can be where so many files may be open: questions to the DNS, lists and
/// whoever is turned away need some too.
pub(super) fn connections_within(files: u64) -> u64 {
    const LEAST_RESERVE: u64 = 192;
    let reserve = (files / 4).max(LEAST_RESERVE).min(files / 2);
    (files - reserve).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reserve_is_kept() {
        for (files, connections) in
            [(0, 1), (1, 1), (64, 32), (256, 128), (512, 320), (1_024, 768), (524_288, 393_216)]
        {
            assert_eq!(connections_within(files), connections, "{files}");
        }
    }
}

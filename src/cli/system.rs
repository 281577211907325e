//! Resource limits of the process (setrlimit(2)).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit on open files, which connections and DNS look-ups need, as far as allowed; returns it.
/// None: there is no limit.
pub(super) fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    // If this fails, the present limit stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    getrlimit(Resource::Nofile).current
}

/// Forbids core dumps, which would contain addresses.
pub(super) fn forbid_core_dumps() {
    // If this fails, there is nothing else to do.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// How many connections a limit on open files allows for: DNS look-ups, lists and refused connections need
/// some too.
pub(super) fn connections_within(open_files: u64) -> u64 {
    const MIN_RESERVE: u64 = 192;
    let reserve = (open_files / 4).max(MIN_RESERVE).min(open_files / 2);
    (open_files - reserve).max(1)
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

//! The hashes by which real domains are found. The build script reads this file too, so that what it writes
//! is what is looked for.

/// Where a name stands in the table, and what stands there for it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub(super) bucket: usize,
    pub(super) mark: [u8; 4],
}

impl Fingerprint {
    /// The upper half of a hash chooses the bucket, the lower half is the mark.
    pub(super) fn new(hash: u64, buckets: usize) -> Self {
        let bucket = ((hash >> 32) * buckets as u64) >> 32;
        let [a, b, c, d, ..] = hash.to_le_bytes();
        Self { bucket: bucket as usize, mark: [a, b, c, d] }
    }
}

/// The hashes of the names above a name, the highest first, and of the name itself: FNV-1a from the last
/// octet to the first, so that one pass makes them all.
pub(super) fn parents_and_self(name: &str) -> impl Iterator<Item = u64> {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    name.bytes().rev().map(Some).chain([None]).filter_map(move |octet| {
        let so_far = state;
        if let Some(octet) = octet {
            state = (state ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        matches!(octet, None | Some(b'.')).then(|| mixed(so_far))
    })
}

/// Every bit of the result hangs on every bit of FNV's, whose upper ones alone are poor (the finalizer of
/// `MurmurHash3`).
fn mixed(mut hash: u64) -> u64 {
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

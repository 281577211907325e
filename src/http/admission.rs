//! Bounds the work that is done at once. Requests beyond the bounds are refused at once, not queued: a
//! queue would only delay every request.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// How many bodies of batches are read at once, for each batch that may run.
const UPLOADS_PER_BATCH: usize = 2;
/// Bound of the bytes of all bodies that are being read; one bound for single addresses, one for batches. A
/// slow client takes memory, but no permit of a request.
const MAX_BYTES_BEING_READ: usize = 64 << 20;

/// How much work is done at once.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionBounds {
    /// Requests, batches included.
    pub requests: usize,
    pub batches: usize,
    /// Addresses of one batch that are checked at once.
    pub addresses_per_batch: usize,
    /// Addresses of all batches that are checked at once.
    pub batch_addresses: usize,
}

/// Admits requests: a semaphore for each bound.
pub struct Admission {
    requests: Arc<Semaphore>,
    /// Bytes of bodies with one address that are being read.
    one_bytes: Semaphore,
    /// Bytes of bodies of batches that are being read.
    batch_bytes: Semaphore,
    uploads: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    batch_addresses: Arc<Semaphore>,
    addresses_per_batch: usize,
}

/// Permit for one request, batch, body or address, until it is dropped.
pub(super) struct AdmissionPermit(
    #[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit,
);

impl Admission {
    pub fn new(bounds: AdmissionBounds) -> Self {
        let permits = |count| Arc::new(Semaphore::new(count));
        Self {
            requests: permits(bounds.requests),
            one_bytes: Semaphore::new(MAX_BYTES_BEING_READ),
            batch_bytes: Semaphore::new(MAX_BYTES_BEING_READ),
            uploads: permits(bounds.batches.saturating_mul(UPLOADS_PER_BATCH)),
            batches: permits(bounds.batches),
            batch_addresses: permits(bounds.batch_addresses),
            addresses_per_batch: bounds.addresses_per_batch,
        }
    }

    /// Admits a request whose body was read.
    pub(super) fn request(&self) -> Result<AdmissionPermit, Problem> {
        try_acquire(&self.requests)
    }

    /// Permits for the bytes of a body with one address.
    pub(super) fn one_bytes(&self) -> &Semaphore {
        &self.one_bytes
    }

    /// Permits for the bytes of the body of a batch.
    pub(super) fn batch_bytes(&self) -> &Semaphore {
        &self.batch_bytes
    }

    /// Admits the body of a batch, to be read.
    pub(super) fn upload(&self) -> Result<AdmissionPermit, Problem> {
        try_acquire(&self.uploads)
    }

    pub(super) fn batch(&self) -> Result<AdmissionPermit, Problem> {
        try_acquire(&self.batches)
    }

    /// Waits for the turn of an address of a batch; batches share the permits in order.
    pub(super) async fn address(&self) -> Option<AdmissionPermit> {
        // The semaphore is never closed, so there is always a permit in the end.
        self.batch_addresses.clone().acquire_owned().await.ok().map(AdmissionPermit)
    }

    /// How many addresses of one batch are checked at once.
    pub(super) fn addresses_per_batch(&self) -> usize {
        self.addresses_per_batch
    }
}

fn try_acquire(permits: &Arc<Semaphore>) -> Result<AdmissionPermit, Problem> {
    permits.clone().try_acquire_owned().map(AdmissionPermit).map_err(|_| Problem::overloaded())
}

//! How much is done at once. What is beyond is refused at once: a queue would only make everybody wait.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// How many bodies of batches may come in for each batch that there may be.
const UPLOADS_PER_BATCH: usize = 2;

/// How much at once.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests under way.
    pub requests: usize,
    /// Batches among them.
    pub batches: usize,
    /// Addresses of one batch side by side.
    pub of_a_batch: usize,
    /// Addresses of all batches together.
    pub of_all_batches: usize,
}

/// The most bytes of bodies with one address that are held before the whole body is there, and of those
/// with many: whoever sends slowly takes up memory, but none of the places.
const MAX_BYTES_COMING_IN: usize = 64 << 20;

/// Gives places to what comes in.
pub struct Admission {
    requests: Arc<Semaphore>,
    /// Bytes of bodies with one address that are coming in.
    one_bytes: Semaphore,
    /// Bytes of bodies with many.
    batch_bytes: Semaphore,
    uploads: Arc<Semaphore>,
    batches: Arc<Semaphore>,
    addresses: Arc<Semaphore>,
    of_a_batch: usize,
}

/// A place, until it is dropped.
pub(super) struct AdmissionPermit(
    #[expect(dead_code, reason = "it is held, not read")] OwnedSemaphorePermit,
);

impl Admission {
    /// As many places as these.
    pub fn new(bounds: Bounds) -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self {
            requests: places(bounds.requests),
            one_bytes: Semaphore::new(MAX_BYTES_COMING_IN),
            batch_bytes: Semaphore::new(MAX_BYTES_COMING_IN),
            uploads: places(bounds.batches.saturating_mul(UPLOADS_PER_BATCH)),
            batches: places(bounds.batches),
            addresses: places(bounds.of_all_batches),
            of_a_batch: bounds.of_a_batch,
        }
    }

    /// A place for a request whose body is there, if there is one.
    pub(super) fn request(&self) -> Result<AdmissionPermit, Problem> {
        free(&self.requests)
    }

    /// What a body with one address takes up while it comes in.
    pub(super) fn one_bytes(&self) -> &Semaphore {
        &self.one_bytes
    }

    /// What a body with many takes up.
    pub(super) fn batch_bytes(&self) -> &Semaphore {
        &self.batch_bytes
    }

    /// A place for the body of a batch while it comes in, if there is one.
    pub(super) fn upload(&self) -> Result<AdmissionPermit, Problem> {
        free(&self.uploads)
    }

    /// A place for a batch, if there is one.
    pub(super) fn batch(&self) -> Result<AdmissionPermit, Problem> {
        free(&self.batches)
    }

    /// A place for an address of a batch, in the order in which they are asked for: batches share what
    /// single requests leave them.
    pub(super) async fn address(&self) -> Option<AdmissionPermit> {
        // Never closed, so there always comes one.
        self.addresses.clone().acquire_owned().await.ok().map(AdmissionPermit)
    }

    /// How many addresses of one batch are looked at side by side.
    pub(super) fn of_a_batch(&self) -> usize {
        self.of_a_batch
    }
}

fn free(places: &Arc<Semaphore>) -> Result<AdmissionPermit, Problem> {
    places.clone().try_acquire_owned().map(AdmissionPermit).map_err(|_| Problem::overloaded())
}

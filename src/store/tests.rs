//! What is logged of a store that breaks down.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use super::*;
use crate::clock::SystemClock;

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, _: &Field, value: &dyn std::fmt::Debug) {
                self.0 += &format!("{value:?}");
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push((*event.metadata().level(), message.0));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn a_panic_is_logged_as_what_it_is() {
    let log = Log::default();
    let _logging = tracing::subscriber::set_default(log.clone());
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), 16, Arc::new(SystemClock)).unwrap();
    let broken: Result<(), _> = store.with_file(|_| panic!("joe@example.org")).await;
    assert_eq!(broken, Err(StoreError::Internal));
    let logged = log.0.lock().unwrap().clone();
    let errors: Vec<_> = logged.iter().filter(|(level, _)| *level == Level::ERROR).collect();
    assert_eq!(errors.len(), 1, "{logged:?}");
    assert!(errors[0].1.contains("internal error"), "{logged:?}");
    assert!(logged.iter().all(|(_, message)| !message.contains('@')), "{logged:?}");
    // The file itself is as good as before.
    assert_eq!(store.with_file(|_| Ok(7)).await, Ok(7));
}

#[tokio::test(start_paused = true)]
async fn a_flush_has_an_end() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), 16, Arc::new(SystemClock)).unwrap();
    let (release, hangs) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let (busy, mut begun) = (store.clone(), Some(begun));
    let busy = tokio::spawn(async move {
        let work = move |_: &mut StoreFile| {
            begun.take().map(|begun| begun.send(()));
            let _ = hangs.recv();
            Ok(())
        };
        busy.with_file(work).await
    });
    has_begun.await.unwrap();
    let flush = tokio::spawn(async move { store.flush().await });
    // It begins to wait.
    tokio::task::yield_now().await;
    tokio::time::advance(FLUSH_TIME).await;
    flush.await.unwrap();
    drop(release);
    assert_eq!(busy.await.unwrap(), Ok(()));
}

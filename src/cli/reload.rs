//! Reloads the lists while the service runs: on SIGHUP, and when one of their files has changed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics::{counter, gauge};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Interval, MissedTickBehavior};

use super::settings::{Fingerprint, Settings};
use crate::catalog::ListKind;
use crate::config::Config;
use crate::report::visible;
use crate::validator::{ActiveLists, Validator};

pub(super) struct Reloader {
    validator: Arc<Validator>,
    settings: Settings,
    sighup: Signal,
    /// When to look for changed files, if configured.
    check_interval: Option<Interval>,
    /// The files as they were last read; none if the configuration could not be read.
    loaded: Option<Fingerprint>,
}

impl Reloader {
    /// A reloader for a validator made from `config`. From now on SIGHUP no longer ends the process.
    pub(super) fn new(
        validator: Arc<Validator>,
        settings: Settings,
        config: &Config,
        loaded: Fingerprint,
    ) -> std::io::Result<Self> {
        counter!(RELOADS, "outcome" => "loaded").absolute(0);
        counter!(RELOADS, "outcome" => "kept_old").absolute(0);
        count_entries(&validator);
        let check_interval = (config.catalog.watch_seconds > 0).then(|| {
            let mut interval =
                tokio::time::interval(Duration::from_secs(config.catalog.watch_seconds));
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            interval
        });
        let sighup = signal(SignalKind::hangup())?;
        Ok(Self { validator, settings, sighup, check_interval, loaded: Some(loaded) })
    }

    /// Reloads when needed. It never ends.
    pub(super) async fn run(mut self) {
        loop {
            let needs_reload = tokio::select! {
                _ = self.sighup.recv() => true,
                () = tick(&mut self.check_interval) => self.has_changed().await,
            };
            if needs_reload {
                self.reload().await;
            }
        }
    }

    async fn has_changed(&mut self) -> bool {
        let settings = self.settings.clone();
        let now = tokio::task::spawn_blocking(move || {
            settings.read().ok().map(|(config, _)| settings.fingerprint(&config))
        })
        .await;
        now.is_ok_and(|now| now != self.loaded)
    }

    async fn reload(&mut self) {
        let settings = self.settings.clone();
        let read = tokio::task::spawn_blocking(move || {
            let (config, _) = settings.read()?;
            // Before the lists are read: a file that changes in between is read again.
            let fingerprint = settings.fingerprint(&config);
            let lists = ActiveLists::from_config(&config).map_err(anyhow::Error::from);
            anyhow::Ok((fingerprint, lists))
        });
        let read = read.await.context("internal error; please report it").and_then(|read| read);
        let (fingerprint, lists) = match read {
            Ok((fingerprint, lists)) => (Some(fingerprint), lists),
            Err(error) => (None, Err(error)),
        };
        self.loaded = fingerprint;
        match lists {
            Ok(lists) => {
                self.validator.replace_lists(lists);
                count_entries(&self.validator);
                counter!(RELOADS, "outcome" => "loaded").increment(1);
                tracing::info!("the lists were read again and are in force");
            }
            Err(error) => {
                counter!(RELOADS, "outcome" => "kept_old").increment(1);
                let error = format!("{error:#}");
                tracing::error!("the lists stay as they were: {}", visible(&error));
            }
        }
    }
}

const RELOADS: &str = "mailvet_list_reloads_total";

fn count_entries(validator: &Validator) {
    let in_force = validator.lists_in_force();
    for kind in ListKind::ALL {
        let entries: usize =
            in_force.iter().filter(|list| list.kind == kind).map(|list| list.entries).sum();
        let entries = u32::try_from(entries).unwrap_or(u32::MAX);
        gauge!("mailvet_list_entries", "list" => kind.code()).set(entries);
    }
}

async fn tick(interval: &mut Option<Interval>) {
    match interval {
        Some(interval) => {
            interval.tick().await;
        }
        None => std::future::pending().await,
    }
}

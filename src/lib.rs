//! mailvet tells whether mail to an address is likely to arrive, why, and what the person probably meant.
//!
//! # The map of the house
//!
//! Data flows one way: text → [`address::Address`] → what is known of the domain → evidence → verdict →
//! a face. Deciding is pure, asking is at the edge. A file uses its own floor and those below, never
//! above; `tests/it/layers.rs` holds us to it.
//!
//! | floor | rooms |
//! |---|---|
//! | 3 faces | [`http`] the JSON service · [`cli`] the commands |
//! | 2 pipeline | [`validator`] the stages in order · [`report`] what is said, and its forms · [`batch`] whole lists |
//! | 1 adapters | [`dns`] asking · [`cache`] remembering · [`store`] remembering beyond the process · [`smtp`] speaking to mail servers · [`config`] settings · [`files`] what a list is packed in, files that appear when complete · [`clock`] the time of day · [`telemetry`] the log |
//! | 0 pure core | [`address`] syntax · [`catalog`] the lists · [`did_you_mean`] the nearest known name of a setting · [`typo`] what was meant · [`route`] answers to a mail route · [`reach`] which IP addresses may be contacted · [`reply`] what an SMTP reply speaks of · [`evidence`] what is known of a mailbox · [`roster`] lists of addresses · [`verdict`] the rule table |

// Without the feature everything but the command is internal, so that the compiler finds what nothing uses.
#![cfg_attr(not(feature = "testing"), allow(unreachable_pub, unused_imports))]

pub mod cli;

cfg_if::cfg_if! {
    if #[cfg(feature = "testing")] {
        pub mod address;
        pub mod batch;
        pub mod cache;
        pub mod catalog;
        pub mod clock;
        pub mod config;
        pub mod did_you_mean;
        pub mod dns;
        pub mod evidence;
        pub mod files;
        pub mod http;
        pub mod reach;
        pub mod reply;
        pub mod report;
        pub mod roster;
        pub mod route;
        pub mod smtp;
        pub mod store;
        pub mod telemetry;
        pub mod typo;
        pub mod validator;
        pub mod verdict;
    } else {
        mod address;
        mod batch;
        mod cache;
        mod catalog;
        mod clock;
        mod config;
        mod did_you_mean;
        mod dns;
        mod evidence;
        mod files;
        mod http;
        mod reach;
        mod reply;
        mod report;
        mod roster;
        mod route;
        mod smtp;
        mod store;
        mod telemetry;
        mod typo;
        mod validator;
        mod verdict;
    }
}

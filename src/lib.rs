//! mailvet tells whether mail to an address is likely to arrive, why, and what the person probably meant.
//!
//! # Layers
//!
//! Data flows one way: text → [`address::Address`] → what is known of the domain → evidence of the mailbox → verdict →
//! an interface. Deciding is pure, asking is at the edge. A module uses its own layer and those below, never above;
//! `tests/it/layers.rs` checks that.
//!
//! | layer | modules |
//! |---|---|
//! | 4 interfaces | [`http`] the JSON service · [`cli`] one file a command |
//! | 3 pipeline | [`validator`] the stages in order · [`report`] a report as JSON, columns and text · [`batch`] lists |
//! | 2 adapters | [`dns`] questions to resolvers · [`smtp`] conversations with mail servers, and their limits · [`cache`] what is known, in memory · [`store`] what is known, on disk · [`files`] containers of lists, and files that appear when complete · [`config`] settings · [`clock`] the time of day · [`telemetry`] log and metrics |
//! | 1 core, pure | [`address`] syntax · [`catalog`] lists of domains and roles · [`typo`] suggestions · [`route`] from DNS answers to a mail route · [`reach`] which IP addresses may be contacted · [`reply`] what an SMTP reply is about · [`evidence`] what is known of a mailbox · [`verdict`] the rule table · [`roster`] lists of addresses in any form · [`did_you_mean`] the nearest known name |
//!
//! # Traces
//!
//! A request: [`validator`]. A row of a list: [`batch`]. A probe: `validator::probing`. A shutdown:
//! of `serve` `http::shutdown`, of `clean` `cli::clean`. A DNS that does not answer: [`dns`].
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | address | local part, `@`, and a domain or an IP literal |
//! | canonical | the spelling of an address that names one mailbox, whatever its tags and dots |
//! | mail exchanger (MX) | a host that accepts mail for a domain |
//! | route | where mail for a domain goes, by the DNS; null MX: nowhere, on purpose |
//! | canary | a domain known to accept mail, that shows whether a resolver lies |
//! | second opinion | the same question to another server, before a domain counts as absent |
//! | reply | code, enhanced code (X.Y.Z, RFC 3463) and text of a mail server |
//! | stage | the SMTP command that a reply answers; in the pipeline: syntax, domain, mailbox |
//! | probe | an SMTP conversation about a recipient, which never sends DATA |
//! | catch-all | a domain that accepts any recipient |
//! | greylisting | a server defers clients that it has not seen before |
//! | destination | what limits are kept for: an organisation, and a network of IP addresses |
//! | permit | of `smtp::limiter`: allows one SMTP connection, and a number of recipients on it |
//! | evidence | what the DNS or a mail server answered, with its time |
//! | finding | evidence, or a fact from a list, as the rules see it |
//! | verdict, reason | will mail arrive, and the codes of the findings that say so |
//! | advice | accept, confirm or reject: what a form should do, by the operator's policy |
//! | depth | how far a check goes: syntax, domain, mailbox |
//! | report | verdict, reasons, advice, checks and suggestion for one address |
//! | suggestion, confidence | the address that was probably meant, and its probability |
//! | disposable, relay, role account | throw-away mailboxes; forwarding that hides an address; a function's mailbox |
//! | roster | a list of addresses, in whatever file format |
//! | chunk | the rows that are read, checked and written together |
//! | journal | what a run over a list has found out, so that it can be resumed |
//! | single flight | one look-up for all who ask the same at the same time: a leader and followers |

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

//! `mailvet serve` over a real socket, with a DNS of our own: what every client may rely on.

mod batch;
mod connection;
mod evidence;
mod keyless;
mod lenient;
mod life;
mod limits;
mod line;
mod log;
mod privacy;
mod problem;
mod property;
mod reload;
mod report;
mod restart;
mod unknown_clients;

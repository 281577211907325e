//! The `mailvet` command. Everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    mailvet::cli::run(std::env::args_os(), std::env::vars_os())
}

//! A command with a bound on its memory.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::process::Command;

/// The same command with so many MiB of address space at most, by the shell. What it maps but never touches counts
/// too, such as the stacks of its threads.
pub(crate) fn within_memory(command: &Command, mib: u32) -> Command {
    // Arenas of the allocator, one a thread, are 64 MiB of address space each and hardly any memory.
    with_limit(command, &format!("ulimit -v {}; export MALLOC_ARENA_MAX=2", u64::from(mib) * 1024))
}

/// The same command after some lines of shell.
pub(crate) fn with_limit(command: &Command, lines: &str) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{lines}; exec \"$0\" \"$@\"")]);
    limited.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    limited
}

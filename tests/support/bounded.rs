//! Commands with bounds: on their memory, their open files, their files' size.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::process::Command;

/// The same command with so many MiB of address space at most, by the shell. What it maps but never touches counts
/// too, such as the stacks of its threads.
pub(crate) fn within_memory(command: &Command, mib: u32) -> Command {
    // Arenas of the allocator, one a thread, are 64 MiB of address space each and hardly any memory.
    with_limit(command, &format!("ulimit -v {}; export MALLOC_ARENA_MAX=2", u64::from(mib) * 1024))
}

/// The same command with so many open files at most.
pub(crate) fn with_open_files(command: &Command, most: usize) -> Command {
    with_limit(command, &format!("ulimit -n {most}"))
}

/// The same command with a bound on the size of files, in blocks of 512 bytes, or of 1,024, as the shell has it.
/// A write beyond it fails; it does not kill.
pub(crate) fn with_file_blocks(command: &Command, most: u32) -> Command {
    with_limit(command, &format!("trap '' XFSZ; ulimit -f {most}"))
}

/// The same command after some lines of shell.
pub(crate) fn with_limit(command: &Command, lines: &str) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("{lines}; exec \"$0\" \"$@\"")]);
    carry_over(command, &mut limited);
    limited
}

/// Hands on a program, its arguments, its environment and its folder to the shell that starts it.
pub(crate) fn carry_over(command: &Command, shell: &mut Command) {
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
}

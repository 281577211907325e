//! A network of a test's own: a network namespace of the kernel with nothing in it but loopback, and
//! rules for what gets lost there.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Once;
use std::thread;

use rustix::fd::AsFd;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::process::system_command;

/// The names are this, the id of the process that made it, a dash, and what it is for.
const PREFIX: &str = "mailvet-";
/// Where `ip netns` keeps them.
const HOME: &str = "/run/netns";
/// Removes the rules that are there, and does nothing where there are none.
const NO_RULES: &str = "table inet faults {}\ndelete table inet faults\n";

/// A network namespace; it ends with this.
pub(crate) struct Namespace {
    name: String,
}

impl Namespace {
    /// Makes one. Before the first of this process, those that an aborted run has left are removed.
    pub(crate) fn new(purpose: &str) -> Self {
        static LEFTOVERS: Once = Once::new();
        LEFTOVERS.call_once(remove_leftovers);
        let name = format!("{PREFIX}{}-{purpose}", std::process::id());
        ip(&["netns", "add", &name]);
        let namespace = Self { name };
        ip(&["-n", &namespace.name, "link", "set", "lo", "up"]);
        namespace
    }

    /// Does something within: on a thread of its own, whose children are within as well.
    pub(crate) fn run<T: Send>(&self, task: impl FnOnce() -> T + Send) -> T {
        let within = || {
            let path = Path::new(HOME).join(&self.name);
            let moved = File::open(&path).and_then(|namespace| {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(namespace.as_fd(), kind).map_err(Into::into)
            });
            moved.unwrap_or_else(|error| panic!("cannot enter {}: {error}", path.display()));
            task()
        };
        let done = thread::scope(|scope| scope.spawn(within).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// From now on these rules hold, in the language of nft, for every packet that arrives anywhere within;
    /// without rules all arrive.
    pub(crate) fn filter(&self, rules: &[String]) {
        let mut script = NO_RULES.to_owned();
        if !rules.is_empty() {
            script += "table inet faults { chain arriving {\n\
                       type filter hook input priority filter; policy accept;\n";
            script += &rules.join("\n");
            script += "\n}\n}\n";
        }
        let mut command = system_command("ip");
        command.args(["netns", "exec", &self.name, "nft", "-f", "-"]);
        let output =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().and_then(|mut nft| {
                if let Some(mut stdin) = nft.stdin.take() {
                    stdin.write_all(script.as_bytes())?;
                }
                nft.wait_with_output()
            });
        expect_success("nft, with what this kernel has of nftables,", output, &script);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove(&self.name);
    }
}

/// Removes the namespaces whose makers are gone.
fn remove_leftovers() {
    // Without the folder there never was one.
    let Ok(entries) = std::fs::read_dir(HOME) else { return };
    for name in entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()) {
        let maker = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
        let Some(maker) = maker.and_then(|(id, _)| id.parse::<u32>().ok()) else { continue };
        if !Path::new("/proc").join(maker.to_string()).exists() {
            remove(&name);
        }
    }
}

/// Removes a namespace with all that still runs in it.
fn remove(name: &str) {
    let inside = system_command("ip").args(["netns", "pids", name]).output();
    let inside = inside.map(|output| output.stdout).unwrap_or_default();
    for id in String::from_utf8_lossy(&inside).split_whitespace() {
        // It may have ended by itself meanwhile.
        let _ = system_command("sh").args(["-c", "kill -KILL \"$1\" 2>&-", "sh", id]).status();
    }
    // It may be called while a test panics: no second panic.
    let _ = system_command("ip").args(["netns", "delete", name]).status();
}

fn ip(arguments: &[&str]) {
    let output = system_command("ip").args(arguments).output();
    expect_success("ip, as root and with network namespaces,", output, &arguments.join(" "));
}

fn expect_success(what: &str, output: std::io::Result<Output>, input: &str) {
    let why = match output {
        Ok(output) if output.status.success() => return,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!("{what} is needed here (see tests/install-real), and fails: {why}\ngiven: {input}");
}

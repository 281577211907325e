//! The picture of a terminal in the README is what the command prints.

use snapbox::data::{Data, DataFormat};

use super::page::root;
use super::session::Session;

#[test]
fn the_terminal_shows_what_the_command_prints() {
    let mut session = Session::start();
    session.set("CLICOLOR_FORCE", "1");
    let command = "mailvet check joe@gmal.com someone@gmail.com nonsense".to_owned();
    let printed = session.run(std::slice::from_ref(&command)).remove(0);
    let shown = format!("$ {command}\n{}\n", printed.trim_end());
    let picture = Data::read_from(&root().join("docs/terminal.svg"), Some(DataFormat::TermSvg));
    snapbox::Assert::new().action_env("SNAPSHOTS").eq(Data::text(shown).coerce_to(DataFormat::TermSvg), picture);
}

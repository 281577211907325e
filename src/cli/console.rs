//! Messages to people on standard error.
//!
//! They quote foreign text: file names, arguments, names of columns and sheets, values. This is the one place
//! that writes them, and it escapes what could harm a terminal.

use std::fmt::Display;
use std::io::Write;

use clap::builder::StyledStr;
use clap::error::ContextValue;

use crate::report::visible;

/// Writes a line. Where standard error is closed, that is ignored: there is nowhere to report it.
pub(super) fn note(message: impl Display) {
    let _ = writeln!(anstream::stderr(), "mailvet: {}", visible(&message.to_string()));
}

/// Writes clap's answer: help, the version, or what is wrong with the arguments, which it quotes.
pub(super) fn print(mut answer: clap::Error) {
    if answer.context().any(|(_, value)| is_hostile(value)) {
        let quoted: Vec<_> =
            answer.context().map(|(kind, value)| (kind, made_visible(value))).collect();
        for (kind, value) in quoted {
            answer.insert(kind, value);
        }
    }
    // Ignored as above.
    let _ = answer.print();
}

/// Whether a quoted argument contains anything invisible.
fn is_hostile(value: &ContextValue) -> bool {
    let is_hostile = |text: &String| visible(text) != *text;
    match value {
        ContextValue::String(text) => is_hostile(text),
        ContextValue::Strings(texts) => texts.iter().any(is_hostile),
        _ => false,
    }
}

/// A quoted argument with invisible characters escaped. Styled text, which may quote it too, loses its colours,
/// because they cannot be distinguished from escape sequences in an argument.
fn made_visible(value: &ContextValue) -> ContextValue {
    let plain = |text: &StyledStr| StyledStr::from(visible(&text.to_string()).into_owned());
    match value {
        ContextValue::String(text) => ContextValue::String(visible(text).into_owned()),
        ContextValue::Strings(texts) => {
            let texts = texts.iter().map(|text| visible(text).into_owned());
            ContextValue::Strings(texts.collect())
        }
        ContextValue::StyledStr(text) => ContextValue::StyledStr(plain(text)),
        ContextValue::StyledStrs(texts) => {
            ContextValue::StyledStrs(texts.iter().map(plain).collect())
        }
        value => value.clone(),
    }
}

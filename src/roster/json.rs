//! JSON objects as they stand in their bytes.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::row::RowFault;
use super::split_addresses;
use super::surrogates::replace_lone_surrogates;

/// One member of an object.
pub(super) struct Member {
    /// Its name.
    pub(super) key: String,
    /// From the first byte of its name to the last of its value.
    pub(super) range: Range<usize>,
    /// Its value.
    pub(super) value: Range<usize>,
}

/// The members of an object, in order.
///
/// # Errors
/// The text is no object.
pub(super) fn members(object: &[u8]) -> Result<Vec<Member>, RowFault> {
    let text = std::str::from_utf8(object).map_err(|_| RowFault::NotUtf8)?;
    if !text.starts_with('{') || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return Err(RowFault::NotJson);
    }
    // From here on it is known to be sound, so that to find the places takes no more than counting.
    let mut members = Vec::new();
    let mut at = 1;
    loop {
        at = past_blanks(object, at);
        if object.get(at) != Some(&b'"') {
            return Ok(members);
        }
        let name = at..past_string(object, at);
        let value = past_blanks(object, past_blanks(object, name.end) + 1);
        let value = value..past_value(object, value);
        let Ok(key) = read(&object[name.clone()]) else {
            return Err(RowFault::NotJson);
        };
        at = past_blanks(object, value.end) + 1;
        members.push(Member { key, range: name.start..value.end, value });
    }
}

/// The addresses in a value: a text, or an array of texts.
pub(super) fn addresses(value: &[u8]) -> Vec<String> {
    if let Ok(text) = read::<String>(value) {
        return split_addresses::addresses(&text);
    }
    let texts = read::<Vec<String>>(value).unwrap_or_default();
    texts.iter().flat_map(|text| split_addresses::addresses(text)).collect()
}

/// A value as a text: that of a string, nothing for null, JSON for everything else.
pub(super) fn text(value: &[u8]) -> Cow<'_, str> {
    match read(value) {
        Ok(text) => Cow::Owned(text),
        Err(_) if value == b"null" => Cow::Borrowed(""),
        Err(_) => String::from_utf8_lossy(value),
    }
}

/// Reads a value, a lone surrogate as U+FFFD.
fn read<T: DeserializeOwned>(value: &[u8]) -> serde_json::Result<T> {
    serde_json::from_slice(value).or_else(|_| {
        let mut value = value.to_vec();
        replace_lone_surrogates(&mut value);
        serde_json::from_slice(&value)
    })
}

/// Behind the blanks that begin at a place.
pub(super) fn past_blanks(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Behind the string that begins at a place; the end where it does not end.
pub(super) fn past_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', bytes.get(at..).unwrap_or_default()) {
        match bytes[at + found] {
            b'"' => return at + found + 1,
            _ => at += found + 2,
        }
    }
    bytes.len()
}

/// Behind the object or array that begins at a place; none where it does not end.
pub(super) fn past_brackets(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match bytes.get(at)? {
            b'"' => {
                at = past_string(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return Some(at);
        }
    }
}

/// Behind the value that begins at a place.
pub(super) fn past_value(bytes: &[u8], start: usize) -> usize {
    match bytes.get(start) {
        Some(b'"') => past_string(bytes, start),
        Some(b'{' | b'[') => past_brackets(bytes, start).unwrap_or(bytes.len()),
        _ => {
            let rest = bytes.get(start..).unwrap_or_default();
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            start + rest.iter().position(ends).unwrap_or(rest.len())
        }
    }
}

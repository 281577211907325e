//! "did you mean `depth`?": the known name nearest to a mistyped setting, option, field or code.
//!
//! For domains, which need more than the nearest name, see [`crate::typo`].

/// The known name nearest to the written one; none where all are more than `most_edits` away.
pub fn nearest_name<'k>(
    written: &str,
    known: impl IntoIterator<Item = &'k str>,
    most_edits: usize,
) -> Option<&'k str> {
    // No known name is longer; the bound keeps the comparison cheap.
    let written: String = written.chars().take(64).collect::<String>().to_lowercase();
    let by_edits = known.into_iter().map(|name| (strsim::osa_distance(&written, name), name));
    let (edits, name) = by_edits.min()?;
    (edits <= most_edits).then_some(name)
}

/// The end of an error message that offers the nearest name; empty where there is none.
pub fn did_you_mean(nearest: &Option<impl AsRef<str>>) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean `{}`?", nearest.as_ref()),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name() {
        let known = ["email", "depth", "timeout_ms"];
        for (written, edits, expected) in [
            ("emial", 2, Some("email")),
            ("EMAIL", 0, Some("email")),
            ("timeout", 3, Some("timeout_ms")),
            ("timeout", 2, None),
            ("zebra", 2, None),
            ("", 2, None),
        ] {
            assert_eq!(nearest_name(written, known, edits), expected, "{written}");
        }
        assert_eq!(nearest_name("x", [], 9), None);
    }
}

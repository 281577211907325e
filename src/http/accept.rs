//! In which form a client wants the reports of a batch (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

/// The content type of JSON, a line each.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// The ranges that hold JSON, the most specific first.
const JSON: [&str; 3] = ["application/json", "application/*", "*/*"];

/// In which form a client wants the reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchForm {
    /// One JSON object.
    Whole,
    /// One a line, as they come.
    Lines,
}

impl BatchForm {
    /// Lines for those who name them, unless they like JSON better.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let json = JSON.into_iter().find_map(|range| quality(headers, range)).unwrap_or(0.0);
        match quality(headers, NDJSON) {
            Some(lines) if lines > 0.0 && lines >= json => Self::Lines,
            _ => Self::Whole,
        }
    }
}

/// How much a client likes a range, from 0 (not at all) to 1; none where it does not name it.
fn quality(headers: &HeaderMap, range: &str) -> Option<f32> {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).filter_map(|accepted| {
        let mut parts = accepted.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(range));
        is_it.then(|| parts.find_map(weight).unwrap_or(1.0))
    });
    named.reduce(f32::max)
}

/// The weight that a parameter says, if it is one.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    let weight = value.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.filter(|_| name.trim().eq_ignore_ascii_case("q"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_liked_better() {
        let cases: [(&[&str], BatchForm); 17] = [
            (&[], BatchForm::Whole),
            (&["*/*"], BatchForm::Whole),
            (&["application/json"], BatchForm::Whole),
            (&["application/x-ndjson"], BatchForm::Lines),
            (&["Application/X-NDJSON; charset=utf-8"], BatchForm::Lines),
            (&["application/x-ndjsonp"], BatchForm::Whole),
            (&["application/json", "application/x-ndjson"], BatchForm::Lines),
            (&["application/json;q=0.5, application/x-ndjson"], BatchForm::Lines),
            (&["application/json, application/x-ndjson;q=0.1"], BatchForm::Whole),
            (&["application/x-ndjson;q=0.1"], BatchForm::Lines),
            (&["application/x-ndjson;q=0.1, */*"], BatchForm::Whole),
            (&["application/x-ndjson;q=0.5, */*, application/json;q=0.4"], BatchForm::Lines),
            (&["application/x-ndjson; Q=0"], BatchForm::Whole),
            (&["application/x-ndjson;charset=utf-8;q=0.0, application/json"], BatchForm::Whole),
            (&["application/x-ndjson;q=high"], BatchForm::Lines),
            (&["application/x-ndjson;q=-1"], BatchForm::Lines),
            (&["application/x-ndjson;q=nan"], BatchForm::Lines),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::ACCEPT, line.parse().unwrap());
            }
            assert_eq!(BatchForm::wanted(&headers), expected, "{lines:?}");
        }
    }
}

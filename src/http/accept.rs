//! Reads from `Accept` in which format a client wants the reports of a batch (RFC 9110 §12.5.1).

use axum::http::{HeaderMap, header};

/// The content type of JSON lines.
pub(super) const NDJSON: &str = "application/x-ndjson";
/// The media ranges that include JSON, the most specific first.
const JSON: [&str; 3] = ["application/json", "application/*", "*/*"];

/// The format of the reports of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchFormat {
    /// One JSON object.
    Object,
    /// A JSON line for each report, as soon as it is done.
    Lines,
}

impl BatchFormat {
    /// Lines if the client names them and does not prefer JSON.
    pub(super) fn requested(headers: &HeaderMap) -> Self {
        let json = JSON.into_iter().find_map(|range| quality(headers, range)).unwrap_or(0.0);
        match quality(headers, NDJSON) {
            Some(lines) if lines > 0.0 && lines >= json => Self::Lines,
            _ => Self::Object,
        }
    }
}

/// The weight of a media range, from 0 to 1; none if the client does not name it.
fn quality(headers: &HeaderMap, range: &str) -> Option<f32> {
    let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let named = lines.flat_map(|line| line.split(',')).filter_map(|accepted| {
        let mut parts = accepted.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(range));
        is_it.then(|| parts.find_map(weight).unwrap_or(1.0))
    });
    named.reduce(f32::max)
}

/// The value of a `q` parameter.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    let weight = value.trim().parse().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.filter(|_| name.trim().eq_ignore_ascii_case("q"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferred_format() {
        let cases: [(&[&str], BatchFormat); 17] = [
            (&[], BatchFormat::Object),
            (&["*/*"], BatchFormat::Object),
            (&["application/json"], BatchFormat::Object),
            (&["application/x-ndjson"], BatchFormat::Lines),
            (&["Application/X-NDJSON; charset=utf-8"], BatchFormat::Lines),
            (&["application/x-ndjsonp"], BatchFormat::Object),
            (&["application/json", "application/x-ndjson"], BatchFormat::Lines),
            (&["application/json;q=0.5, application/x-ndjson"], BatchFormat::Lines),
            (&["application/json, application/x-ndjson;q=0.1"], BatchFormat::Object),
            (&["application/x-ndjson;q=0.1"], BatchFormat::Lines),
            (&["application/x-ndjson;q=0.1, */*"], BatchFormat::Object),
            (&["application/x-ndjson;q=0.5, */*, application/json;q=0.4"], BatchFormat::Lines),
            (&["application/x-ndjson; Q=0"], BatchFormat::Object),
            (&["application/x-ndjson;charset=utf-8;q=0.0, application/json"], BatchFormat::Object),
            (&["application/x-ndjson;q=high"], BatchFormat::Lines),
            (&["application/x-ndjson;q=-1"], BatchFormat::Lines),
            (&["application/x-ndjson;q=nan"], BatchFormat::Lines),
        ];
        for (lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::ACCEPT, line.parse().unwrap());
            }
            assert_eq!(BatchFormat::requested(&headers), expected, "{lines:?}");
        }
    }
}

//! The donut chart of the rows by verdict.

use maud::{Markup, html};

use crate::batch::summary::Summary;
use crate::batch::summary::numbers::{grouped, percent, share};
use crate::verdict::Verdict;

/// The length of the ring.
const ROUND: f64 = 1000.0;
/// The least length of an arc: a shorter one could not be seen.
const SHORTEST: f64 = 6.0;
/// The gap between two arcs.
const GAP: f64 = 3.0;
/// The greatest width of the number in the hole.
const HOLE: f64 = 116.0;
/// The width of a bold digit, as a share of the font size.
const DIGIT: f64 = 0.7;
/// The greatest font size of the number.
const LARGEST: f64 = 26.0;

/// The patterns that distinguish verdicts without colours: on paper, and for colour-blind readers. The style
/// sheet has the colours, for light and dark mode.
pub(super) const PATTERNS: &str = r#"<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>
<pattern id="hatch-deliverable" width="6" height="6" patternUnits="userSpaceOnUse"><rect class="deliverable" width="6" height="6"/><circle class="mark" cx="3" cy="3" r="1.1"/></pattern>
<pattern id="hatch-risky" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="risky" width="7" height="7"/><rect class="mark" width="2" height="7"/></pattern>
<pattern id="hatch-undeliverable" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="undeliverable" width="6" height="6"/><path class="mark" d="M0 0h6v1.2h-4.8v4.8h-1.2z"/></pattern>
<pattern id="hatch-unknown" width="5" height="5" patternUnits="userSpaceOnUse"><rect class="unknown" width="5" height="5"/><rect class="mark" width="5" height="1.2"/></pattern>
</defs></svg>"#;

/// The part of the ring for one verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Arc {
    verdict: Verdict,
    start: f64,
    length: f64,
}

/// The arcs for these numbers, once round. Small ones are lengthened, and the others shortened for them.
fn arcs(numbers: &[(Verdict, u64)]) -> Vec<Arc> {
    let whole = numbers.iter().map(|(_, number)| number).sum();
    let lengths: Vec<(Verdict, f64)> = numbers
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(verdict, number)| (*verdict, (share(*number, whole) * ROUND).max(SHORTEST + GAP)))
        .collect();
    let all: f64 = lengths.iter().map(|(_, length)| length).sum();
    let mut start = 0.0;
    let mut arcs = Vec::with_capacity(lengths.len());
    for (verdict, length) in lengths {
        let length = length * ROUND / all;
        arcs.push(Arc { verdict, start, length });
        start += length;
    }
    arcs
}

/// The donut chart of the rows that have a verdict.
pub(super) fn donut(summary: &Summary) -> Markup {
    let whole = summary.judged();
    let numbers: Vec<(Verdict, u64)> = summary.by_verdict().collect();
    let shares: Vec<String> = numbers
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(verdict, number)| format!("{} {}", verdict.code(), percent(*number, whole)))
        .collect();
    let arcs = arcs(&numbers);
    let gap = if arcs.len() > 1 { GAP } else { 0.0 };
    let number = grouped(whole);
    // A longer number is written smaller, to fit into the hole.
    let size = (HOLE / (number.len() as f64 * DIGIT)).min(LARGEST);
    html! {
        svg.donut viewBox="0 0 200 200" role="img" aria-labelledby="donut" {
            title id="donut" { "Rows by verdict: " (shares.join(", ")) }
            g transform="rotate(-90 100 100)" {
                @for Arc { verdict, start, length } in &arcs {
                    @let drawn = length - gap;
                    circle class=(format_args!("arc {}", verdict.code())) cx="100" cy="100" r="82"
                        pathLength=(ROUND)
                        stroke-dasharray=(format_args!("{drawn:.2} {:.2}", ROUND - drawn))
                        stroke-dashoffset=(format_args!("{:.2}", -start)) {}
                }
            }
            text.whole x="100" y="102" font-size=(format_args!("{size:.1}")) { (number) }
            text.unit x="100" y="122" { @if whole == 1 { "row" } @else { "rows" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_go_once_round_and_can_be_seen() {
        let cases = [
            ("nothing", [0, 0, 0, 0, 0], 0),
            ("all of one", [0, 7, 0, 0, 0], 1),
            ("one in a million", [0, 999_999, 0, 1, 0], 2),
            ("four in a thousand million", [1, 1_000_000_000, 1, 1, 1], 5),
            ("halves", [0, 5, 5, 0, 0], 2),
        ];
        for (name, numbers, parts) in cases {
            let numbers: Vec<(Verdict, u64)> = Verdict::ALL.into_iter().zip(numbers).collect();
            let arcs = arcs(&numbers);
            assert_eq!(arcs.len(), parts, "{name}");
            let end = arcs.last().map_or(ROUND, |arc| arc.start + arc.length);
            assert!((end - ROUND).abs() < 1e-6, "{name}: {end}");
            assert!(arcs.iter().all(|arc| arc.length > SHORTEST), "{name}: {arcs:?}");
        }
    }
}

//! The small parts that the page is made of.

use std::fmt;

use crate::report::visible;
use crate::verdict::Verdict;

/// Text that is not ours, harmless to a reader and to a browser.
pub(super) struct Foreign<'a>(pub(super) &'a str);

impl fmt::Display for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = visible(self.0);
        let mut rest = text.as_ref();
        while let Some(at) = rest.find(['<', '>', '&', '"', '\'']) {
            let (before, from) = rest.split_at(at);
            f.write_str(before)?;
            f.write_str(match from.as_bytes()[0] {
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'&' => "&amp;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &from[1..];
        }
        f.write_str(rest)
    }
}

/// A foreign name, with a direction of its own: one in letters that run from right to left must not turn
/// what stands beside it, nor may its own parts change places.
pub(super) struct Name<'a>(pub(super) &'a str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<bdi class=\"name\" dir=\"ltr\">{}</bdi>", Foreign(self.0))
    }
}

/// A bar of this length, from 0 to 1, in the colour and pattern of a verdict. The number that it shows
/// stands beside it, so whoever listens to the page need not hear of it.
pub(super) struct Bar {
    pub(super) length: f64,
    pub(super) tone: Option<Verdict>,
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is not nothing can be seen.
        let percent = if self.length > 0.0 { (self.length * 100.0).max(0.5) } else { 0.0 };
        write!(
            f,
            "<svg class=\"bar\" aria-hidden=\"true\"><rect class=\"track\" width=\"100%\" height=\"100%\"/>\
             <rect class=\"fill {}\" width=\"{percent:.2}%\" height=\"100%\"/></svg>",
            tone(self.tone)
        )
    }
}

/// A patch of the colour and pattern of a verdict, for legends.
pub(super) struct Patch(pub(super) Verdict);

impl fmt::Display for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<svg class=\"patch\" aria-hidden=\"true\"><rect class=\"fill {}\" width=\"100%\" height=\"100%\" rx=\"3\"/></svg>",
            self.0.code()
        )
    }
}

/// The class of what goes with a verdict, or with none.
pub(super) fn tone(verdict: Option<Verdict>) -> &'static str {
    verdict.map_or("plain", Verdict::code)
}

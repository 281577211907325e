//! How likely a suggestion is right.

use serde::Serialize;

/// A probability in hundredths, so that the number that is shown is the one that thresholds are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "f64")]
pub struct Confidence(u8);

impl Confidence {
    /// From hundredths; more than 100 is 100.
    pub const fn from_percent(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// From a probability; none outside 0 to 1.
    pub fn from_probability(probability: f64) -> Option<Self> {
        // The range check bounds the product to 0..=100.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        (0.0..=1.0).contains(&probability).then(|| Self((probability * 100.0).round() as u8))
    }

    /// As a probability from 0 to 1.
    pub fn probability(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl From<Confidence> for f64 {
    fn from(confidence: Confidence) -> Self {
        confidence.probability()
    }
}

//! The codes that a rule is for.

use std::ops::RangeInclusive;

use super::{EnhancedCode, ReplyClass, ReplyCode};

/// A reply code, or all of a class: `550`, `5xx`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CodeScope {
    One(ReplyCode),
    Class(ReplyClass),
}

impl CodeScope {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "4xx" => Some(Self::Class(ReplyClass::Transient)),
            "5xx" => Some(Self::Class(ReplyClass::Permanent)),
            code => code.parse().ok().and_then(ReplyCode::new).map(Self::One),
        }
    }

    pub(super) fn covers(self, code: ReplyCode) -> bool {
        match self {
            Self::One(one) => one == code,
            Self::Class(class) => class == code.class(),
        }
    }
}

/// Enhanced status codes: `5.1.1`, `*.7.*`, `5.7.606-649`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EnhancedScope {
    class: RangeInclusive<u16>,
    subject: RangeInclusive<u16>,
    detail: RangeInclusive<u16>,
}

impl EnhancedScope {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let [class, subject, detail]: [&str; 3] =
            text.split('.').collect::<Vec<_>>().try_into().ok()?;
        Some(Self { class: range(class)?, subject: range(subject)?, detail: range(detail)? })
    }

    pub(super) fn covers(&self, code: EnhancedCode) -> bool {
        self.class.contains(&code.class.into())
            && self.subject.contains(&code.subject)
            && self.detail.contains(&code.detail)
    }
}

/// One of the three numbers: `*`, `7` or `606-649`.
fn range(text: &str) -> Option<RangeInclusive<u16>> {
    if text == "*" {
        return Some(0..=u16::MAX);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        for (scope, code, covers) in [
            ("5.1.1", "5.1.1", true),
            ("5.1.1", "5.1.10", false),
            ("5.1.1", "4.1.1", false),
            ("*.7.*", "4.7.650", true),
            ("*.7.*", "5.1.7", false),
            ("5.7.606-649", "5.7.606", true),
            ("5.7.606-649", "5.7.649", true),
            ("5.7.606-649", "5.7.650", false),
        ] {
            let covered = EnhancedScope::parse(scope).unwrap().covers(code.parse().unwrap());
            assert_eq!(covered, covers, "{scope} {code}");
        }
        for wrong in ["", "5", "5.1", "5.1.1.1", "5.1.x", "5..1", "550"] {
            assert_eq!(EnhancedScope::parse(wrong), None, "{wrong}");
        }
        for (scope, code, covers) in
            [("550", 550, true), ("550", 551, false), ("4xx", 421, true), ("5xx", 421, false)]
        {
            let covered = CodeScope::parse(scope).unwrap().covers(ReplyCode::new(code).unwrap());
            assert_eq!(covered, covers, "{scope} {code}");
        }
        for wrong in ["", "xx", "6xx", "55", "5500"] {
            assert_eq!(CodeScope::parse(wrong), None, "{wrong}");
        }
    }
}

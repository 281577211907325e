//! Which codes a rule is for.

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EnhancedScope {
    class: Part,
    subject: Part,
    detail: Part,
}

/// What one of the three numbers may be: from the first to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part(u16, u16);

impl EnhancedScope {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(Part::parse);
        let scope = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        parts.next().is_none().then_some(scope)
    }

    pub(super) fn covers(self, code: EnhancedCode) -> bool {
        self.class.covers(code.class.into())
            && self.subject.covers(code.subject)
            && self.detail.covers(code.detail)
    }
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self(0, u16::MAX));
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        Some(Self(first.parse().ok()?, last.parse().ok()?))
    }

    fn covers(self, number: u16) -> bool {
        (self.0..=self.1).contains(&number)
    }
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

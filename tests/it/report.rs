//! What holds for the report on any text whatever.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use mailvet::catalog::Catalog;
use mailvet::clock::StoppedClock;
use mailvet::report::{JsonForm, Report, ServerText, visible_json};
use mailvet::typo::Confidence;
use mailvet::validator::{ActiveLists, Request, Strictness, Validator, ValidatorParts};
use mailvet::verdict::{Advice, Check, Depth, Policy, Reason, Verdict};
use proptest::prelude::*;
use serde_json::Value;

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    Validator::new(ValidatorParts {
        lists: ActiveLists::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes: None,
        probing: None,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    })
});

/// The fields of the contract, in its order.
const KEYS: [&str; 18] = [
    "email",
    "verdict",
    "advice",
    "reasons",
    "message",
    "suggestion",
    "checks",
    "depth",
    "address",
    "flags",
    "provider",
    "dns",
    "mailbox",
    "syntax_error",
    "checked_at",
    "valid_until",
    "cached",
    "elapsed_ms",
];
/// Those that equal evidence does not make equal.
const COURSE: [&str; 4] = ["checked_at", "valid_until", "cached", "elapsed_ms"];

/// The fields of the objects in a report, where they are not null.
const INNER: [(&str, &[&str]); 6] = [
    ("suggestion", &["email", "domain", "confidence"]),
    ("checks", &["syntax", "domain", "mailbox"]),
    (
        "address",
        &[
            "normalized",
            "ascii",
            "local",
            "domain",
            "domain_ascii",
            "canonical",
            "tag",
            "smtputf8",
            "cleaned",
        ],
    ),
    ("flags", &["disposable", "relay", "role", "free"]),
    ("dns", &["status", "mx"]),
    ("syntax_error", &["code", "message", "at"]),
];

fn report(text: &str, strictness: Strictness) -> Report {
    let budget = Duration::from_secs(1);
    let request = Request { strictness, budget, ..Request::new(text) };
    VALIDATOR.validate(&request).now_or_never().expect("offline nothing is waited for")
}

fn bytes(report: &Report, form: JsonForm) -> Vec<u8> {
    serde_json::to_vec(&report.json(form)).unwrap()
}

/// Any bytes, texts made of what addresses are made of, and texts that are likely to be addresses.
fn texts() -> impl Strategy<Value = String> {
    let bytes = prop::collection::vec(any::<u8>(), 0..300)
        .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let piece = prop_oneof![
        4 => prop::sample::select(MARKS).prop_map(str::to_owned),
        4 => prop::sample::select(WORDS).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    let pieces = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let likely = ("[ \t]?", "[a-zA-Zé.+]{1,12}", prop::sample::select(WORDS), "[ \n]?")
        .prop_map(|(before, local, domain, after)| format!("{before}{local}@{domain}{after}"));
    prop_oneof![bytes, pieces, likely]
}

const MARKS: &[&str] = &[
    "@",
    "@",
    "@",
    ".",
    "-",
    "+",
    "\"",
    "\\",
    " ",
    "\t",
    "\r\n",
    "(",
    ")",
    "<",
    ">",
    "[",
    "]",
    ",",
    ";",
    "\0",
    "\u{1b}[31m",
    "\u{202e}",
    "\u{200d}",
    "\u{301}",
    "\u{3002}",
    "\u{fe0f}",
    "\u{e0041}",
    "IPv6:",
    "127.0.0.1",
    "::1",
    "xn--",
];

const WORDS: &[&str] = &[
    "joe",
    "Sue",
    "info",
    "j.o.e",
    "joe+tag",
    "é",
    "ſ",
    "Å",
    "ß",
    "黒",
    "😀",
    "gmail.com",
    "gmal.com",
    "GoogleMail.com",
    "gmailcom",
    "yahooo.com",
    "hotmial.com",
    "mailinator.com",
    "outlook.com",
    "bücher.de",
    "XN--BCHER-KVA.de",
    "faß.de",
    "黒川.日本",
    "example.com",
    "localhost",
    "test",
    "co.uk",
    "de",
    "com",
];

/// The sentence that belongs to the first reason, of those that can come first where no server is asked.
fn message_of(report: &Report) -> String {
    let domain = report.address.as_ref().map(|facts| facts.address.host().unicode().into_owned());
    let domain = domain.unwrap_or_default();
    let meant = report.suggestion.as_ref().map_or("", |meant| &meant.domain);
    match report.judgement.reasons[0] {
        Reason::Syntax(code) => code.message().to_owned(),
        Reason::DomainReserved => {
            format!("{domain} is a reserved name: nobody can receive mail there.")
        }
        Reason::MailServerUnusable => {
            format!("{domain} is not a public IP address: mail cannot be delivered there.")
        }
        Reason::DomainTypo => format!("{domain} looks like a typo for {meant}."),
        Reason::DomainLookalike => format!("{domain} looks like {meant}, but has other letters."),
        Reason::Disposable => format!("{domain} provides disposable mailboxes."),
        Reason::QuotedLocalPart => {
            "The part before the @ is in quotation marks, which many mail systems do not accept."
                .to_owned()
        }
        Reason::AddressLiteral => {
            format!(
                "{domain} is an IP address instead of a domain, which most mail systems refuse."
            )
        }
        Reason::NotChecked => {
            format!("The address is well-formed; whether {domain} accepts mail was not checked.")
        }
        reason => panic!("{} cannot come first where no server is asked", reason.code()),
    }
}

fn check(text: &str, strictness: Strictness) -> Result<(), TestCaseError> {
    let report = report(text, strictness);
    let full: Value = serde_json::from_slice(&bytes(&report, JsonForm::Full)).unwrap();
    let fields = full.as_object().unwrap();
    prop_assert_eq!(fields.len(), KEYS.len());
    for key in KEYS {
        prop_assert!(fields.contains_key(key), "{} is missing", key);
    }
    for (object, keys) in INNER {
        if let Some(inner) = fields[object].as_object() {
            prop_assert_eq!(inner.len(), keys.len(), "{}", object);
            for key in keys {
                prop_assert!(inner.contains_key(*key), "{}.{} is missing", object, key);
            }
        }
    }
    prop_assert_eq!(&full["email"], text);
    prop_assert_eq!(&full["message"], &message_of(&report));
    prop_assert_eq!(&full["checked_at"], "1970-01-01T00:00:00Z");
    prop_assert_eq!(&full["dns"], &serde_json::json!({"status": "skipped", "mx": []}));

    // The judgement.
    let judgement = &report.judgement;
    prop_assert!(!judgement.reasons.is_empty());
    let first = judgement.reasons.iter().find_map(|reason| reason.verdict());
    prop_assert_eq!(first, Some(judgement.verdict));
    prop_assert_eq!(judgement.reasons[0].verdict(), first);
    for reason in &judgement.reasons {
        prop_assert_eq!(Reason::from_code(reason.code()), Some(*reason));
    }
    prop_assert_eq!(judgement.depth, Depth::Syntax);
    let is_unreachable_literal = judgement.reasons[0] == Reason::MailServerUnusable;
    let domain = if is_unreachable_literal { Check::Fail } else { Check::Skipped };
    prop_assert_eq!(judgement.checks.domain, domain);

    // An address, or an error and where it is.
    let is_address = report.address.is_some();
    prop_assert_eq!(report.syntax_error.is_none(), is_address);
    prop_assert_eq!(judgement.checks.syntax == Check::Pass, is_address);
    prop_assert_eq!(matches!(judgement.reasons[0], Reason::Syntax(_)), !is_address);
    prop_assert_eq!(fields["flags"].is_null(), !is_address);
    if let Some(error) = report.syntax_error {
        prop_assert_eq!(judgement.verdict, Verdict::Undeliverable);
        prop_assert!(text.is_char_boundary(error.at), "{} of {}", error.at, text.len());
        let expected = if report.suggestion.is_some() { Advice::Confirm } else { Advice::Reject };
        prop_assert_eq!(judgement.advice, expected);
    }

    // Equal bytes for equal evidence.
    let evidence = bytes(&report, JsonForm::Evidence);
    let again = VALIDATOR
        .validate(&Request { depth: Depth::Mailbox, strictness, ..Request::new(text) })
        .now_or_never()
        .unwrap();
    let mut fields = fields.clone();
    fields.retain(|key, _| !COURSE.contains(&key.as_str()));
    prop_assert_eq!(&serde_json::from_slice::<Value>(&evidence).unwrap(), &Value::Object(fields));
    prop_assert_eq!(&evidence, &bytes(&self::report(text, strictness), JsonForm::Evidence));
    prop_assert_eq!(again.judgement.verdict, judgement.verdict);
    let visible = visible_json(&report.json(JsonForm::Evidence)).unwrap();
    let (plain, visible): (Value, Value) =
        (serde_json::from_slice(&evidence).unwrap(), serde_json::from_slice(&visible).unwrap());
    prop_assert_eq!(plain, visible);

    // What is made of the address is an address, and stays what it is.
    if let Some(facts) = &report.address {
        let normalized = facts.address.normalized();
        let once = self::report(&normalized, Strictness::Strict);
        let twice = once.address.map(|facts| facts.address.normalized());
        prop_assert_eq!(twice.as_deref(), Some(normalized.as_str()));
        prop_assert_eq!(once.judgement, judgement.clone());
        if let Some(ascii) = facts.address.ascii() {
            let from_ascii = self::report(&ascii, Strictness::Strict).address;
            let from_ascii = from_ascii.map(|facts| facts.address.normalized());
            prop_assert_eq!(from_ascii.as_deref(), Some(normalized.as_str()));
        }
        // A key need not be an address; where it is one, it is its own key.
        if let Some(again) = self::report(&facts.canonical.key, Strictness::Strict).address {
            prop_assert_eq!(&again.canonical.key, &facts.canonical.key, "canonical twice");
        }
    }
    if let Some(meant) = &report.suggestion {
        let meant = self::report(&meant.email, Strictness::Strict);
        prop_assert!(meant.address.is_some() && meant.suggestion.is_none());
    }

    // People see no control characters but the colours.
    let shown =
        anstream::adapter::strip_str(&report.text(ServerText::Hidden).to_string()).to_string();
    prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{:?}", shown);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_a_report(text in texts(), strict: bool) {
        check(&text, if strict { Strictness::Strict } else { Strictness::Lenient })?;
    }
}

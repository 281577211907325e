//! What holds for any reply, whatever a server says.

use std::sync::LazyLock;

use mailvet::evidence::MailboxStatus;
use mailvet::reply::{
    About, EnhancedCode, MAX_TEXT, MailboxDetail, Reply, ReplyClass, ReplyCode, ReplyRules, Stage,
    classify, stage_in_log_line,
};
use proptest::prelude::*;
use proptest::sample::select;

static PATTERNS: LazyLock<ReplyRules> = LazyLock::new(ReplyRules::builtin);

fn config(cases: u32) -> ProptestConfig {
    // What fails is printed whole; there is no file of old failures beside tests.
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn code() -> impl Strategy<Value = ReplyCode> {
    (200_u16..600).prop_map(|code| ReplyCode::new(code).unwrap())
}

fn enhanced() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        (select(vec![2, 4, 5]), 0..10, 0..700).prop_map(|(a, b, c)| format!("{a}.{b}.{c} ")),
    ]
}

/// Words that servers use, in any order, and words that none uses.
fn words() -> impl Strategy<Value = String> {
    let texts: Vec<&'static str> = PATTERNS.examples().map(|example| example.text).collect();
    prop_oneof![
        ".{0,200}",
        "\\PC{0,80}",
        prop::collection::vec(select(texts), 0..4).prop_map(|texts| texts.join(" ")),
        prop::collection::vec(
            select(vec![
                "user",
                "unknown",
                "mailbox",
                "full",
                "not",
                "found",
                "no",
                "such",
                "blocked",
                "using",
                ":",
                "<a@b.com>",
                "relay",
                "sender",
                "\n",
                "550-",
                "5.1.1",
                "(",
                "https://a.com/",
                "[192.0.2.1]",
                "\u{fffd}",
                "用户",
                "不存在",
                "é",
                "\u{301}",
                "said:",
                "(in reply to ",
                "command)",
            ]),
            0..30
        )
        .prop_map(|words| words.join(" ")),
    ]
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn any_text_has_a_meaning_or_is_none(text in words(), stage in select(Stage::ALL.to_vec())) {
        stage_in_log_line(&text);
        if let Ok(reply) = Reply::parse(&text) {
            prop_assert!(reply.text.len() <= MAX_TEXT);
            classify(stage, &reply, None, &PATTERNS);
        }
    }

    #[test]
    fn no_stage_but_the_recipients_speaks_of_a_mailbox(
        code in code(),
        enhanced in enhanced(),
        words in words(),
        stage in select(vec![Stage::Connect, Stage::Helo, Stage::StartTls, Stage::MailFrom, Stage::Quit]),
        provider in select(vec![None, Some("gmx"), Some("yahoo"), Some("outlook")]),
    ) {
        let reply = Reply::new(code, &[format!("{enhanced}{words}")]);
        let about = classify(stage, &reply, provider, &PATTERNS).about;
        prop_assert!(!matches!(about, About::Mailbox(_)), "{}", about.detail());
    }

    #[test]
    fn what_is_said_for_now_is_no_word_against_a_mailbox(
        code in 400_u16..500,
        enhanced in enhanced(),
        words in words(),
        stage in select(Stage::ALL.to_vec()),
    ) {
        let code = ReplyCode::new(code).unwrap();
        let reply = Reply::new(code, &[format!("{enhanced}{words}")]);
        let evidence = classify(stage, &reply, None, &PATTERNS).about.mailbox_status();
        let against = matches!(evidence, Some(MailboxStatus::NotFound | MailboxStatus::Disabled));
        prop_assert!(!against, "{evidence:?}");
    }

    #[test]
    fn only_what_is_positive_is_accepted(code in code(), words in words()) {
        let about = classify(Stage::RcptTo, &Reply::new(code, &[words]), None, &PATTERNS).about;
        let accepted = matches!(
            about,
            About::Mailbox(
                MailboxDetail::Accepted | MailboxDetail::Forwarded | MailboxDetail::NotVerified
            )
        );
        prop_assert_eq!(accepted, code.class() == ReplyClass::Positive);
    }

    #[test]
    fn a_reply_that_is_written_is_read_again(
        code in code(),
        lines in prop::collection::vec(words(), 0..4),
    ) {
        let reply = Reply::new(code, &lines);
        let again = Reply::parse(&reply.to_string());
        prop_assert_eq!(again.as_ref().map(|reply| &*reply.text), Ok(&*reply.text));
        prop_assert_eq!(again, Ok(reply));
    }

    #[test]
    fn enhanced_codes_are_read_again(subject in 0_u16..1000, detail in 0_u16..1000) {
        let code = EnhancedCode { class: 5, subject, detail };
        prop_assert_eq!(code.to_string().parse(), Ok(code));
    }
}

#[test]
fn words_about_us_win() {
    let about_us = [
        "blocked using zen.spamhaus.org",
        "your IP address is blacklisted",
        "SPF check failed",
        "Relay access denied",
        "Sender address rejected: domain not found",
        "the sending host has no reverse DNS",
        "your HELO name is not acceptable",
        "too many errors from your host",
    ];
    for example in PATTERNS.examples() {
        if !matches!(example.about, About::Mailbox(_)) || example.rule.contains("after-data") {
            continue;
        }
        for words in about_us {
            let text = format!("{} {words}", example.text);
            let reply = Reply::parse(&text).unwrap();
            let about = classify(Stage::RcptTo, &reply, None, &PATTERNS).about;
            // Yahoo's and Microsoft's own words leave no doubt, nor does a code that agrees with the words.
            let sure =
                ["exchange-online-no-recipient", "mailbox-full-agreed"].contains(&example.rule);
            assert!(sure || matches!(about, About::Us(_)), "{text}: {}", about.detail());
        }
    }
}

#[test]
fn hostile_texts_are_soon_done_with() {
    let pieces = [
        "user ",
        "user not ",
        "<",
        "(",
        "@",
        "550-",
        "550 5.1.1 ",
        "ﷺ",
        "http://",
        "\"@",
        "a.",
        "\u{301}",
        "..@",
        "250 ",
        "[250,",
        "(250 4.",
        "250-",
        "5.1.1 ",
        "\n",
        "550-\n",
        " ",
        "said: ",
    ];
    for piece in pieces {
        let long = piece.repeat(300_000 / piece.len());
        for start in ["550 ", "", "x "] {
            let text = format!("{start}{long}");
            stage_in_log_line(&text);
            if let Ok(reply) = Reply::parse(&text) {
                assert!(reply.text.len() <= MAX_TEXT, "{piece}");
                classify(Stage::RcptTo, &reply, None, &PATTERNS);
            }
        }
    }
}

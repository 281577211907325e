//! What replies of real servers mean, by stage, code, words and provider.

use mailvet::reply::{Reply, ReplyRules, Stage, classify};

/// What a reply means: what it speaks of, the status, the detail.
fn meaning(
    patterns: &ReplyRules,
    stage: Stage,
    provider: Option<&str>,
    text: &str,
) -> [&'static str; 3] {
    let about = classify(stage, &Reply::parse(text).unwrap(), provider, patterns).about;
    [about.code(), about.status(), about.detail()]
}

#[test]
fn replies_to_a_recipient() {
    let patterns = ReplyRules::builtin();
    let cases: [(&str, [&str; 3]); 40] = [
        ("250 2.1.5 Ok", ["mailbox", "accepted", "recipient_accepted"]),
        (
            "251 User not local; will forward to <joe@example.org>",
            ["mailbox", "accepted", "recipient_forwarded"],
        ),
        ("252 2.0.0 joe@example.com", ["mailbox", "accepted", "recipient_not_verified"]),
        (
            "550 5.1.1 <joe@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
            ["mailbox", "not_found", "no_such_mailbox"],
        ),
        (
            "550 5.2.1 <joe@example.com>: Recipient address rejected: The email account that you tried to reach is disabled",
            ["mailbox", "disabled", "mailbox_disabled"],
        ),
        (
            "552 5.2.2 <joe@example.com>: Recipient address rejected: Mailbox full",
            ["mailbox", "full", "mailbox_full"],
        ),
        (
            "452 4.2.2 <joe@example.com>: Recipient address rejected: Mailbox full, try again later",
            ["mailbox", "full", "mailbox_full"],
        ),
        ("554 5.7.1 <x@example.org>: Relay access denied", ["us", "refused", "relay_denied"]),
        (
            "450 4.2.0 <joe@example.com>: Recipient address rejected: Greylisted, see http://postgrey.example/",
            ["now", "greylisted", "greylisted"],
        ),
        (
            "554 5.7.1 Service unavailable; Client host [192.0.2.66] blocked using dnsbl.test; listed: see http://dnsbl.test/66",
            ["us", "refused", "blocklisted"],
        ),
        (
            "550 5.7.1 Service unavailable; client [192.0.2.66] blocked using dnsbl.test",
            ["us", "refused", "blocklisted"],
        ),
        (
            "554 5.7.1 Service unavailable; Sender address [x@example.org] blocked using dbl.test; typo trap",
            ["us", "refused", "blocklisted"],
        ),
        (
            "450 4.1.1 <joe@example.com>: Recipient address rejected: unverified address: unknown user: \"joe@example.com\"",
            ["now", "deferred", "mailbox_unverified"],
        ),
        (
            "504 5.5.2 <probe>: Helo command rejected: need fully-qualified hostname",
            ["us", "refused", "bad_helo"],
        ),
        (
            "450 4.7.1 <no-such-host.test>: Helo command rejected: Host not found",
            ["us", "refused", "bad_helo"],
        ),
        (
            "450 4.1.8 <a@no-such.example>: Sender address rejected: Domain not found",
            ["us", "refused", "sender_refused"],
        ),
        (
            "550 5.7.27 <a@nullmx.test>: Sender address rejected: Domain nullmx.test does not accept mail (nullMX)",
            ["us", "refused", "sender_refused"],
        ),
        (
            "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.99]",
            ["us", "refused", "no_reverse_dns"],
        ),
        ("452 4.5.3 Error: too many recipients", ["now", "rate_limited", "too_many_recipients"]),
        (
            "450 4.7.1 Error: too many recipients from 192.0.2.1",
            ["us", "rate_limited", "rate_limited"],
        ),
        ("421 4.7.0 mx.test Error: too many errors", ["us", "rate_limited", "too_many_errors"]),
        (
            "421 4.7.0 mx.test Error: too many connections from 192.0.2.1",
            ["now", "rate_limited", "too_many_connections"],
        ),
        ("530 5.7.0 Must issue a STARTTLS command first", ["us", "tls_failed", "tls_required"]),
        ("552 5.3.4 Message size exceeds fixed limit", ["us", "refused", "message_too_large"]),
        (
            "555 5.5.4 Unsupported option: SMTPUTF8",
            ["us", "smtputf8_unsupported", "smtputf8_unsupported"],
        ),
        ("503 5.5.1 Error: need MAIL command", ["us", "protocol_error", "protocol_error"]),
        ("550 5.5.1 Protocol error", ["us", "protocol_error", "protocol_error"]),
        ("501 5.1.3 Bad recipient address syntax", ["mailbox", "not_found", "bad_address"]),
        // Us before the mailbox.
        (
            "550 5.1.1 User unknown, blocked using zen.spamhaus.org",
            ["us", "refused", "blocklisted"],
        ),
        (
            "554 5.7.1 <ann@example.org>: Sender address rejected: User unknown in virtual mailbox table",
            ["us", "refused", "sender_refused"],
        ),
        ("550 Too many unknown users", ["us", "rate_limited", "too_many_errors"]),
        ("535 5.7.8 User unknown", ["us", "refused", "auth_required"]),
        // What is said for now.
        ("450 4.1.1 User unknown", ["now", "deferred", "mailbox_unverified"]),
        ("451 User unknown", ["now", "deferred", "mailbox_unverified"]),
        ("550 4.2.1 Mailbox disabled", ["now", "deferred", "mailbox_busy"]),
        ("450 4.2.1 Mailbox disabled", ["now", "deferred", "mailbox_busy"]),
        ("450 Nothing that anybody knows", ["now", "deferred", "try_later"]),
        // What no rule knows.
        ("550 Nothing that anybody knows", ["us", "refused", "unclear"]),
        ("550", ["us", "refused", "unclear"]),
        ("550 Requested action not taken: mailbox unavailable", ["us", "refused", "unclear"]),
    ];
    for (text, expected) in cases {
        assert_eq!(meaning(&patterns, Stage::RcptTo, None, text), expected, "{text}");
    }
}

#[test]
fn an_address_is_nobodys_word() {
    let patterns = ReplyRules::builtin();
    for local in ["user.unknown", "no-such-user", "mailbox.full", "\"user unknown\"", "greylisted"]
    {
        for (words, expected) in [
            ("rejected", ["us", "refused", "unclear"]),
            ("Relay access denied", ["us", "refused", "relay_denied"]),
            ("Mailbox full", ["mailbox", "full", "mailbox_full"]),
        ] {
            let text = format!("550 <{local}@example.com>: {words}");
            assert_eq!(meaning(&patterns, Stage::RcptTo, None, &text), expected, "{text}");
        }
    }
}

#[test]
fn replies_at_other_stages() {
    let patterns = ReplyRules::builtin();
    let unknown = "550 5.1.1 User unknown";
    let cases: [(Stage, &str, [&str; 3]); 15] = [
        (Stage::Connect, "220 mx.test ESMTP", ["us", "not_probed", "command_accepted"]),
        (Stage::Connect, "554 No SMTP service here", ["us", "refused", "unclear"]),
        (Stage::Connect, unknown, ["us", "refused", "unclear"]),
        (Stage::Connect, "421 4.3.2 Service not available", ["now", "deferred", "server_trouble"]),
        (Stage::Helo, unknown, ["us", "refused", "unclear"]),
        (Stage::StartTls, "220 2.0.0 Ready", ["us", "not_probed", "command_accepted"]),
        (Stage::StartTls, "454 4.7.0 TLS not available", ["us", "tls_failed", "tls_refused"]),
        (Stage::MailFrom, "250 2.1.0 Ok", ["us", "not_probed", "command_accepted"]),
        (Stage::MailFrom, unknown, ["us", "refused", "unclear"]),
        (Stage::MailFrom, "550 Mailbox disabled", ["us", "refused", "unclear"]),
        (Stage::Data, "354 Go ahead", ["us", "not_probed", "command_accepted"]),
        (Stage::Data, "550 User unknown", ["us", "refused", "unclear"]),
        (Stage::Data, unknown, ["mailbox", "not_found", "no_such_mailbox"]),
        (Stage::Data, "552 5.2.2 Mailbox full", ["mailbox", "full", "mailbox_full"]),
        (
            Stage::Data,
            "554 delivery error: dd This user doesn't have a yahoo.com account (joe@yahoo.com) [0]",
            ["mailbox", "not_found", "no_such_mailbox"],
        ),
    ];
    for (stage, text, expected) in cases {
        assert_eq!(meaning(&patterns, stage, None, text), expected, "{stage:?}: {text}");
    }
}

#[test]
fn words_that_mean_more_from_some() {
    let patterns = ReplyRules::builtin();
    let unavailable = "550 Requested action not taken: mailbox unavailable";
    let not_found = ["mailbox", "not_found", "no_such_mailbox"];
    let unclear = ["us", "refused", "unclear"];
    for (provider, expected) in [
        (Some("gmx"), not_found),
        (Some("outlook"), not_found),
        (Some("gmail"), unclear),
        (Some("nobody"), unclear),
        (None, unclear),
    ] {
        let seen = meaning(&patterns, Stage::RcptTo, provider, unavailable);
        assert_eq!(seen, expected, "{provider:?}");
    }
    let denied =
        "550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.outlook.com]";
    assert_eq!(meaning(&patterns, Stage::RcptTo, None, denied), not_found);
    let all = denied.replace("Recipient address", "All recipient addresses");
    assert_eq!(meaning(&patterns, Stage::RcptTo, None, &all), ["us", "refused", "policy"]);
}

#[test]
fn trouble_elsewhere_says_nothing_about_the_mailbox() {
    let patterns = ReplyRules::builtin();
    let unverified = ["now", "deferred", "mailbox_unverified"];
    let routing = ["now", "deferred", "routing_trouble"];
    let policy = ["us", "refused", "policy"];
    let protocol = ["us", "protocol_error", "protocol_error"];
    let trouble = ["now", "deferred", "server_trouble"];
    let absent = ["mailbox", "not_found", "no_such_mailbox"];
    let cases = [
        ("550 5.1.1 recipient lookup failed: LDAP server unreachable", unverified),
        ("550 5.1.1 mailbox lookup failed", unverified),
        ("550 5.1.1 <joe@example.com>: Recipient address rejected: User lookup error", unverified),
        ("550 5.1.10 Directory server is not responding", unverified),
        ("550 5.1.1 SQL backend timed out", unverified),
        ("550 5.1.1 rejected because the proxy failed to connect", routing),
        (
            "550 5.1.1 <joe@example.com> User unknown because the gateway could not reach the server",
            routing,
        ),
        ("550 5.1.1 all relevant MX records point to non-existent hosts", routing),
        ("550 5.1.1 disabled for your country", policy),
        ("550 5.2.1 The mailbox is disabled for your country", policy),
        ("550 5.1.1 User unknown 250 2.1.5 Ok", protocol),
        ("550 5.1.1 User unknown451 4.3.0 Later", protocol),
        ("550 5.1.1 Backend unavailable", unverified),
        ("550 5.1.1 Backend temporarily unavailable", unverified),
        ("550 5.1.1 LDAP unavailable", unverified),
        ("550 5.1.1 Directory unavailable", unverified),
        ("550 5.1.1 No LDAP connection", unverified),
        ("550 5.1.1 LDAP is currently not available", unverified),
        ("550 5.1.1 directory service down", unverified),
        ("550 5.1.1 Recipient verification failed", unverified),
        ("550 5.1.1 cannot verify recipient", unverified),
        ("550 5.1.1 unable to verify recipient", unverified),
        ("550 5.1.1 could not verify that user", unverified),
        ("550 5.1.1 Recipient could not be verified", unverified),
        ("550 5.1.1 Address verification is not possible", unverified),
        ("550 5.1.1 User unknown (LDAP down)", unverified),
        ("550 5.1.1 recipient lookup timed out", unverified),
        ("550 5.1.1 database error", unverified),
        ("550 5.1.1 User unknown: database unavailable", unverified),
        ("550 5.1.1 Verification failed", unverified),
        (
            "550 5.1.1 Recipient address rejected: unverified address: connection timed out",
            unverified,
        ),
        ("550 5.1.1 Mailbox not verified yet, try again later", unverified),
        ("550 5.1.1 proxy unavailable", routing),
        ("550 5.1.1 gateway down", routing),
        ("550 5.1.1 User unknown, upstream is unavailable", routing),
        ("550 5.1.1 Temporary failure", trouble),
        ("550 5.1.1 Service unavailable", trouble),
        ("550 5.1.1 Service temporarily unavailable", trouble),
        ("550 5.1.1 User unknown (service unavailable)", trouble),
        ("550 5.1.1 Temporary lookup problem", unverified),
        ("550 5.1.1 mailbox temporarily unavailable", trouble),
        ("550 5.1.1 Internal error", trouble),
        ("550 LDAP unavailable", unverified),
        ("550 User unknown (LDAP down)", unverified),
        ("550 5.1.10 Backend unavailable", unverified),
        ("550 5.2.1 Temporary failure", trouble),
        ("550 User unknown 250 Ok", protocol),
        ("550 5.1.1 User unknown 250 Accepted", protocol),
        // What sounds like it and is a word about the mailbox.
        ("550 5.1.1 User unknown in local recipient table", absent),
        ("550 5.1.1 User not found in LDAP directory", absent),
        ("550 5.1.1 No such user in the database", absent),
        (
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
            absent,
        ),
        ("550 5.1.1 Recipient lookup returned no results", absent),
        ("550 5.1.1 The email account that you tried to reach does not exist", absent),
        ("550 5.1.1 mx.a.test said: 550 5.1.1 User unknown", absent),
        ("550 5.1.1 User unknown on this server", absent),
        ("550 5.1.1 mailbox unavailable", absent),
        ("550 5.1.1 Requested action not taken: mailbox unavailable", absent),
        ("550 5.1.1 Mailbox not available", absent),
        ("550 5.1.1 User unavailable", absent),
        ("550 5.1.1 User unknown; mailbox unavailable", absent),
        ("550 5.1.1 Recipient address rejected: User unknown in virtual mailbox table", absent),
        ("550 5.1.1 no such user here", absent),
        ("550 5.1.1 User joe is not available on this server", absent),
        ("550 5.1.1 Mailbox on this server is unavailable", absent),
        ("550 5.1.1 Please verify the address and try again", absent),
        ("550 5.1.1 User unknown, please verify the recipient address", absent),
        ("550 5.1.1 Recipient not verified to exist", absent),
        ("550 5.1.1 gateway said: mailbox unavailable", absent),
    ];
    for (text, expected) in cases {
        assert_eq!(meaning(&patterns, Stage::RcptTo, None, text), expected, "{text}");
    }
}

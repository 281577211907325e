//! Typos outside the domain: what a person is asked who typed them.

use std::sync::Arc;

use jiff::Timestamp;
use mailvet::catalog::Catalog;
use mailvet::clock::StoppedClock;
use mailvet::typo::Confidence;
use mailvet::validator::{ActiveLists, Request, Validator, ValidatorParts};
use mailvet::verdict::{Advice, Policy};

fn validator() -> Validator {
    Validator::new(ValidatorParts {
        lists: ActiveLists::new(Catalog::builtin()),
        suggest_at: Confidence::from_percent(50),
        policy: Policy::default(),
        routes: None,
        probing: None,
        clock: Arc::new(StoppedClock(Timestamp::UNIX_EPOCH)),
    })
}

#[tokio::test]
async fn what_was_meant_is_asked() {
    let joe = "joe@gmail.com";
    let cases = [
        ("joe.gmail.com", joe),
        ("joegmail.com", joe),
        ("joe#gmail.com", joe),
        ("joe2gmail.com", joe),
        ("joe gmail.com", joe),
        ("joe,gmail.com", joe),
        ("joe(at)gmail.com", joe),
        ("joe [at] gmail [dot] com", joe),
        ("joe at gmail.com", joe),
        ("joe at siemens.com", "joe@siemens.com"),
        ("joe\"gmail.com", joe),
        ("joe#gmal.com", joe),
        ("joe.gmial.com", joe),
        ("joe@@gmail.com", joe),
        ("@joe@gmail.com", joe),
        ("joe@gmail@com", joe),
        ("joe@gmail.com@gmail.com", joe),
        ("joe@gmail.comjoe@gmail.com", joe),
        ("joe @gmail.com", joe),
        ("joe@ gmail.com", joe),
        ("joe@gmail .com", joe),
        ("joe@gmail com", joe),
        ("joe@g mail.com", joe),
        ("j oe@gmail.com", joe),
        ("joe@gmail,com", joe),
        ("joe@gmail;com", joe),
        ("joe@gmail..com", joe),
        ("joe@.gmail.com", joe),
        ("joe@gmail.com>", joe),
        ("joe@gmail.com/", joe),
        ("joe@gmail.com)", joe),
        ("joe@gmail.com?", joe),
        ("joe@gmail.com-", joe),
        ("joe@gmail.com'", joe),
        ("joe@gmail.comm", joe),
        ("joe@gmailcom", joe),
        ("joe@gmalcom", joe),
        ("joe@gmail", joe),
        ("joe@yahoocouk", "joe@yahoo.co.uk"),
        ("joe@gmal,com", joe),
        ("joe@some-company,com", "joe@some-company.com"),
        ("joe@some-company..com", "joe@some-company.com"),
        ("joe@@some-company.com", "joe@some-company.com"),
        ("joe#some-company.com", "joe@some-company.com"),
        ("Joe.Smith+Shop@gmail,com", "Joe.Smith+Shop@gmail.com"),
        ("Joe.Smith+Shop@gmal.com", "Joe.Smith+Shop@gmail.com"),
        ("joe.smith.gmail.com", "joe.smith@gmail.com"),
        ("jöe@gmail,com", "jöe@gmail.com"),
    ];
    let validator = validator();
    for (text, meant) in cases {
        let report = validator.validate(&Request::new(text)).await;
        let email = report.suggestion.as_ref().map(|meant| meant.email.as_str());
        assert_eq!(email, Some(meant), "{text}");
        assert_eq!(report.judgement.advice, Advice::Confirm, "{text}");
    }
}

#[tokio::test]
async fn where_nothing_clear_was_meant_nothing_is_asked() {
    let cases = [
        "gmail.com",
        "www.gmail.com",
        "mail.com",
        "olive.com",
        "googlemail.com",
        "windowslive.com",
        "some-company.com",
        "joe some-company.com",
        "joe.some-company.com",
        "nonsense",
        "joe@",
        "@gmail.com",
        "joe@localhost..",
        "joe@@example.com",
        "joe@x.de, sue@y.de",
        "joe@smith@gmail.com",
        ".joe@gmail.com",
        "jo(e@gmail.com",
        "joe@company",
        "joe@..",
        "",
    ];
    let validator = validator();
    for text in cases {
        let report = validator.validate(&Request::new(text)).await;
        let email = report.suggestion.map(|meant| meant.email);
        assert_eq!(email, None, "{text}");
    }
}

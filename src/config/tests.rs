use std::path::Path;

use super::*;
use crate::smtp::limiter::Limits;
use crate::verdict::{Advice, Reason};

fn from_file(text: &str) -> Result<Config, ConfigError> {
    Layers::default().file("mailvet.toml", text)?.resolve().map(|(config, _)| config)
}

fn from_env(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Layers::default().environment(variables)?.resolve().map(|(config, _)| config)
}

#[test]
fn nothing_is_the_default() {
    assert_eq!(from_file(""), Ok(Config::default()));
    assert_eq!(from_env(&[("PATH", "/bin")]), Ok(Config::default()));
}

#[test]
fn a_lab_can_be_configured() {
    let config = from_file(
        "[catalog]\nallow_reserved = [\"test\"]\n[network]\nallow = [\"127.0.0.0/8\"]\n\
         [dns]\nservers = [\"127.0.0.1:5353\", \"::1\"]\n[policy.advice]\ndisposable = \"reject\"\n",
    )
    .unwrap();
    assert_eq!(config.catalog.allow_reserved, ["test"]);
    assert_eq!(config.network.allow, ["127.0.0.0/8".parse().unwrap()]);
    let servers: Vec<String> = config.dns.servers.iter().map(ToString::to_string).collect();
    assert_eq!(servers, ["127.0.0.1:5353", "[::1]:53"]);
    assert_eq!(config.policy.advice.by_reason()[&Reason::Disposable], Advice::Reject);
}

#[test]
fn the_environment_lies_over_the_file() {
    let variables = [
        ("MAILVET_HTTP__LISTEN", "127.0.0.1:9"),
        ("MAILVET_DNS__SERVERS", "127.0.0.1:1, 127.0.0.1:2"),
        ("MAILVET_DNS__TRIES", "5"),
        ("MAILVET_CATALOG__ALLOW_RESERVED", "[\"test\"]"),
        ("MAILVET_TYPO__RISKY_AT", "0.9"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let file = "[http]\nlisten = \"127.0.0.1:8\"\n[dns]\ntries = 1\ntimeout_ms = 7\n";
    let (config, origins) = Layers::default()
        .file("mailvet.toml", file)
        .and_then(|layers| layers.environment(variables))
        .and_then(Layers::resolve)
        .unwrap();
    assert_eq!(config.http.listen.0.port(), 9);
    assert_eq!(config.dns.servers.len(), 2);
    assert_eq!((config.dns.tries, config.dns.timeout_ms), (5, 7));
    assert_eq!(config.catalog.allow_reserved, ["test"]);
    assert_eq!(config.typo.risky_at, Confidence::from_percent(90));
    assert_eq!(origins.of("dns.timeout_ms"), "mailvet.toml");
    assert_eq!(origins.of("dns.tries"), "MAILVET_DNS__TRIES");
    assert_eq!(origins.of("typo.suggest_at"), "default");
    let values = config.values();
    assert!(values.contains(&("dns.tries".to_owned(), "5".to_owned())));
}

#[test]
fn mistakes_are_named() {
    let cases = [
        (
            "[dns]\nserver = []",
            "mailvet.toml: unknown key `dns.server`; did you mean `dns.servers`?",
        ),
        ("[htpp]\nlisten = \"\"", "mailvet.toml: unknown key `htpp`; did you mean `http`?"),
        ("listen = \"\"", "mailvet.toml: unknown key `listen`; did you mean `http.listen`?"),
        ("[zebra]", "mailvet.toml: unknown key `zebra`"),
        (
            "[http]\nlisten = \"nowhere\"",
            "mailvet.toml: `http.listen`: not an IP address or localhost with a port, such as",
        ),
        ("[typo]\nrisky_at = 2.0", "mailvet.toml: `typo.risky_at`: not a number from 0 to 1"),
        (
            "[typo]\nfix_at = 0.79",
            "mailvet.toml: `typo.fix_at` is below `typo.risky_at`, but has to be at least as high: an \
             address is replaced only where the suggestion is surer than that",
        ),
        (
            "[typo]\nsuggest_at = 0.85\nrisky_at = 0.7\nfix_at = 0.8",
            "mailvet.toml: `typo.fix_at` is below `typo.suggest_at`, but has to be at least as high: an \
             address is replaced only where the suggestion is surer than that",
        ),
        (
            "[network]\nallow = [\"10.0.0.0/99\"]",
            "mailvet.toml: `network.allow`: no network or IP address, such as 192.0.2.0/24 or",
        ),
        ("[dns]\ntries = 0", "mailvet.toml: `dns.tries` is 0, but has to be from 1 to 100"),
        ("[cache]\nmax_mib = 99999999", "mailvet.toml: `cache.max_mib` is 99999999, but has"),
        (
            "[dns]\nmax_lookups = 0",
            "mailvet.toml: `dns.max_lookups` is 0, but has to be at least 1",
        ),
        ("[catalog.deny]\n\"joe@x.de\" = true", "mailvet.toml: `catalog.deny` is no table"),
        ("[http]\n[dns", "mailvet.toml, line 2: "),
        (
            "[probe]\nenabled = true",
            "mailvet.toml: `probe.enabled` is true: mail servers are asked only under your own \
             name; set `probe.helo`, the name under which this machine is known in the DNS, such \
             as \"mail.example.org\", and `probe.mail_from`, an address of your own",
        ),
        (
            "[probe]\nenabled = true\nhelo = \"mail.my.org\"",
            "mailvet.toml: `probe.enabled` is true: mail servers are asked only under your own \
             name; set `probe.mail_from`, an address of your own that accepts mail, such as",
        ),
        (
            "[probe]\nenabled = true\nmail_from = \"joe@my.org\"",
            "mailvet.toml: `probe.enabled` is true: mail servers are asked only under your own \
             name; set `probe.helo`, the name under which this machine is known in the DNS",
        ),
        (
            "[probe]\nhelo = \"local host\"",
            "mailvet.toml: `probe.helo`: no name such as mail.example.org or [192.0.2.1]",
        ),
        (
            "[probe]\nmail_from = \"joe\"",
            "mailvet.toml: `probe.mail_from`: The @ is missing. (at byte 3)",
        ),
        (
            "[probe]\nmail_from = \"jörg@my.org\"",
            "mailvet.toml: `probe.mail_from`: not every mail server takes a sender beyond ASCII",
        ),
        (
            "[probe]\nnever = [\"my.org\", \"joe@my.org\"]",
            "mailvet.toml: `probe.never`: one entry is no domain, mail server or network, such as \
             example.org or 192.0.2.0/24",
        ),
        (
            "[probe]\nsource = [\"192.0.2.1\", \"192.0.2.2\"]",
            "mailvet.toml: `probe.source` has more than one address of a kind",
        ),
        ("[probe]\nport = 0", "mailvet.toml: `probe.port` is 0, but has to be from 1 to 65535"),
        (
            "[probe]\ngap_s = 1",
            "mailvet.toml: unknown key `probe.gap_s`; did you mean `probe.gap_ms`?",
        ),
        (
            "[http.limits]\nhead_timeout = 5",
            "mailvet.toml: unknown key `http.limits.head_timeout`; did you mean \
             `http.limits.head_timeout_ms`?",
        ),
        (
            "[http]\nlisten_address = \"\"",
            "mailvet.toml: unknown key `http.listen_address`; did you mean `http.listen`?",
        ),
        ("[http.limits]\nmax = 5", "mailvet.toml: unknown key `http.limits.max`"),
        ("[dns]\ntries = \"joe@my.org\"", "mailvet.toml: `dns.tries` has to be a whole number"),
        ("[dns]\ntries = -1", "mailvet.toml: `dns.tries` has to be from 1 to 100"),
        ("[dns]\nservers = 53", "mailvet.toml: `dns.servers` has to be a list of texts"),
        ("[dns]\nservers = [53]", "mailvet.toml: `dns.servers` has to be a list of texts"),
        ("[typo]\nrisky_at = \"joe@my.org\"", "mailvet.toml: `typo.risky_at` has to be a number"),
        ("[probe]\nenabled = \"yes\"", "mailvet.toml: `probe.enabled` has to be true or false"),
        (
            "http = 1",
            "mailvet.toml: `http` has to be a table with `admin_listen`, `allowed_hosts`,",
        ),
        ("[http]\nlisten = 1979-05-27", "mailvet.toml: `http.listen` has to be a text"),
        (
            "[policy.advice]\nrelay = 1",
            "mailvet.toml: `policy.advice.relay` has to be one of `accept`, `confirm`, `reject`",
        ),
        (
            "[policy.advice]\nrelay = \"joe@my.org\"",
            "mailvet.toml: `policy.advice.relay` has to be one of `accept`, `confirm`, `reject`",
        ),
        (
            "[log]\nlevel = 1",
            "mailvet.toml: `log.level` has to be one of `error`, `warn`, `info`, `debug`",
        ),
        (
            "[log]\nformat = true",
            "mailvet.toml: `log.format` has to be one of `auto`, `text`, `json`",
        ),
        ("[log]\nlevel = \"loud\"", "mailvet.toml: `log.level` has to be one of `error`, `warn`,"),
        (
            "[catalog.files]\nallow = \"joe@my.org\"",
            "mailvet.toml: `catalog.files.allow` has to be a table with `extend`, `replace`",
        ),
        (
            "[catalog.files]\nallow = [[\"joe@my.org\"]]",
            "mailvet.toml: `catalog.files.allow` has to be a table with `extend`, `replace`",
        ),
        ("[catalog]\n\"joe@my.org\" = 1", "mailvet.toml: a key in `catalog` is not one of ours"),
        ("\"joe@my.org\" = 1", "mailvet.toml: a key in the file is not one of ours"),
        ("[state]\nmax_mib = 0", "mailvet.toml: `state.max_mib` is 0, but has to be from 1 to"),
    ];
    for (file, message) in cases {
        let error = from_file(file).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(message), "{file}: {error}");
        assert!(!error.contains("joe"), "{file}: {error}");
    }
    // Name, value, message.
    let cases = [
        ("MAILVET_HTTP__LISTEN", "x", "`http.listen`: not an IP address or localhost with a port"),
        ("MAILVET_DNS__TRIES", "0", "`dns.tries` is 0, but has to be from 1 to 100"),
        ("MAILVET_DNS__TRIES", "joe@my.org", "`dns.tries` has to be a whole number"),
        ("MAILVET_CATALOG__FILES__ALLOW", "joe@my.org", "`catalog.files.allow` has to be a table"),
        ("MAILVET_LOG__LEVEL", "loud", "`log.level` has to be one of `error`, `warn`, `info`, `de"),
        ("MAILVET_PROBE__ENABLED", "true", "`probe.enabled` is true: mail servers are asked only"),
    ];
    for (variable, value, message) in cases {
        let error = from_env(&[(variable, value)]).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{variable}: {message}")), "{value}: {error}");
        assert!(!error.contains("joe"), "{value}: {error}");
    }
    let error = from_env(&[("MAILVET_HTTP__LISTN", "x")]).unwrap_err().to_string();
    assert_eq!(error, "MAILVET_HTTP__LISTN: unknown key `http.listn`; did you mean `http.listen`?");
}

#[test]
fn every_whole_number_has_a_range() {
    let numbers = Config::default()
        .values()
        .into_iter()
        .filter(|(_, value)| value.bytes().all(|byte| byte.is_ascii_digit()));
    let config = Config::default();
    let with_range: Vec<&str> = config.all_ranges().map(|(key, ..)| key).collect();
    for (key, _) in numbers {
        assert!(with_range.contains(&key.as_str()), "{key}");
    }
}

#[test]
fn the_probe_can_be_configured() {
    let config = from_file(
        "[probe]\nenabled = true\nhelo = \"[192.0.2.1]\"\nmail_from = \"Joe@Bücher.example\"\n\
         proxy = \"socks5://joe:secret@tor\"\nsource = [\"192.0.2.1\", \"2001:db8::1\"]\n\
         gap_ms = 0\nbreaker_minutes = 5\nnever = [\"example.org\", \"192.0.2.0/24\"]\n\
         [state]\ndir = \"state\"\n",
    )
    .unwrap();
    let probe = &config.probe;
    assert_eq!(probe.helo.as_ref().unwrap().to_string(), "[192.0.2.1]");
    let sender = probe.mail_from.as_ref().unwrap();
    assert_eq!(sender.as_str(), "Joe@xn--bcher-kva.example");
    assert_eq!(probe.proxy.as_ref().unwrap().login.as_ref().unwrap().password.reveal(), "secret");
    assert_eq!(probe.limits().breaker, Duration::from_secs(300));
    assert_eq!(config.state.folder(), Some(Path::new("state")));
    let from_env = from_env(&[
        ("MAILVET_PROBE__NEVER", "example.org, 192.0.2.0/24"),
        ("MAILVET_PROBE__SOURCE", "192.0.2.1"),
        ("MAILVET_STATE__DIR", "/var/lib/mailvet"),
    ])
    .unwrap();
    assert_eq!(from_env.probe.never, probe.never);
    assert_eq!(from_env.probe.source, probe.source[..1]);
    assert_eq!(from_env.state.folder(), Some(Path::new("/var/lib/mailvet")));
}

#[test]
fn the_defaults_are_those_of_the_etiquette() {
    let limits = Config::default().probe.limits();
    let conversation = limits.conversation;
    assert_eq!(limits, Limits { conversation, ..Limits::default() });
}

#[test]
fn secrets_are_shown_to_nobody() {
    let wrong = ["socks5:/joe:secret@tor", "http://joe:secret@tor", "socks5://joe:secret@:1"];
    for proxy in wrong {
        let error = from_file(&format!("[probe]\nproxy = \"{proxy}\"")).unwrap_err().to_string();
        assert!(error.contains(" `probe.proxy`: ") && !error.contains("joe:s"), "{error}");
    }
    let broken = from_file("[probe]\nproxy = \"socks5://joe:secret@tor").unwrap_err();
    assert!(!broken.to_string().contains("joe:s"), "{broken}");
    let config = from_file("[probe]\nproxy = \"socks5://joe:secret@tor\"").unwrap();
    let shown = ("probe.proxy".to_owned(), "\"socks5://joe:***@tor:1080\"".to_owned());
    assert!(config.values().contains(&shown));
    assert!(!format!("{config:?}").contains("secret"));
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let example = include_str!("../../deploy/mailvet.toml");
    assert_eq!(from_file(example), Ok(Config::default()), "as it is");
    // A key begins right behind its mark, a sentence or an illustration does not.
    let is_key = |line: &str| line.starts_with(|c: char| c.is_ascii_lowercase());
    let lines = example.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if is_key(key) => key,
        _ => line,
    });
    let in_force: String = lines.flat_map(|line| [line, "\n"]).collect();
    let (config, origins) = Layers::default()
        .file("example", &in_force)
        .and_then(Layers::resolve)
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config, Config::default(), "with every key in force");
    for (key, _) in Config::default().values() {
        let is_illustrated = key.starts_with("catalog.files.") || key == "policy.advice";
        assert!(is_illustrated || origins.of(&key) == "example", "{key} is missing");
    }
    for (list, _) in Config::default().values().iter().filter_map(|(key, _)| {
        key.strip_prefix("catalog.files.").and_then(|rest| rest.split_once('.'))
    }) {
        assert!(example.contains(&format!(" {list}")), "the list {list} is missing");
    }
}

#[test]
fn where_to_listen_and_whom_to_trust() {
    let config = from_file(
        "[http]\nlisten = \"localhost:8081\"\nadmin_listen = \"localhost:9090\"\n\
         trusted_proxies = [\"192.0.2.1\", \"2001:db8::1\", \"10.0.0.0/8\"]\n\
         [network]\nallow = [\"10.1.1.1\"]",
    )
    .unwrap();
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8081");
    assert_eq!(config.http.admin_listen.unwrap().to_string(), "127.0.0.1:9090");
    let shown: Vec<String> = config.http.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["192.0.2.1/32", "2001:db8::1/128", "10.0.0.0/8"]);
    assert_eq!(config.network.allow, ["10.1.1.1/32".parse().unwrap()]);
    let from_env = from_env(&[("MAILVET_HTTP__TRUSTED_PROXIES", "192.0.2.1, 10.0.0.0/8")]).unwrap();
    assert_eq!(from_env.http.trusted_proxies.len(), 2);
}

#[test]
fn what_is_not_set_can_be_written_as_such() {
    let config = from_file("[http]\nadmin_listen = \"127.0.0.1:9090\"").unwrap();
    assert_eq!(config.http.admin_listen, Some(Listen(([127, 0, 0, 1], 9090).into())));
    assert_eq!(from_file("[http]\nadmin_listen = \"\"").unwrap().http.admin_listen, None);
}

#[test]
fn the_table_of_clocks_has_the_defaults() {
    let page = include_str!("../../docs/configuration.md");
    let Config { budget, dns, .. } = Config::default();
    let clocks = [
        ("dns.repeat_ms", dns.repeat_ms),
        ("dns.timeout_ms", dns.timeout_ms),
        ("dns.lookup_timeout_ms", dns.lookup_timeout_ms),
        ("budget.timeout_ms", budget.timeout_ms),
        ("budget.mailbox_timeout_ms", budget.mailbox_timeout_ms),
    ];
    for (key, ms) in clocks {
        assert!(page.contains(&format!("| `{key}` | {ms} ms |")), "{key}");
    }
    let last = dns.repeat_ms * (u64::try_from(dns.tries).unwrap() - 1);
    for (what, text) in [
        ("tries", format!("`dns.tries` ({}) tries", dns.tries)),
        ("two lost packets", format!("is answered after {} ms", 2 * dns.repeat_ms)),
        ("the last try", format!("… {last} ms and ends after {} ms", last + dns.timeout_ms)),
        ("the form", format!("A form that waits {} ms", budget.timeout_ms)),
    ] {
        assert!(page.contains(&text), "{what}: {text}");
    }
    // What the page says follows from them.
    assert!(4 * dns.repeat_ms < budget.timeout_ms, "two questions that lost two packets each");
    assert!(dns.timeout_ms < budget.timeout_ms, "a form hears that the DNS is silent");
    assert!(last + dns.timeout_ms < dns.lookup_timeout_ms, "a look-up outlasts a question");
}

#[test]
fn a_lease_outlives_no_conversation() {
    let probe = Config::default().probe;
    let whole = Duration::from_millis(probe.conversation_timeout_ms);
    // QUIT and the note that it is over: two seconds each, and one to spare.
    assert_eq!(probe.limits().conversation, whole + Duration::from_secs(5));
    let slow = ProbeConfig { connect_timeout_ms: 300_000, ..probe };
    assert_eq!(slow.limits().conversation, whole + Duration::from_secs(5));
}

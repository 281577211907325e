//! The lists under `data/`, as files and against each other. Every fault is named, not only the first.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use mailvet::address::{Address, Domain, and_parents};
use mailvet::catalog::Catalog;

/// A list, and what its form has to be.
struct List {
    name: &'static str,
    text: &'static str,
    columns: usize,
    /// The columns that hold domains: one, several with commas between them, or `-` for none.
    domains: &'static [usize],
}

const PROVIDERS: List = List {
    name: "providers.tsv",
    text: include_str!("../../data/providers.tsv"),
    columns: 5,
    domains: &[2],
};
const LOCAL_PARTS: List = List {
    name: "local_parts.tsv",
    text: include_str!("../../data/local_parts.tsv"),
    columns: 5,
    domains: &[],
};
const PROVIDER_DOMAINS: List = List {
    name: "provider_domains.tsv",
    text: include_str!("../../data/provider_domains.tsv"),
    columns: 4,
    domains: &[0, 3],
};
const DISPOSABLE: List = List {
    name: "disposable.txt",
    text: include_str!("../../data/disposable.txt"),
    columns: 1,
    domains: &[0],
};
const RELAYS: List = List {
    name: "relays.tsv",
    text: include_str!("../../data/relays.tsv"),
    columns: 2,
    domains: &[0],
};
const FREE: List =
    List { name: "free.txt", text: include_str!("../../data/free.txt"), columns: 1, domains: &[0] };
const ROLES: List = List {
    name: "roles.txt",
    text: include_str!("../../data/roles.txt"),
    columns: 1,
    domains: &[],
};
const SPECIAL_USE: List = List {
    name: "special_use.tsv",
    text: include_str!("../../data/special_use.tsv"),
    columns: 2,
    domains: &[0],
};
const REAL: List =
    List { name: "real.txt", text: include_str!("../../data/real.txt"), columns: 1, domains: &[0] };
const PROBING: List = List {
    name: "probing.tsv",
    text: include_str!("../../data/probing.tsv"),
    columns: 3,
    domains: &[],
};
const COLUMN_NAMES: List = List {
    name: "column_names.tsv",
    text: include_str!("../../data/column_names.tsv"),
    columns: 2,
    domains: &[],
};
const LISTS: [List; 11] = [
    PROVIDERS,
    LOCAL_PARTS,
    PROVIDER_DOMAINS,
    DISPOSABLE,
    RELAYS,
    FREE,
    REAL,
    ROLES,
    SPECIAL_USE,
    PROBING,
    COLUMN_NAMES,
];
const README: &str = include_str!("../../data/README.md");

impl List {
    /// The rows with their line numbers, cut into columns.
    fn rows(&self) -> impl Iterator<Item = (usize, Vec<&'static str>)> {
        let lines = self.text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.starts_with('#'))
            .map(|(index, line)| (index + 1, line.split('\t').collect()))
    }

    /// The first column.
    fn entries(&self) -> BTreeSet<&'static str> {
        self.rows().map(|(_, columns)| columns[0]).collect()
    }
}

/// What is wrong with the lists.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn note(&mut self, list: &List, fault: &str) {
        self.0.push(format!("{}: {fault}", list.name));
    }

    fn expect(&mut self, holds: bool, list: &List, fault: &str) {
        if !holds {
            self.note(list, fault);
        }
    }

    fn none(&self) {
        assert!(self.0.is_empty(), "{} faults:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn every_row_has_its_form() {
    let mut faults = Faults::default();
    for list in &LISTS {
        faults.expect(list.text.ends_with('\n'), list, "no line end at the end");
        faults.expect(!list.text.contains('\r'), list, "a CR");
        let mut before = "";
        for (index, line) in list.text.lines().enumerate() {
            let clean = !line.is_empty() && line.trim_end() == line;
            faults.expect(clean, list, &format!("line {}: empty or blanks behind", index + 1));
        }
        for (line, columns) in list.rows() {
            let mut fault = |what: &str| faults.note(list, &format!("line {line}: {what}"));
            if columns.len() != list.columns {
                fault(&format!("{} columns instead of {}", columns.len(), list.columns));
                continue;
            }
            if columns.iter().any(|column| column.is_empty() || column.trim() != *column) {
                fault("an empty column, or blanks around one");
            }
            if columns[0] <= before {
                fault("the same as the row before, or not in order");
            }
            before = columns[0];
            let domains = list.domains.iter().flat_map(|column| columns[*column].split(','));
            for domain in domains.filter(|domain| *domain != "-") {
                if Domain::parse_name(domain).map(|parsed| parsed.ascii() == domain) != Ok(true) {
                    fault("no domain name in lower-case A-labels");
                }
            }
        }
    }
    faults.none();
}

#[test]
fn every_list_says_where_it_comes_from() {
    let mut faults = Faults::default();
    for list in &LISTS {
        let comment = |key: &str| {
            let mut comments = list.text.lines().map_while(|line| line.strip_prefix("# "));
            comments.find_map(|comment| comment.strip_prefix(key)?.strip_prefix(": "))
        };
        for key in ["Source", "Licence"] {
            let said = comment(key).is_some_and(|text| !text.is_empty());
            faults.expect(said, list, &format!("no comment `# {key}: …` at the top"));
        }
        let is_date = comment("Date").is_some_and(|text| {
            text.parse::<jiff::civil::Date>().is_ok_and(|date| date.to_string() == text)
        });
        faults.expect(is_date, list, "no comment `# Date: YYYY-MM-DD` at the top");
    }
    faults.none();
}

#[test]
fn the_readme_knows_every_list() {
    let mut faults = Faults::default();
    for list in &LISTS {
        let row = format!("| `{}` | {} |", list.name, list.rows().count());
        let is_listed = README.lines().any(|line| line.starts_with(&row));
        faults.expect(is_listed, list, &format!("README.md has no row that begins with {row}"));
        let section = README.lines().filter(|line| line.starts_with("## "));
        let mut titles = section.flat_map(|line| line[3..].split(" and "));
        faults.expect(titles.any(|title| title == list.name), list, "README.md has no section");
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let files: BTreeSet<String> = files.map(|name| name.into_string().unwrap()).collect();
    let others = ["README.md", "make_real.rs", "replies.toml"];
    let known = LISTS.iter().map(|list| list.name).chain(others).map(str::to_owned);
    assert_eq!(files, known.collect(), "the files under data/");
    faults.none();
}

#[test]
fn providers_and_their_domains_belong_together() {
    let mut faults = Faults::default();
    let providers = PROVIDERS.entries();
    let domains: BTreeMap<&str, Vec<&str>> =
        PROVIDER_DOMAINS.rows().map(|(_, columns)| (columns[0], columns)).collect();
    faults.expect(providers.len() >= 200, &PROVIDERS, "fewer than 200 providers");
    for provider in &providers {
        let has_one = domains.values().any(|columns| columns[1] == *provider);
        faults.expect(has_one, &PROVIDERS, &format!("{provider} has no domain"));
    }
    for (domain, columns) in &domains {
        let [_, provider, _, canonical] = columns[..] else { panic!("{domain}: wrong columns") };
        let known = providers.contains(provider);
        faults.expect(known, &PROVIDER_DOMAINS, &format!("{domain}: no provider {provider}"));
        if canonical == "-" {
            continue;
        }
        let settled = domains
            .get(canonical)
            .is_some_and(|columns| columns[1] == provider && columns[3] == "-");
        let fault = format!("{domain}: {canonical} is another provider's, or not canonical itself");
        faults.expect(settled && canonical != *domain, &PROVIDER_DOMAINS, &fault);
    }
    faults.none();
}

#[test]
fn who_tells_what_is_known_to_the_other_lists() {
    let mut faults = Faults::default();
    let providers = PROVIDERS.entries();
    let organisations: BTreeSet<_> = PROVIDERS.rows().flat_map(|(_, c)| c[2].split(',')).collect();
    for (line, columns) in PROBING.rows() {
        let is_known = match columns[0].strip_prefix("mx:") {
            Some(organisation) => organisations.contains(organisation),
            None => providers.contains(columns[0]),
        };
        faults.expect(is_known, &PROBING, &format!("line {line}: no provider has this name"));
        let is_word = ["truth", "nothing"].contains(&columns[1]);
        faults.expect(is_word, &PROBING, &format!("line {line}: neither truth nor nothing"));
    }
    faults.none();
}

#[test]
fn no_domain_is_two_things() {
    let mut faults = Faults::default();
    let disposable = DISPOSABLE.entries();
    let special = SPECIAL_USE.entries();
    let real = [PROVIDER_DOMAINS, RELAYS, FREE, REAL].map(|list| (list.entries(), list));
    for (index, (entries, list)) in real.iter().enumerate() {
        for domain in entries {
            let mut fault = |what: &str| faults.note(list, &format!("{domain}: {what}"));
            if and_parents(domain).any(|name| disposable.contains(name)) {
                fault("disposable, or below a disposable domain");
            }
            if and_parents(domain).any(|name| special.contains(name)) {
                fault("a special-use name, or below one");
            }
            for (others, other) in &real[index + 1..] {
                if others.contains(domain) {
                    fault(&format!("also in {}", other.name));
                }
            }
        }
    }
    for domain in disposable {
        let mut above = and_parents(domain).skip(1);
        let listed = above.find(|name| real.iter().any(|(entries, _)| entries.contains(name)));
        if let Some(name) = listed {
            let fault = format!("{domain}: below {name}, where people have real mailboxes");
            faults.note(&DISPOSABLE, &fault);
        }
    }
    faults.none();
}

/// A public suffix in the list would silence everything below it.
#[test]
fn real_domains_are_registrable_and_no_slips() {
    let mut faults = Faults::default();
    let catalog = Catalog::builtin();
    let real = REAL.entries();
    for domain in &real {
        let registrable = psl::domain_str(domain) == Some(*domain);
        faults.expect(registrable, &REAL, &format!("{domain}: not registrable by itself"));
        let is_real = catalog.look_up(&Domain::parse(domain).unwrap()).is_known_real();
        faults.expect(is_real, &REAL, &format!("{domain}: not known to be real"));
    }
    let typos = include_str!("../vectors/well_known_typos.txt")
        .lines()
        .filter(|line| !line.starts_with('#'));
    for typo in typos {
        let is_real = catalog.look_up(&Domain::parse(typo).unwrap()).is_known_real();
        faults.expect(!is_real, &REAL, &format!("{typo}: a well-known typo"));
    }
    faults.none();
}

/// Where most of the world's people have their mailbox. Nobody may ever call one of these disposable, or
/// a typo for another.
const TOP_DOMAINS: [(&str, &str); 2] = [
    (
        "free",
        "gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.fr yahoo.de yahoo.co.in \
         yahoo.com.br yahoo.co.jp ymail.com hotmail.com hotmail.co.uk hotmail.fr hotmail.it \
         outlook.com live.com msn.com icloud.com me.com aol.com qq.com 163.com 126.com sina.com \
         naver.com hanmail.net mail.ru yandex.ru rambler.ru ukr.net gmx.de gmx.net web.de \
         freenet.de laposte.net libero.it virgilio.it seznam.cz wp.pl o2.pl onet.pl interia.pl \
         abv.bg freemail.hu uol.com.br rediffmail.com proton.me protonmail.com mail.com zoho.com",
    ),
    (
        "isp",
        "comcast.net verizon.net att.net sbcglobal.net cox.net shaw.ca rogers.com btinternet.com \
         sky.com orange.fr wanadoo.fr free.fr sfr.fr t-online.de alice.it telenet.be ziggo.nl \
         bluewin.ch bigpond.com docomo.ne.jp",
    ),
];

#[test]
fn the_top_mailbox_domains_are_known() {
    let mut faults = Faults::default();
    let disposable = DISPOSABLE.entries();
    let kinds: BTreeMap<&str, &str> =
        PROVIDERS.rows().map(|(_, columns)| (columns[0], columns[4])).collect();
    let kind_of_domain: BTreeMap<&str, &str> =
        PROVIDER_DOMAINS.rows().map(|(_, columns)| (columns[0], kinds[columns[1]])).collect();
    for (kind, domains) in TOP_DOMAINS {
        for domain in domains.split_whitespace() {
            let fault = format!("{domain} is not listed as {kind}");
            faults.expect(kind_of_domain.get(domain) == Some(&kind), &PROVIDER_DOMAINS, &fault);
            let is_disposable = and_parents(domain).any(|name| disposable.contains(name));
            faults.expect(!is_disposable, &DISPOSABLE, &format!("{domain} is listed"));
        }
    }
    faults.none();
}

/// Names that people all over the world have. A person is no department.
const FIRST_NAMES: &str = "ahmed alex alice ali ana andrea anna art ashley barbara betty bill bob carlos carmen charles \
    chris daniel dave david elena elizabeth emma erik eve fatima frank giulia grace hans hiroshi \
    hope ivan jack jan jean jennifer joe john jose juan katarzyna klaus lars linda luca lucas \
    marco maria marie mark mary max mercedes michael mohammed olga patricia paul peter pierre \
    piotr priya robert rose sarah sergey sophie thomas wei will yuki";

#[test]
fn role_names_are_local_parts_and_nobodys_name() {
    let mut faults = Faults::default();
    let roles = ROLES.entries();
    for name in FIRST_NAMES.split_whitespace() {
        faults.expect(!roles.contains(name), &ROLES, &format!("{name} is a first name"));
    }
    for role in roles {
        // As it is looked up: NFC, in lower case, not quoted, without a tag.
        let settled = format!("{role}@example.org")
            .parse::<Address>()
            .is_ok_and(|address| address.local().as_str() == role);
        let settled = settled && role.to_lowercase() == role && !role.contains(['+', '"']);
        faults.expect(settled, &ROLES, &format!("{role} is never found"));
    }
    faults.none();
}

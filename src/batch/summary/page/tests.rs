use super::super::{ListedAddress, RowCounts, TypoCount, samples};
use super::*;

fn page(summary: &Summary) -> String {
    let facts = PageFacts {
        title: "members \"<2026>\".csv",
        made_at: "2026-11-20T12:00:03.5Z".parse().unwrap(),
    };
    summary.page(facts)
}

/// The text between elements, and their attributes' values; panics where the elements do not nest.
fn parsed(page: &str) -> (String, Vec<String>) {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap();
    let (mut text, mut values, mut open) = (String::new(), Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        text.push_str(before);
        // A style has them between its selectors.
        assert!(!before.contains('>') || open.last() == Some(&"style"), "a > on its own: {before}");
        let (tag, after) = tag[1..].split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "before {}", &rest[..rest.len().min(80)]);
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap();
        values.extend(tag.split('"').skip(1).step_by(2).map(str::to_owned));
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if name != "meta" && !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} stay open");
    text.push_str(rest);
    for (at, _) in text.match_indices('&') {
        let known = ["&lt;", "&gt;", "&amp;", "&quot;", "&#39;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{}", &text[at..]);
    }
    (text, values)
}

fn with_one_verdict() -> Summary {
    Summary {
        rows: RowCounts { read: 1, written: 1, ..RowCounts::default() },
        verdicts: [1, 0, 0, 0, 0],
        reasons: vec![("mailbox_accepted", 1)],
        ..samples::empty()
    }
}

fn with_long_names() -> Summary {
    let long = format!("{}.example", "a".repeat(245));
    Summary {
        typos: vec![TypoCount { typed: long.clone(), meant: long.clone(), rows: 2 }; 25],
        failing: vec![samples::failing(&long, "domain_not_found", 2); 25],
        addresses: Some(Vec::new()),
        ..samples::full()
    }
}

#[test]
fn every_page_is_well_formed_and_needs_nothing_from_elsewhere() {
    let cases = [
        ("no rows", samples::empty()),
        ("one verdict", with_one_verdict()),
        ("something of everything", samples::full()),
        ("long names", with_long_names()),
        ("hostile", samples::hostile()),
    ];
    for (name, summary) in cases {
        let page = page(&summary);
        let (text, values) = parsed(&page);
        for number in ["NaN", "inf", "-0%"] {
            assert!(!text.contains(number), "{name}: {number}");
            assert!(!values.iter().any(|value| value.contains(number)), "{name}: {number}");
        }
        for foreign in ["http:", "https:", "//", "@import", "src=\"", "<script", "url(\"", "url(d"]
        {
            assert!(!page.contains(foreign), "{name}: {foreign}");
        }
        let ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        for (at, id) in ids.iter().enumerate() {
            assert!(!ids[..at].contains(id), "{name}: {id} stands twice");
        }
        for pointer in page.split(" aria-labelledby=\"").skip(1) {
            let id = pointer.split('"').next().unwrap();
            assert!(ids.contains(&id), "{name}: nothing is called {id}");
        }
    }
}

#[test]
fn what_is_foreign_is_escaped_and_made_visible() {
    let page = page(&samples::hostile());
    for expected in [
        "<title>members &quot;&lt;2026&gt;&quot;.csv: mailvet report</title>",
        "<bdi class=\"name\" dir=\"ltr\">members &quot;&lt;2026&gt;&quot;.csv</bdi>",
        "<bdi class=\"name\" dir=\"ltr\">&lt;b&gt;\\u{202e}&quot;x'&amp;.com</bdi>",
        "<bdi class=\"name\" dir=\"ltr\">\\u{1b}[2Jx.com</bdi>",
        "<bdi class=\"name\" dir=\"ltr\">&lt;img src=x onerror=alert(2)&gt;</bdi>",
        "<bdi class=\"name\" dir=\"ltr\">&lt;script&gt;alert('1')&lt;/script&gt;@gmal.com</bdi>",
        "<bdi class=\"name\" dir=\"ltr\">a&quot;b\\u{202e}c&amp;d@gmail.com</bdi>",
    ] {
        assert!(page.contains(expected), "{expected} is missing in {page}");
    }
    assert!(!page.contains(['\u{202e}', '\u{1b}']));
}

#[test]
fn addresses_are_shown_only_where_they_are_wanted() {
    let wanted = samples::hostile();
    let unwanted = Summary { addresses: None, ..wanted.clone() };
    let (wanted, unwanted) = (page(&wanted), page(&unwanted));
    assert!(wanted.contains("@gmal.com") && wanted.contains("This page holds addresses"));
    assert!(!unwanted.contains("@gmal.com") && !unwanted.contains("script&gt;"), "{unwanted}");
    assert!(unwanted.contains("This page holds no addresses"));
}

#[test]
fn a_list_of_addresses_that_was_cut_says_so() {
    let listed = ListedAddress {
        row: 2,
        email: "joe@gmal.com".into(),
        verdict: Verdict::Risky,
        reason: "domain_typo",
        suggestion: None,
    };
    for (number, cut) in [(0, false), (9_999, false), (10_000, true)] {
        let addresses = Some(vec![listed.clone(); number]);
        let page = page(&Summary { addresses, ..samples::full() });
        assert_eq!(page.contains("No more than 10,000 addresses are listed"), cut, "{number}");
        assert_eq!(page.contains("There are none."), number == 0, "{number}");
    }
}

#[test]
fn numbers_and_shares_add_up() {
    let page = page(&samples::full());
    for expected in [
        "1,000,000 rows read in 1 min 52 s, 8,901 a second.",
        "<time datetime=\"2026-11-20T12:00:03Z\">20 November 2026, 12:00 UTC</time>",
        "Rows by verdict: plausible 93.8%, risky 2.1%, undeliverable 3.0%, unknown 1.1%",
        "<li>3 blank lines or comments besides.</li>",
        "no such domain <code>domain_not_found</code>",
    ] {
        assert!(page.contains(expected), "{expected} is missing in {page}");
    }
    // Each of the five is off by a twentieth at most.
    let shares =
        page.split("<h2 id=\"verdicts\">").nth(1).unwrap().split("</table>").next().unwrap();
    let shares = shares.split("<td class=\"number\">").filter_map(|cell| cell.split_once("%</td>"));
    let shares: Vec<f64> = shares.map(|(share, _)| share.parse().unwrap()).collect();
    assert_eq!(shares.len(), 5, "{shares:?}");
    assert!((shares.iter().sum::<f64>() - 100.0).abs() <= 0.25, "{shares:?}");
}

#[test]
fn sections_without_anything_are_left_out() {
    let page = page(&samples::empty());
    for id in ["verdicts", "kinds", "reasons", "typos", "failing", "addresses"] {
        assert!(!page.contains(&format!("id=\"{id}\"")), "{id}");
    }
    assert!(page.contains("0 rows read in 0 ms."), "{page}");
}

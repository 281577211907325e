//! Links lead somewhere: to a file of the repository, to a heading of it.

use std::path::Path;

use regex::Regex;

use super::page::{Page, pages, root};

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let link = Regex::new(r#"\]\(([^) ]+)\)|(?:src|href)="([^"]+)""#).unwrap();
    let mut faults = Vec::new();
    for page in pages() {
        let folder = Path::new(&page.name).parent().unwrap();
        for target in link.captures_iter(&page.prose()) {
            let target = target.get(1).or_else(|| target.get(2)).unwrap().as_str();
            if target.starts_with("https://") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.name.clone().into() } else { folder.join(file) };
            let exists = root().join(&path).exists();
            if !exists
                || !heading.is_empty() && !has_heading(&Page::read(path.to_str().unwrap()), heading)
            {
                faults.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_page_can_be_reached_from_the_readme() {
    let readme = Page::read("README.md");
    for page in pages().iter().filter(|page| page.name != "README.md") {
        assert!(readme.text.contains(&format!("({}", page.name)), "{}", page.name);
    }
}

#[test]
fn the_readme_is_short() {
    let lines = Page::read("README.md").text.lines().count();
    assert!(lines <= 250, "{lines} lines");
}

/// Whether the page has a heading with this anchor, as GitHub makes them.
fn has_heading(page: &Page, anchor: &str) -> bool {
    let prose = page.prose();
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let mut anchors = headings.map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect::<String>()
    });
    anchors.any(|known| known == anchor)
}

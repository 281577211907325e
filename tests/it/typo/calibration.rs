//! Of the suggestions that are given with some confidence, about as many are right.

use super::cases::{SUGGEST_AT, real_domains, suggested, typos};
use super::keyboard;

/// The bounds of the groups, in hundredths; what is surer than the last one is as sure as anything.
const BOUNDS: [u8; 6] = [50, 60, 70, 80, 90, 97];
/// Fewer cases tell nothing.
const ENOUGH: usize = 25;

#[derive(Clone, Copy, Default)]
struct Group {
    given: usize,
    right: usize,
    confidence: f64,
}

/// Typos as written down and at random, the popular domains more often, and as many real domains as there
/// are.
fn cases() -> Vec<(String, Option<&'static str>)> {
    let written = typos().into_iter().map(|typo| (typo.typed.to_owned(), Some(typo.meant)));
    let random = [(1, 700), (2, 250), (3, 150)].into_iter().flat_map(|(class, count)| {
        let domains = keyboard::domains_of_class(class);
        keyboard::typos(&domains, count, u64::from(class))
    });
    let random = random.map(|(typed, meant)| (typed, Some(meant)));
    let real = real_domains().into_iter().map(|(_, domain)| (domain.to_owned(), None));
    written.chain(random).chain(real).collect()
}

#[test]
fn confidence_is_how_often_it_is_right() {
    let mut groups = [Group::default(); BOUNDS.len()];
    for (typed, meant) in cases() {
        let Some((domain, confidence)) = suggested(&typed, None) else { continue };
        if confidence < SUGGEST_AT {
            continue;
        }
        let percent = (confidence * 100.0).round();
        let group = BOUNDS.iter().rposition(|bound| percent >= f64::from(*bound)).unwrap();
        let group = &mut groups[group];
        group.given += 1;
        group.right += usize::from(Some(&*domain) == meant);
        group.confidence += confidence;
    }
    println!("confidence  given  mean  right");
    for (bound, group) in BOUNDS.iter().zip(groups) {
        let Group { given, right, confidence } = group;
        let (mean, right) = (confidence / given as f64, right as f64 / given as f64);
        println!("from 0.{bound}   {given:>5}  {mean:.2}  {right:.2}");
        if given >= ENOUGH {
            assert!((mean - right).abs() <= 0.15, "from 0.{bound}");
        }
    }
}

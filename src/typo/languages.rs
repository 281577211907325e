//! Languages, with the countries where they are spoken and their keyboard layouts.
//!
//! A language code is no top-level domain: `ca` is Catalan, `.ca` is Canada. So both are in tables, and a language
//! that is not listed favours no domain.

use super::keyboard::KeyboardLayout;

/// A language (ISO 639).
pub(super) struct Language {
    code: &'static str,
    /// The top-level domains of the countries where most people speak it; none for languages of so many
    /// countries that none is favoured.
    pub(super) markets: &'static [&'static str],
    /// The usual keyboard of these countries.
    pub(super) layout: KeyboardLayout,
}

const fn qwerty(code: &'static str, markets: &'static [&'static str]) -> Language {
    Language { code, markets, layout: KeyboardLayout::Qwerty }
}

const fn qwertz(code: &'static str, markets: &'static [&'static str]) -> Language {
    Language { code, markets, layout: KeyboardLayout::Qwertz }
}

const fn azerty(code: &'static str, markets: &'static [&'static str]) -> Language {
    Language { code, markets, layout: KeyboardLayout::Azerty }
}

/// In the order of their codes.
const LANGUAGES: [Language; 97] = [
    qwerty("af", &["za"]),
    qwerty("am", &["et"]),
    qwerty("ar", &[]),
    qwerty("az", &["az"]),
    qwerty("be", &["by"]),
    qwerty("bg", &["bg"]),
    qwerty("bn", &["bd"]),
    azerty("br", &["fr"]),
    qwertz("bs", &["ba"]),
    qwerty("ca", &["cat", "es", "ad"]),
    azerty("co", &["fr"]),
    qwertz("cs", &["cz"]),
    qwerty("cy", &["wales", "cymru", "uk"]),
    qwerty("da", &["dk"]),
    qwertz("de", &["de"]),
    qwerty("el", &["gr"]),
    qwerty("en", &[]),
    qwerty("es", &["es"]),
    qwerty("et", &["ee"]),
    qwerty("eu", &["eus", "es"]),
    qwerty("fa", &["ir"]),
    qwerty("fi", &["fi"]),
    qwerty("fil", &["ph"]),
    qwerty("fo", &["fo"]),
    azerty("fr", &["fr"]),
    qwerty("fy", &["nl"]),
    qwerty("ga", &["ie"]),
    qwerty("gd", &["scot", "uk"]),
    qwerty("gl", &["gal", "es"]),
    qwertz("gsw", &["ch"]),
    qwerty("gu", &["in"]),
    qwerty("he", &["il"]),
    qwerty("hi", &["in"]),
    qwertz("hr", &["hr"]),
    qwertz("hu", &["hu"]),
    qwerty("hy", &["am"]),
    qwerty("id", &["id"]),
    qwerty("is", &["is"]),
    qwerty("it", &["it"]),
    // The old code of Hebrew, which Java still gives.
    qwerty("iw", &["il"]),
    qwerty("ja", &["jp"]),
    qwerty("ka", &["ge"]),
    qwerty("kk", &["kz"]),
    qwerty("km", &["kh"]),
    qwerty("kn", &["in"]),
    qwerty("ko", &["kr"]),
    qwerty("ky", &["kg"]),
    qwertz("lb", &["lu"]),
    qwerty("lo", &["la"]),
    qwerty("lt", &["lt"]),
    qwerty("lv", &["lv"]),
    qwerty("mi", &["nz"]),
    qwerty("mk", &["mk"]),
    qwerty("ml", &["in"]),
    qwerty("mn", &["mn"]),
    qwerty("mr", &["in"]),
    qwerty("ms", &["my"]),
    qwerty("mt", &["mt"]),
    qwerty("my", &["mm"]),
    qwerty("nb", &["no"]),
    qwerty("ne", &["np"]),
    qwerty("nl", &["nl"]),
    qwerty("nn", &["no"]),
    qwerty("no", &["no"]),
    azerty("oc", &["fr"]),
    qwerty("pa", &["in"]),
    qwerty("pl", &["pl"]),
    qwerty("ps", &["af"]),
    qwerty("pt", &["pt"]),
    qwertz("rm", &["ch"]),
    qwerty("ro", &["ro"]),
    qwerty("ru", &["ru"]),
    qwerty("sc", &["it"]),
    qwerty("se", &["no"]),
    qwerty("si", &["lk"]),
    qwertz("sk", &["sk"]),
    qwertz("sl", &["si"]),
    qwerty("so", &["so"]),
    qwertz("sq", &["al"]),
    qwertz("sr", &["rs"]),
    qwerty("sv", &["se"]),
    qwerty("sw", &["ke", "tz"]),
    qwerty("ta", &["in"]),
    qwerty("te", &["in"]),
    qwerty("tg", &["tj"]),
    qwerty("th", &["th"]),
    qwerty("tk", &["tm"]),
    qwerty("tl", &["ph"]),
    qwerty("tr", &["tr"]),
    qwerty("uk", &["ua"]),
    qwerty("ur", &["pk"]),
    qwerty("uz", &["uz"]),
    qwerty("vi", &["vn"]),
    qwerty("xh", &["za"]),
    qwerty("yi", &[]),
    qwerty("zh", &["cn"]),
    qwerty("zu", &["za"]),
];

/// Countries whose usual keyboard is not QWERTY, by top-level domain.
const KEYBOARDS: [(&str, KeyboardLayout); 15] = [
    ("al", KeyboardLayout::Qwertz),
    ("at", KeyboardLayout::Qwertz),
    ("ba", KeyboardLayout::Qwertz),
    ("be", KeyboardLayout::Azerty),
    ("ch", KeyboardLayout::Qwertz),
    ("cz", KeyboardLayout::Qwertz),
    ("de", KeyboardLayout::Qwertz),
    ("fr", KeyboardLayout::Azerty),
    ("hr", KeyboardLayout::Qwertz),
    ("hu", KeyboardLayout::Qwertz),
    ("li", KeyboardLayout::Qwertz),
    ("lu", KeyboardLayout::Qwertz),
    ("rs", KeyboardLayout::Qwertz),
    ("si", KeyboardLayout::Qwertz),
    ("sk", KeyboardLayout::Qwertz),
];

/// The language with this code, whatever its case.
pub(super) fn language(code: &str) -> Option<&'static Language> {
    LANGUAGES.iter().find(|language| language.code.eq_ignore_ascii_case(code))
}

/// The usual keyboard of a country.
pub(super) fn keyboard_of(country: &str) -> KeyboardLayout {
    let known = KEYBOARDS.iter().find(|(code, _)| *code == country);
    known.map_or(KeyboardLayout::Qwerty, |(_, layout)| *layout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_and_their_endings_exist() {
        assert!(LANGUAGES.is_sorted_by(|one, other| one.code < other.code));
        assert!(KEYBOARDS.is_sorted_by(|one, other| one.0 < other.0));
        for Language { code, markets, layout } in &LANGUAGES {
            for market in *markets {
                let exists = psl::suffix(format!("a.co.{market}").as_bytes())
                    .is_some_and(|suffix| suffix.is_known());
                assert!(exists, "{code}: .{market}");
            }
            if let Some(country) = markets.iter().find(|market| market.len() == 2) {
                // One language in a country of several may have a keyboard of its own.
                assert_eq!(*layout, keyboard_of(country), "{code}");
            }
        }
    }
}

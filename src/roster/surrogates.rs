//! Lone surrogates in JSON.

/// Replaces each escape of a lone surrogate (`\ud83d` without its other half) by that of U+FFFD.
///
/// A form's `maxlength` cuts an emoji in two, and JavaScript writes the half that is left (RFC 8259 §8.2);
/// parsers refuse it. Every other byte stays where it is.
pub fn replace_lone_surrogates(json: &mut [u8]) {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', json.get(at..).unwrap_or_default()) {
        let escape = at + found;
        at = escape
            + match (unit(json, escape), unit(json, escape + ESCAPE)) {
                (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 2 * ESCAPE,
                (Some(0xD800..=0xDFFF), _) => {
                    json[escape..escape + ESCAPE].copy_from_slice(REPLACEMENT);
                    ESCAPE
                }
                (Some(_), _) => ESCAPE,
                // `\\`, `\"` and the like.
                (None, _) => 2,
            };
    }
}

/// The bytes of an escape.
const ESCAPE: usize = 6;
/// The escape of U+FFFD.
const REPLACEMENT: &[u8; ESCAPE] = b"\\ufffd";

/// The UTF-16 code unit of the escape at a place, if there is one.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + ESCAPE)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = u16::try_from(char::from(*digit).to_digit(16)?).ok()?;
        Some(unit << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn replaced(json: &str) -> String {
        let mut bytes = json.as_bytes().to_vec();
        replace_lone_surrogates(&mut bytes);
        assert_eq!(bytes.len(), json.len(), "{json}");
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn halves_and_wholes() {
        let cases = [
            (r#""joe\ud83d""#, r#""joe\ufffd""#),
            (r#""joe\uD83D\uDE00""#, r#""joe\uD83D\uDE00""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83dx\ude00""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\n\ude00""#, r#""\ufffd\n\ufffd""#),
            // A backslash, and text that looks like an escape.
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""\u00e9\"\u12""#, r#""\u00e9\"\u12""#),
            (r#""\ud83d\u"#, r#""\ufffd\u"#),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\"#, r#""\"#),
            ("", ""),
        ];
        for (json, expected) in cases {
            assert_eq!(replaced(json), expected, "{json}");
        }
    }

    proptest! {
        #[test]
        fn a_string_reads_like_utf_16(
            units in prop::collection::vec(prop_oneof![any::<u16>(), 0xD700_u16..0xE100], 0..12)
        ) {
            let json: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let read: String = serde_json::from_str(&replaced(&format!("\"{json}\""))).unwrap();
            prop_assert_eq!(read, String::from_utf16_lossy(&units));
        }

        #[test]
        fn what_is_json_stays_the_same(text in any::<String>()) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(replaced(&json), json);
        }

        #[test]
        fn no_bytes_are_too_strange(
            mut bytes in prop::collection::vec(prop::sample::select(b"\\ud8cfDC\"x\xff".to_vec()), 0..40)
        ) {
            let length = bytes.len();
            replace_lone_surrogates(&mut bytes);
            prop_assert_eq!(bytes.len(), length);
        }
    }
}

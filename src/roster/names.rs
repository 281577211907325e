//! What people call the column of the addresses, in many languages.

use std::collections::HashSet;
use std::sync::LazyLock;

use icu_normalizer::DecomposingNormalizerBorrowed;

/// How much the name of a column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum NameMatch {
    /// It speaks of addresses, such as `Work email` or `Email 2`; so may what holds none, such as
    /// `Email status`.
    SpeaksOf,
    /// It is a name of the address itself.
    Names,
}

/// What a name says of its column; nothing for most.
pub(super) fn match_name(name: &str) -> Option<NameMatch> {
    static NAMES: LazyLock<HashSet<String>> =
        LazyLock::new(|| ADDRESS.iter().map(|name| squeezed(name)).collect());
    static PARTS: LazyLock<Vec<String>> =
        LazyLock::new(|| STEMS.iter().map(|stem| squeezed(stem)).collect());
    let name = squeezed(name);
    if NAMES.contains(&name) {
        return Some(NameMatch::Names);
    }
    PARTS.iter().any(|part| name.contains(part)).then_some(NameMatch::SpeaksOf)
}

/// Whether a column that speaks of addresses may hold those of the row's own person. Some are about the
/// address, some are another person's.
pub(super) fn may_hold_own(name: &str) -> bool {
    let words = name.to_lowercase();
    let mut words = words.split(|c: char| !c.is_alphanumeric());
    !words.any(|word| ABOUT.contains(&word) || ANOTHERS.contains(&word))
}

/// Whether two names are the same but for case, accents and what stands between the words.
pub(super) fn are_alike(one: &str, other: &str) -> bool {
    squeezed(one) == squeezed(other)
}

/// Letters and digits alone: without case, accents, widths.
fn squeezed(name: &str) -> String {
    let normalizer = DecomposingNormalizerBorrowed::new_nfkd();
    let plain: String =
        normalizer.normalize(name).chars().filter(|c| c.is_alphanumeric()).collect();
    plain.to_lowercase()
}

/// Names of the column of the addresses.
#[rustfmt::skip]
const ADDRESS: &[&str] = &[
    // English, and what programs call it
    "email", "mail", "email address", "mail address", "email addr", "email id", "emails", "email addresses",
    "internet mail", "smtp address", "primary email", "email primary", "primary email address",
    "your email", "your email address", "my email",
    "subscriber", "subscribers", "subscriber email", "subscriber email address", "subscriber address",
    "user email", "user mail", "user email address", "contact email", "contact email address", "customer email",
    "customer email address", "member email", "member email address", "member address", "billing email",
    "recipient", "recipient email", "recipient email address", "recipient address", "to email",
    "lead email", "client email", "account email", "attendee email", "participant email", "student email",
    "profile email", "e mail value", "email 1 value", "email1",
    // German
    "e-mail-adresse", "mailadresse", "mail-anschrift", "e-mail-anschrift", "elektronische adresse",
    // French
    "adresse e-mail", "adresse mail", "adresse de messagerie", "courriel", "adresse courriel", "adresse de courriel",
    "courrier électronique", "adresse électronique", "mél", "adresse mél", "e-mail de contact", "adresse e-mail du contact",
    // Spanish
    "correo", "correo electrónico", "dirección de correo", "dirección de correo electrónico", "dirección electrónica",
    "dirección de email", "correo-e", "mail de contacto",
    // Portuguese
    "correio eletrônico", "correio electrónico", "endereço de e-mail", "endereço eletrônico", "endereço de correio eletrónico",
    // Italian
    "posta elettronica", "indirizzo e-mail", "indirizzo mail", "indirizzo di posta elettronica",
    // Catalan, Romanian
    "correu electrònic", "correu", "adreça electrònica", "adresă de e-mail", "poștă electronică",
    // Dutch
    "e-mailadres", "mailadres", "e-postadres",
    // Swedish, Norwegian, Danish, Icelandic
    "e-post", "e-postadress", "e-postadresse", "mejl", "mejladress", "mailadress", "netfang",
    // Finnish, Estonian, Hungarian
    "sähköposti", "sähköpostiosoite", "e-posti aadress", "meiliaadress", "e-mail cím", "elektronikus cím",
    // Polish, Czech, Slovak
    "adres e-mail", "adres mailowy", "poczta elektroniczna", "e-mailová adresa", "mailová adresa",
    // Slovene, Croatian, Serbian, Lithuanian, Latvian
    "e-pošta", "e-poštni naslov", "elektronska pošta", "e-mail adresa", "adresa e-pošte", "el. paštas", "elektroninis paštas",
    "e-pasts", "e-pasta adrese",
    // Turkish
    "e-posta adresi", "mail adresi",
    // Greek
    "ηλεκτρονική διεύθυνση", "ηλεκτρονικό ταχυδρομείο", "διεύθυνση email",
    // Russian, Ukrainian, Bulgarian
    "почта", "эл. почта", "электронная почта", "адрес электронной почты", "e-mail адрес", "имейл", "емейл", "мейл",
    "електронна пошта", "адреса електронної пошти", "пошта", "имейл адрес", "електронна поща",
    // Hebrew, Arabic, Persian
    "דוא\"ל", "דואר אלקטרוני", "אימייל", "כתובת אימייל", "البريد الإلكتروني", "عنوان البريد الإلكتروني",
    "بريد إلكتروني", "ایمیل", "پست الکترونیک",
    // Hindi, Thai, Vietnamese, Indonesian
    "ईमेल", "อีเมล", "địa chỉ email", "thư điện tử", "surel", "alamat email", "alamat surel",
    // Chinese, Japanese, Korean
    "邮箱", "电子邮箱", "电子邮件", "邮件地址", "电子邮件地址", "邮箱地址", "電子郵件", "電子信箱", "電郵", "信箱", "電子郵件地址",
    "メール", "メールアドレス", "Eメール", "電子メール", "電子メールアドレス", "メアド", "eメールアドレス",
    "이메일", "이메일 주소", "전자우편", "메일", "메일주소",
];

/// What is in the names of further columns that may hold addresses.
#[rustfmt::skip]
const STEMS: &[&str] = &[
    "email", "e-mail", "mail", "courriel", "correo electr", "correio elet", "posta elettronica", "e-post", "sähköposti", "mejl",
    "почт", "пошт", "имейл", "邮箱", "邮件", "郵件", "メール", "이메일",
];

/// Words of columns about an address.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "status", "state", "blacklisted", "blocklisted", "opt", "optin", "optout", "consent", "confirmed", "verified",
    "validated", "valid", "marketing", "format", "type", "count", "number", "sent", "opened", "opens", "clicked", "clicks",
    "bounced", "bounces", "bounce", "date", "time", "at", "domain", "hash", "md5", "sha256", "subject", "template", "source",
    "permission", "subscribed", "unsubscribed", "frequency", "preference", "preferences", "client", "provider", "quality",
    "eligible", "accepts", "allowed", "enabled", "mailing", "rating", "last", "first", "id",
];

/// Words of columns that hold the address of another person than the row's.
#[rustfmt::skip]
const ANOTHERS: &[&str] = &[
    "owner", "sender", "from", "reply", "referrer", "referred", "referral", "creator", "created", "assigned", "assignee",
    "manager", "agent", "organizer", "organiser", "author", "modified", "updated", "added", "invited",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written() {
        let cases = [
            ("Email", Some(NameMatch::Names)),
            ("E-Mail", Some(NameMatch::Names)),
            ("E_MAIL", Some(NameMatch::Names)),
            (" email address ", Some(NameMatch::Names)),
            ("EMAIL", Some(NameMatch::Names)),
            ("user_email", Some(NameMatch::Names)),
            ("emailAddress", Some(NameMatch::Names)),
            ("# email", Some(NameMatch::Names)),
            ("Adresse e-mail", Some(NameMatch::Names)),
            ("Correo electronico", Some(NameMatch::Names)),
            ("Correo electrónico", Some(NameMatch::Names)),
            ("メールアドレス", Some(NameMatch::Names)),
            ("Ｅメール", Some(NameMatch::Names)),
            ("Sa\u{308}hko\u{308}posti", Some(NameMatch::Names)),
            ("Email 2", Some(NameMatch::SpeaksOf)),
            ("Work email", Some(NameMatch::SpeaksOf)),
            ("EMAIL_BLACKLISTED", Some(NameMatch::SpeaksOf)),
            ("Name", None),
            ("", None),
            ("#", None),
        ];
        for (name, expected) in cases {
            assert_eq!(match_name(name), expected, "{name}");
        }
    }

    #[test]
    fn no_name_is_there_twice() {
        let mut names: Vec<String> = ADDRESS.iter().map(|name| squeezed(name)).collect();
        assert!(names.iter().all(|name| !name.is_empty()));
        names.sort();
        let doubles: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(doubles.is_empty(), "{doubles:?}");
    }

    #[test]
    fn others_and_states_are_no_addresses_of_the_row() {
        let cases = [
            ("Work email", true),
            ("Email 2", true),
            ("E-mail (private)", true),
            ("EMAIL_BLACKLISTED", false),
            ("Contact owner email", false),
            ("Email Marketing Status", false),
        ];
        for (name, expected) in cases {
            assert_eq!(may_hold_own(name), expected, "{name}");
        }
    }
}

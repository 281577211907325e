//! The forms in which programs export their lists. The people in them are made up.

use mailvet::roster::Encoding;

use super::parsed_list::ParsedList;

/// A list, what it is, and the one address in its first row.
struct Export {
    name: &'static str,
    text: &'static str,
    /// The delimiter, or the name of the shape.
    shape: &'static str,
    column: Option<&'static str>,
    rows: &'static [&'static str],
}

const EXPORTS: [Export; 29] = [
    Export {
        name: "Mailchimp",
        text: "Email Address,First Name,Last Name,Address,MEMBER_RATING,OPTIN_TIME,LEID,NOTES,TAGS\n\
               kim@example.com,Kim,Lee,,2,2024-01-02 03:04:05,17,,\"\"\"VIP\"\",\"\"Blog\"\"\"\n",
        shape: ",",
        column: Some("Email Address"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Mailchimp, the address further back and in blanks",
        text: "First Name,Email Address,Status,\"What, exactly, do you like?\"\n\
               Kim,\"  Kim@Example.com \",subscribed,\"Cats, dogs\"\n",
        shape: ",",
        column: Some("Email Address"),
        rows: &["2 Kim@Example.com"],
    },
    Export {
        name: "SendGrid",
        text: "email,first_name,last_name,address_line_1,alternate_emails\nkim@example.com,Kim,Lee,,\n",
        shape: ",",
        column: Some("email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Brevo",
        text: "EMAIL;LASTNAME;SMS;EMAIL_BLACKLISTED;ADDED_TIME\nkim@example.com;Lee;336;No;12-04-2024 09:30\n",
        shape: ";",
        column: Some("EMAIL"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "HubSpot",
        text: "Record ID,First Name,Email,Contact owner,Email Domain,Marketing emails opened\n\
               51,Kim,kim@example.com,boss@example.org,example.com,3\n",
        shape: ",",
        column: Some("Email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Kit",
        text: "first_name,email,created_at,status\nKim,kim@example.com,2024-09-10T11:12:13Z,active\n",
        shape: ",",
        column: Some("email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "ActiveCampaign",
        text: "Email,First Name,Tags,IP\nkim@example.com,Kim,\"new, webinar\",192.0.2.1\n",
        shape: ",",
        column: Some("Email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Systeme.io",
        text: "Email,First name,Surname,Tags,Date registered\nkim@example.com,Kim,Lee,\"lead,new\",2024-05-06\n",
        shape: ",",
        column: Some("Email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "WordPress users",
        text: "ID,user_login,user_email,user_registered,display_name\n1,kim,kim@example.com,2024-05-06,Kim\n",
        shape: ",",
        column: Some("user_email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "WordPress newsletter, a comment for a header",
        text: "# email;first name (comments; blank lines)\nkim@example.com;Kim\n\nlee@example.com;Lee\n",
        shape: ";",
        column: None,
        rows: &["1 -", "2 kim@example.com", "3 -", "4 lee@example.com"],
    },
    Export {
        name: "a commented header",
        text: "#email;name\nkim@example.com;Kim\n",
        shape: ";",
        column: Some("#email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Google Contacts",
        text: "First Name,E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value\nKim,Work,kim@example.com,,\n",
        shape: ",",
        column: Some("E-mail 1 - Value"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Outlook",
        text: "\"Title\",\"E-mail Address\",\"E-mail Type\",\"E-mail Display Name\",\"E-mail 2 Address\"\r\n\"\",\"kim@example.com\",\"SMTP\",\"Kim (kim@example.com)\",\"\"\r\n",
        shape: ",",
        column: Some("E-mail Address"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Shopify",
        text: "Customer ID,First Name,Email,Accepts Email Marketing,Total Spent\n7,Kim,kim@example.com,no,0.00\n",
        shape: ",",
        column: Some("Email"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Excel in French",
        text: "Prénom;Nom;Adresse e-mail;Ville\r\nKim;Lee;kim@example.com;Lyon\r\n",
        shape: ";",
        column: Some("Adresse e-mail"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Excel in German, with a line for itself",
        text: "sep=;\r\nName;E-Mail-Adresse\r\nKim;kim@example.com\r\n",
        shape: ";",
        column: Some("E-Mail-Adresse"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Spanish, with tabs",
        text: "Nombre\tCorreo electrónico\nKim\tkim@example.com\n",
        shape: "\t",
        column: Some("Correo electrónico"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "Japanese",
        text: "氏名,メールアドレス\n金,kim@example.com\n",
        shape: ",",
        column: Some("メールアドレス"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "a database, with bars",
        text: "id|name|address\n1|Kim|kim@example.com\n2|Lee|lee@example.com\n",
        shape: "|",
        column: Some("address"),
        rows: &["2 kim@example.com", "3 lee@example.com"],
    },
    Export {
        name: "marks in the header",
        text: "Name @ Club,Mail (@)\nKim,kim@example.com\n",
        shape: ",",
        column: Some("Mail (@)"),
        rows: &["2 kim@example.com"],
    },
    Export {
        name: "a first row that is misspelt",
        text: "Kim,kim@examplecom\nLee,lee@example.com\nAnn,ann@example.com\n",
        shape: ",",
        column: None,
        rows: &["1 kim@examplecom", "2 lee@example.com", "3 ann@example.com"],
    },
    Export {
        name: "no header",
        text: "1,Kim,kim@example.com\n2,Lee,lee@example.com\n",
        shape: ",",
        column: None,
        rows: &["1 kim@example.com", "2 lee@example.com"],
    },
    Export {
        name: "lines",
        text: "kim@example.com\r\n\r\nlee.example.com\r\n# gone\r\nann@example.com",
        shape: "lines",
        column: None,
        rows: &["1 kim@example.com", "2 -", "3 lee.example.com", "4 -", "5 ann@example.com"],
    },
    Export {
        name: "one column with a header",
        text: "Subscriber\nkim@example.com\nlee@gmail,com\n",
        shape: "lines",
        column: None,
        rows: &["2 kim@example.com", "3 lee@gmail,com"],
    },
    Export {
        name: "Mailman 3 members",
        text: "Kim Lee <kim@example.com>\nlee@example.com\nDoe, Ann (home) <ann@example.com>\n\"Bo\" B <bo@example.com>\n",
        shape: "mailman",
        column: None,
        rows: &["1 kim@example.com", "2 lee@example.com", "3 ann@example.com", "4 bo@example.com"],
    },
    Export {
        name: "Mailman, every name with a comma",
        text: "Lee, Kim <kim@example.com>\nDoe, Ann <ann@example.com>\nRoe, Bo <bo@example.com>\n",
        shape: "mailman",
        column: None,
        rows: &["1 kim@example.com", "2 ann@example.com", "3 bo@example.com"],
    },
    Export {
        name: "Mailman 3, no members",
        text: "ant.example.com has no members\n",
        shape: "mailman",
        column: None,
        rows: &["1 -"],
    },
    Export {
        name: "Mailman's REST API",
        text: "{\"start\": 0, \"total_size\": 2, \"entries\": [{\"address\": \"http://localhost/3.1/addresses/kim@example.com\", \"email\": \"kim@example.com\"}, {\"email\": \"lee@example.com\", \"role\": \"member\"}], \"http_etag\": \"\\\"a\\\"\"}\n",
        shape: "json",
        column: Some("email"),
        rows: &["1 kim@example.com", "2 lee@example.com", "3 -"],
    },
    Export {
        name: "JSON lines",
        text: "{\"id\": 1, \"user_email\": \"kim@example.com\"}\n{\"user_email\": [\"lee@example.com\", \"ann@example.com\"]}\n",
        shape: "jsonl",
        column: Some("user_email"),
        rows: &["1 kim@example.com", "2 lee@example.com | ann@example.com"],
    },
];

#[test]
fn exports_are_understood() {
    for export in EXPORTS {
        let list = ParsedList::of(export.text);
        let shape = match list.plan.delimiter() {
            Some(delimiter) => char::from(delimiter).to_string(),
            None => list.plan.format().code().to_owned(),
        };
        let name = export.name;
        assert_eq!(shape, export.shape, "{name}");
        let columns = list.plan.address_columns();
        let column = columns.first().and_then(|column| column.name.clone());
        assert_eq!(column.as_deref(), export.column, "{name}");
        assert_eq!(list.shown(), export.rows, "{name}");
        assert_eq!(list.plan.encoding(), Encoding::Utf8, "{name}");
        assert_eq!(list.copied(), export.text.as_bytes(), "{name}");
    }
}

#[test]
fn a_first_row_is_lost_only_where_it_is_a_header() {
    let taken = "the first row is taken for the header";
    let cases: [(&str, &str, bool, bool); 27] = [
        // The text, whether its first row is a header, and whether that is said to be a guess.
        ("a spelt-out @", "bob at siemens.com\njoe@x.de\nx@y.de\n", false, false),
        ("a lost @ and a lost dot", "sueyahoocom\njoe@x.de\nx@y.de\n", false, false),
        ("a lost @ of a provider", "sue.gmail.com\njoe@x.de\n", false, false),
        ("the name of a provider", "suegmail\njoe@x.de\n", false, false),
        ("a telephone number", "+41791234567\njoe@x.de\nx@y.de\n", false, false),
        ("a word", "Mitglieder\njoe@x.de\n", false, false),
        ("a spelt-out @ before a mail domain", "joe at mail.com\njoe@x.de\n", false, false),
        ("a name", "E-Mail\njoe@x.de\n", true, false),
        ("a name of a person's", "Subscriber\njoe@x.de\n", true, false),
        ("a name among words", "Email of the member\njoe@x.de\n", true, true),
        ("a name in a column of quotes", "\"Email\"\n\"joe@x.de\"\n", true, false),
        ("a word in a column of quotes", "\"sueyahoocom\"\n\"joe@x.de\"\n", false, false),
        ("a row with a spelt-out @", "1;Joe;joe at x.com\n2;Ann;ann@x.de\n", false, false),
        ("a row with no address", "1;Joe;n/a\n2;Ann;ann@x.de\n3;Bo;bo@x.de\n", false, false),
        ("the same without numbers", "Roe;Joe;n/a\nDoe;Ann;ann@x.de\n", false, false),
        ("a row with a blank for the address", "Roe;Joe;\nDoe;Ann;ann@x.de\n", false, false),
        ("a row with a lost @", "Roe;Joe;joe.x.de\nDoe;Ann;ann@x.de\n", false, false),
        ("a row with a provider", "Roe;Joe;joegmailcom\nDoe;Ann;ann@x.de\n", false, false),
        ("a row with half an address", "Roe;Joe;joe@\nDoe;Ann;ann@x.de\n", false, false),
        (
            "a row with a date",
            "Joe;keine;2024-05-06T07:08Z\nAnn;ann@x.de;2024-05-06T07:08Z\n",
            false,
            false,
        ),
        ("what is said again below", "Joe;keine;Bonn\nAnn;ann@x.de;Bonn\n", false, false),
        (
            "a row that names a person",
            "Subscriber;joe at x.de\nSubscriber;ann@x.de\n",
            false,
            false,
        ),
        ("names", "Name;E-Mail\nAnn;ann@x.de\n", true, false),
        ("a name and a year", "2024;E-Mail\n1;ann@x.de\n", true, false),
        ("a column of ours", "Wer;Wohin;mailvet_verdict\nAnn;ann@x.de;risky\n", true, false),
        ("words", "Wer;Wohin\nAnn;ann@x.de\n", true, true),
        ("words, and a number without a name", ";Wer;Wohin\n1;Ann;ann@x.de\n", true, true),
    ];
    for (name, text, is_header, is_guess) in cases {
        let list = ParsedList::of(text);
        let first = list.rows.first().map(mailvet::roster::Row::number);
        assert_eq!(first, Some(if is_header { 2 } else { 1 }), "{name}");
        let notes = list.plan.notes().iter().map(ToString::to_string);
        assert_eq!(
            notes.filter(|note| note.starts_with(taken)).count(),
            usize::from(is_guess),
            "{name}"
        );
    }
}

use proptest::prelude::*;

use super::*;

fn interface(name: &str) -> Option<u32> {
    (name == "eth0").then_some(7)
}

fn read(text: &str) -> (Vec<String>, usize) {
    let found = ResolvConf::parse(text, interface);
    (found.servers.iter().map(SocketAddr::to_string).collect(), found.unreadable)
}

#[test]
fn what_the_c_library_reads_is_read_and_the_rest_is_passed_over() {
    const ONE: &[&str] = &["192.0.2.1:53"];
    // The file, the servers, how many lines cannot be read.
    let cases: [(&str, &[&str], usize); 32] = [
        ("", &[], 0),
        ("nameserver 192.0.2.1", ONE, 0),
        ("nameserver 192.0.2.1\n", ONE, 0),
        ("nameserver\t192.0.2.1", ONE, 0),
        ("nameserver  \t 192.0.2.1 \t", ONE, 0),
        ("  nameserver 192.0.2.1", ONE, 0),
        ("nameserver 192.0.2.1\r\nsearch lan\r\n", ONE, 0),
        ("\u{feff}nameserver 192.0.2.1", ONE, 0),
        ("nameserver 192.0.2.1 # ours", ONE, 0),
        ("nameserver 192.0.2.1#ours", ONE, 0),
        ("nameserver 192.0.2.1;ours", ONE, 0),
        ("nameserver 192.0.2.1 192.0.2.2", ONE, 0),
        ("nameserver 2001:db8::1", &["[2001:db8::1]:53"], 0),
        ("nameserver fe80::1%eth0", &["[fe80::1%7]:53"], 0),
        ("nameserver fe80::1%3", &["[fe80::1%3]:53"], 0),
        ("nameserver fe80::1%gone0\nnameserver 192.0.2.1", ONE, 1),
        ("nameserver 192.0.2.1%eth0", &[], 1),
        ("nameserver 192.0.2.1:53\nnameserver 192.0.2.1", ONE, 1),
        ("nameserver [::1]:53\nnameserver 192.0.2.1", ONE, 1),
        ("nameserver dns.example\nnameserver 192.0.2.1", ONE, 1),
        ("nameserver\nnameserver 192.0.2.1", ONE, 0),
        ("nameserver # none\nnameserver 192.0.2.1", ONE, 1),
        ("nameservers 192.0.2.2\nnameserver 192.0.2.1", ONE, 0),
        ("# nameserver 192.0.2.2\n; nameserver 192.0.2.3\nnameserver 192.0.2.1", ONE, 0),
        ("search .corp.local\nnameserver 192.0.2.1", ONE, 0),
        ("search bad..com\nnameserver 192.0.2.1", ONE, 0),
        ("search \"\"\nnameserver 192.0.2.1", ONE, 0),
        ("search\nnameserver 192.0.2.1", ONE, 0),
        ("domain .\nnameserver 192.0.2.1", ONE, 0),
        (
            "options ndots:x timeout:-1 attempts:99999999999\nsortlist 1/2/3\nnameserver 192.0.2.1",
            ONE,
            0,
        ),
        ("nonsense \0 \u{fffd}\nnameserver 192.0.2.1", ONE, 0),
        (
            "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4",
            &["192.0.2.1:53", "192.0.2.2:53", "192.0.2.3:53"],
            0,
        ),
    ];
    for (text, servers, unreadable) in cases {
        let expected = servers.iter().map(|server| (*server).to_owned()).collect();
        assert_eq!(read(text), (expected, unreadable), "{text:?}");
    }
    let long = "l".repeat(64);
    assert_eq!(read(&format!("search {long}.test\nnameserver 192.0.2.1")).0, ONE);
}

proptest! {
    /// Whatever stands in the other lines, the servers are found.
    #[test]
    fn nothing_else_in_the_file_matters(
        before in "\\PC{0,40}", after in "[ -~\t]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let is_server = |line: &str| {
            line.trim_start_matches(['\u{feff}', ' ', '\t']).trim_start().starts_with("nameserver")
        };
        let junk = String::from_utf8_lossy(&bytes).into_owned();
        prop_assume!(!is_server(&before) && !is_server(&after) && !junk.lines().any(is_server));
        let text = format!("{before}\nnameserver 192.0.2.1\n{after}\n{junk}\nnameserver ::1\n");
        let (servers, unreadable) = read(&text);
        prop_assert_eq!(servers, ["192.0.2.1:53", "[::1]:53"]);
        prop_assert_eq!(unreadable, 0);
    }

    /// Any text is read, and never more than three servers come of it.
    #[test]
    fn any_text_is_read(lines in prop::collection::vec("(nameserver[ \t]?)?[0-9a-f.:%# \r\u{feff}]{0,20}", 0..8)) {
        let found = ResolvConf::parse(&lines.join("\n"), interface);
        prop_assert!(found.servers.len() <= MAX_SERVERS);
        prop_assert!(found.servers.iter().all(|server| server.port() == PORT));
    }
}

//! A process that is killed in the middle of writing.

use std::io::{BufRead, BufReader};

use mailvet::clock::StoppedClock;
use rusqlite::Connection;

use super::child::{child, store};
use super::house::{ACCEPTED, House, host, mailbox, noon, said};

#[test]
#[ignore = "run as a process of its own"]
fn writes_until_it_is_killed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let store = store(StoppedClock(noon()));
        for number in 0.. {
            store.remember(&mailbox(&format!("joe{number}@good.test")), &said(ACCEPTED)).await;
            println!("kept {number}");
        }
    });
}

#[test]
fn what_was_kept_is_there_afterwards() {
    let house = House::new();
    let mut known = 0;
    for round in 1..=5 {
        let mut writer =
            child("store::killed::writes_until_it_is_killed", &house.state()).spawn().unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let kept = lines.map_while(Result::ok).filter_map(|line| {
            line.strip_prefix("kept ").and_then(|number| number.parse::<u32>().ok())
        });
        let last = kept.take(round * 100).last().expect("something kept");
        writer.kill().unwrap();
        writer.wait().unwrap();
        known = known.max(last);
        let database = Connection::open(house.file("mailvet.db")).unwrap();
        let check: String =
            database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok", "round {round}");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = house.open();
            for number in 0..=known {
                let joe = mailbox(&format!("joe{number}@good.test"));
                let kept = store.recall(&joe, &[host("mx.test")]).await;
                assert!(kept.is_some(), "round {round}: {number}");
            }
        });
    }
}

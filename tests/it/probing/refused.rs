//! Refusals of us that come before a recipient matters.

use futures_util::future::join_all;
use mailvet::evidence::MailboxStatus;
use mailvet::smtp::limiter::Limits;

use super::wire::{clock, scripted, validate, validator};
use crate::support::smtp::MailServer;

#[tokio::test(start_paused = true)]
async fn one_refusal_at_the_sender_is_one_however_many_recipients_wait() {
    const TOGETHER: usize = 3;
    let zone = "d.io MX 10 mx.d.io\nmx.d.io A 8.8.8.8";
    for offers in ["", "OFFERS PIPELINING\n"] {
        let script = format!("{offers}MAIL 550 5.7.1 Rejected for policy reasons");
        let server = MailServer::new(&script);
        let (validator, dialled) =
            validator(zone, scripted(&server), Limits::default(), None, clock());
        let connections = || dialled.lock().unwrap().at.len();
        for conversation in 1..=3 {
            let addresses: Vec<String> =
                (0..TOGETHER).map(|n| format!("joe{n}.{conversation}@d.io")).collect();
            let reports = join_all(addresses.iter().map(|address| validate(&validator, address)));
            for report in reports.await {
                let mailbox = report.mailbox.unwrap().evidence.status;
                assert_eq!(mailbox, MailboxStatus::Refused, "{offers}{conversation}");
            }
            assert_eq!(connections(), conversation, "{offers}");
        }
        // Three conversations mean us.
        let report = validate(&validator, "joe@d.io").await;
        assert_eq!(report.mailbox.unwrap().evidence.status, MailboxStatus::Paused, "{offers}");
        assert_eq!(connections(), 3, "{offers}");
    }
}

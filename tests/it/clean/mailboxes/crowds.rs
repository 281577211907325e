//! A list full of mailboxes of one slow server holds up no other.

use std::fmt::Write as _;
use std::time::Duration;

use mailvet::validator::RetryPlan;

use super::mail_lab::{MailLab, comes_true};

#[tokio::test(start_paused = true)]
async fn who_is_slow_holds_up_no_other() {
    // More than are under way at any time, in front of the others, at one domain and at many.
    const SLOW: usize = 3_000;
    const QUICK: usize = 20;
    let slow = "RCPT * AFTER 20000 550 5.1.1 User unknown";
    let lab = MailLab::new(&[("slow.io", slow), ("quick.io", "")]);
    let mut list = String::new();
    (0..SLOW).for_each(|number| writeln!(list, "p{number}@slow.io").unwrap());
    (0..QUICK).for_each(|number| writeln!(list, "p{number}@quick.io").unwrap());
    let running = lab.start(&list, RetryPlan::Never);
    // And postmaster, as no recipient was accepted.
    let is_done = || lab.asked(2).len() == QUICK + 1;
    comes_true(is_done, || format!("{} asked about", lab.asked(2).len())).await;
    assert_eq!(lab.elapsed(), Duration::ZERO, "while the slow one has not said a word");
    running.comes_to(QUICK as u64, 0).await;
    running.kill().await;
}

//! Whatever a server sends, and whenever: an outcome for every recipient, in time.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailvet::smtp::dial::{Connection, DialError, Dialer, Target};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::asking::{PATIENCE, client, ended, host, outcome_text, recipients, target};

/// What a server sends, each after so many milliseconds.
type Sent = Vec<(u64, Vec<u8>)>;

/// What it does then.
#[derive(Clone, Copy, Debug)]
enum Ending {
    HangsUp,
    Stays,
}

/// Connects to a server that writes and ignores what it reads.
struct Talker(Sent, Ending);

impl Dialer for Talker {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        let (mut reader, mut writer) = tokio::io::split(theirs);
        tokio::spawn(async move { tokio::io::copy(&mut reader, &mut tokio::io::sink()).await });
        let (sent, ending) = (self.0.clone(), self.1);
        tokio::spawn(async move {
            for (pause, bytes) in sent {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                if writer.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            match ending {
                // The client may have done so first.
                Ending::HangsUp => drop(writer.shutdown().await),
                Ending::Stays => std::future::pending().await,
            }
        });
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

fn pieces() -> impl Strategy<Value = Sent> {
    let bytes = prop_oneof![
        4 => prop::sample::select(vec![
            "220 mx.test ESMTP\r\n", "250 Ok\r\n", "250-mx.test\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n",
            "250-mx.test\r\n250 STARTTLS\r\n", "220 2.0.0 Go\r\n", "550 5.1.1 No\r\n", "421 Bye\r\n",
            "354 Go on\r\n", "250-", "25", "\r", "\n", "250 a\n", "530 5.7.0 Must issue STARTTLS\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
        1 => (any::<u8>(), 0_usize..20_000).prop_map(|(byte, count)| vec![byte; count]),
    ];
    let pause = prop_oneof![3 => Just(0_u64), 2 => 1_u64..2_000, 1 => 2_000_u64..40_000];
    prop::collection::vec((pause, bytes), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_conversation_ends(
        sent in pieces(),
        ending in prop::sample::select(vec![Ending::HangsUp, Ending::Stays]),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (asked, took) = runtime.block_on(async {
            let began = Instant::now();
            let session = client().connect(&Talker(sent, ending), &host(), &[target()]).await;
            let asked = match session {
                Err(_) => None,
                Ok(mut session) => {
                    let recipients = recipients("a@good.test b@good.test jörg@good.test d@other.test");
                    let asked = session.ask(&recipients).await;
                    let _ = session.quit().await;
                    Some(asked.len())
                }
            };
            (asked, began.elapsed())
        });
        prop_assert!(asked.is_none_or(|asked| asked == 4));
        // Taking leave has a moment of its own.
        prop_assert!(took <= PATIENCE.whole + Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_not_drunk() {
    // A hundred megabytes of good replies, much faster than the client asks.
    let flood: Sent = vec![(0, b"250 Ok\r\n".repeat(1000)); 13_000];
    let began = Instant::now();
    let error =
        client().connect(&Talker(flood, Ending::Stays), &host(), &[target()]).await.err().unwrap();
    assert_eq!(ended(&error), "unasked at Helo");
    assert_eq!(began.elapsed(), Duration::ZERO);
}

/// Connects to a server that greets, and then neither reads nor writes.
struct Deaf;

impl Dialer for Deaf {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        // Less than what is said then.
        let (ours, mut theirs) = tokio::io::duplex(32);
        tokio::spawn(async move {
            theirs.write_all(b"220 mx.test\r\n").await?;
            theirs.read_exact(&mut [0; "EHLO probe.lab.test\r\n".len()]).await?;
            theirs.write_all(b"250-mx.test\r\n250 PIPELINING\r\n").await?;
            std::future::pending::<std::io::Result<()>>().await
        });
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_read_is_given_up() {
    let began = Instant::now();
    let mut session = client().connect(&Deaf, &host(), &[target()]).await.unwrap();
    let asked = session.ask(&recipients("a@good.test b@good.test")).await;
    let _ = session.quit().await;
    assert_eq!(
        asked.iter().map(outcome_text).collect::<Vec<_>>(),
        ["not asked: timeout at MailFrom"; 2]
    );
    assert_eq!(began.elapsed(), PATIENCE.reply);
}

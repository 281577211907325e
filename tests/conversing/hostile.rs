//! Servers that send replies too many, too few or too late: no answer is another recipient's.

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailvet::smtp::dial::{Connection, DialError, Dialer, Target};

use super::asking::{client, host, recipients, target, told};
use crate::support::hostile::{Conduct, HostileServer, Plan};

/// Leads to a hostile server.
struct Wire(HostileServer);

impl Dialer for Wire {
    fn dial(&self, _: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(self.0.clone().talk(theirs));
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_without_faults_is_an_orderly_server() {
    for pipelining in [true, false] {
        let conduct = Conduct {
            pipelining,
            starttls: None,
            faults: Vec::new(),
            delays: vec![0, 300],
            pieces: vec![(3, 0), (7, 20)],
        };
        let server = HostileServer::new(Plan { catch_all: false, connections: vec![conduct] });
        let wire = Wire(server.clone());
        let mut session = client().connect(&wire, &host(), &[target()]).await.unwrap();
        let addresses = "known.a@good.test b@good.test known.c@good.test";
        let asked = session.ask(&recipients(addresses)).await;
        assert_eq!(asked.iter().map(told).collect::<Vec<_>>(), ["250", "550", "250"]);
        session.quit().await;
        assert_eq!(server.recipients().join(" "), addresses);
    }
}

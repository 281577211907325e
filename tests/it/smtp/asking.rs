//! Asking a scripted server, without a network and in no time.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mailvet::address::Address;
use mailvet::reach::ReachPolicy;
use mailvet::reply::Stage;
use mailvet::route::HostName;
use mailvet::smtp::dial::{Connection, DialError, DialGuard, Dialer, SMTP_PORT, Target};
use mailvet::smtp::{
    Cause, Identity, Recipient, RecipientOutcome, Session, SessionError, SmtpClient, Timeouts,
};

use crate::support::smtp::MailServer;

/// Short enough, and different from each other.
pub(super) const PATIENCE: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    banner: Duration::from_secs(20),
    reply: Duration::from_secs(10),
    whole: Duration::from_secs(60),
};

/// How many bytes may wait between the two sides.
const WIRE: usize = 4096;

/// Leads to one server, or nowhere, and keeps count.
pub(super) struct Wire {
    server: Option<MailServer>,
    dialled: Mutex<Vec<Target>>,
}

impl Wire {
    pub(super) fn to(server: &MailServer) -> Self {
        Self { server: Some(server.clone()), dialled: Mutex::default() }
    }

    pub(super) fn cut() -> Self {
        Self { server: None, dialled: Mutex::default() }
    }

    pub(super) fn dialled(&self) -> Vec<Target> {
        self.dialled.lock().unwrap().clone()
    }
}

impl Dialer for Wire {
    fn dial(&self, target: Target) -> BoxFuture<'_, Result<Connection, DialError>> {
        self.dialled.lock().unwrap().push(target);
        let Some(server) = self.server.clone() else {
            return async { Err(DialError::Refused) }.boxed();
        };
        let (ours, theirs) = tokio::io::duplex(WIRE);
        tokio::spawn(server.talk(Box::new(theirs), None));
        async { Ok(Box::new(ours) as Connection) }.boxed()
    }
}

pub(super) fn client() -> SmtpClient {
    client_with(PATIENCE)
}

pub(super) fn client_with(patience: Timeouts) -> SmtpClient {
    let identity = Identity {
        helo: "probe.lab.test".parse().unwrap(),
        sender: "probe@lab.test".parse().unwrap(),
    };
    SmtpClient::new(identity, patience).unwrap()
}

pub(super) fn host() -> HostName {
    HostName::new("mx.test").unwrap()
}

pub(super) fn target() -> Target {
    DialGuard::new(ReachPolicy::default(), SMTP_PORT).admit([8, 8, 8, 8].into()).unwrap()
}

/// Addresses, with blanks between.
pub(super) fn recipients(addresses: &str) -> Vec<Recipient> {
    let addresses = addresses.split_whitespace().map(|text| text.parse::<Address>().unwrap());
    addresses.map(|address| Recipient::from(&address)).collect()
}

/// A conversation with this server; on a second connection where encryption breaks the first.
pub(super) async fn connect(server: &MailServer) -> Result<Session, SessionError> {
    let (client, wire) = (client(), Wire::to(server));
    match client.connect(&wire, &host(), &[target()]).await {
        Err(SessionError { cause: Cause::Tls, .. }) => {
            client.connect(&wire, &host(), &[target()]).await
        }
        begun => begun,
    }
}

/// What comes of asking this server about these addresses, in one go: a line for each.
pub(super) async fn ask(server: &MailServer, addresses: &str) -> Vec<String> {
    match connect(server).await {
        Err(error) => vec![format!("no session: {}", ended(&error))],
        Ok(mut session) => {
            let asked = session.ask(&recipients(addresses)).await;
            let _ = session.quit().await;
            asked.iter().map(outcome_text).collect()
        }
    }
}

pub(super) fn outcome_text(asked: &RecipientOutcome) -> String {
    match asked {
        RecipientOutcome::Answered(Stage::RcptTo, reply) => reply.code.get().to_string(),
        RecipientOutcome::Answered(stage, reply) => format!("{} at {stage:?}", reply.code.get()),
        RecipientOutcome::NotAsked(error) => format!("not asked: {}", ended(error)),
        RecipientOutcome::Stopped => "stopped".to_owned(),
        RecipientOutcome::Smtputf8Unsupported => "no smtputf8".to_owned(),
    }
}

pub(super) fn ended(error: &SessionError) -> String {
    let SessionError { stage, cause } = error;
    let cause = match cause {
        Cause::Reply(reply) => reply.code.get().to_string(),
        Cause::Malformed(malformed) => malformed.code().to_owned(),
        Cause::Unreachable(error) => error.code().to_owned(),
        cause => cause.code().to_owned(),
    };
    format!("{cause} at {stage:?}")
}

//! A conversation, from the server's side.

use std::time::Duration;

use mailvet::smtp::dial::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::ALL_VERSIONS;
use tokio_rustls::rustls::version::TLS12;

use super::record::Page;
use super::script::{Action, Half, Named, Script, Step};
use super::tls::acceptor;

const NO_RECIPIENT: Named<'static> = Named { address: "", nth: 0 };

/// The end of a conversation, by either side.
struct Over;

/// One conversation.
struct Talk<'s> {
    script: &'s Script,
    connection: Connection,
    page: Page,
    half: Half,
    unread: Vec<u8>,
    recipients: usize,
    in_transaction: bool,
}

pub(super) async fn talk(script: &Script, connection: Connection, page: Page) {
    let mut talk = Talk {
        script,
        connection,
        page,
        half: Half::Clear,
        unread: Vec::new(),
        recipients: 0,
        in_transaction: false,
    };
    let _ = talk.talk().await;
    // The client may have gone already.
    let _ = talk.connection.shutdown().await;
}

impl Talk<'_> {
    async fn talk(&mut self) -> Result<(), Over> {
        self.act(Step::Banner, "", "220 mx.test ESMTP\r\n").await?;
        loop {
            let line = self.command().await?;
            self.answer(&line).await?;
        }
    }

    /// The next command.
    async fn command(&mut self) -> Result<String, Over> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap();
                let line = line.strip_suffix("\r\n").expect("a line that ends in CR LF").to_owned();
                self.page.note(|visit| visit.commands.push(line.clone()));
                return Ok(line);
            }
            let mut chunk = [0; 8192];
            let length = self.connection.read(&mut chunk).await.map_err(|_| Over)?;
            if length == 0 {
                return Err(Over);
            }
            let commands = chunk[..length].iter().filter(|byte| **byte == b'\n').count();
            self.page.note(|visit| visit.writes.push(commands));
            self.unread.extend_from_slice(&chunk[..length]);
        }
    }

    async fn answer(&mut self, line: &str) -> Result<(), Over> {
        let verb = line.split(' ').next().unwrap_or_default();
        let Some(step) = Step::of(verb) else {
            return self.send("500 5.5.2 Error: command not recognized\r\n").await;
        };
        let address = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
        let address = address.map_or("", |(address, _)| address);
        let out_of_order = match step {
            Step::Mail => self.in_transaction,
            Step::Rcpt => !self.in_transaction,
            Step::StartTls => self.half == Half::Tls,
            _ => false,
        };
        if out_of_order {
            return self.send("503 5.5.1 Error: bad sequence of commands\r\n").await;
        }
        self.recipients += usize::from(step == Step::Rcpt);
        let otherwise = match step {
            Step::Ehlo => self.offers(),
            Step::Helo => "250 mx.test\r\n".to_owned(),
            Step::StartTls => "220 2.0.0 Ready to start TLS\r\n".to_owned(),
            Step::Mail => "250 2.1.0 Ok\r\n".to_owned(),
            // Every domain with mail has a postmaster (RFC 5321 §4.5.1).
            Step::Rcpt if address.starts_with("postmaster@") => "250 2.1.5 Ok\r\n".to_owned(),
            Step::Rcpt => format!("550 5.1.1 <{address}>: User unknown\r\n"),
            Step::Rset => "250 2.0.0 Ok\r\n".to_owned(),
            Step::Quit => "221 2.0.0 Bye\r\n".to_owned(),
            Step::Banner | Step::Tls => unreachable!("no command"),
        };
        let said = self.act(step, address, &otherwise).await?;
        match step {
            Step::Mail => self.in_transaction = said.starts_with('2'),
            Step::Ehlo | Step::Helo | Step::Rset => self.in_transaction = false,
            Step::StartTls if said.starts_with("220") => self.encrypt().await?,
            Step::Quit => return Err(Over),
            _ => {}
        }
        Ok(())
    }

    fn offers(&self) -> String {
        let hidden = |feature: &&String| self.half == Half::Clear || *feature != "STARTTLS";
        let offers = self.script.offers.iter().filter(hidden);
        let lines: String = offers.map(|feature| format!("250-{feature}\r\n")).collect();
        format!("250-mx.test\r\n{lines}250 CHUNKING\r\n")
    }

    async fn encrypt(&mut self) -> Result<(), Over> {
        let versions = match self.script.action(self.half, Step::Tls, &NO_RECIPIENT) {
            None => ALL_VERSIONS,
            Some(Action::OldTls) => &[&TLS12],
            Some(_) => {
                // What goes wrong goes wrong after the client's first word.
                self.connection.read(&mut [0; 8192]).await.map_err(|_| Over)?;
                self.act(Step::Tls, "", "").await?;
                return Err(Over);
            }
        };
        let clear = std::mem::replace(&mut self.connection, Box::new(tokio::io::empty()));
        let encrypted = acceptor(versions).accept(clear).await.map_err(|_| Over)?;
        self.connection = Box::new(encrypted);
        self.half = Half::Tls;
        self.unread.clear();
        self.page.note(|visit| visit.encrypted = true);
        Ok(())
    }

    /// Does what the script has for this step, and tells what was said.
    async fn act(&mut self, step: Step, address: &str, otherwise: &str) -> Result<String, Over> {
        let named = Named { address, nth: self.recipients };
        let action = self.script.action(self.half, step, &named);
        match action.cloned().unwrap_or_else(|| Action::Say(otherwise.to_owned())) {
            Action::Say(lines) => self.say(lines).await,
            Action::After(pause, lines) => {
                tokio::time::sleep(pause).await;
                self.say(lines).await
            }
            Action::Grey(wait, lines) => {
                let is_known = self.script.knows(address, wait);
                let deferred = "450 4.2.0 Greylisted, come back later\r\n".to_owned();
                self.say(if is_known { lines } else { deferred }).await
            }
            Action::Twice(lines) => self.say(lines.repeat(2)).await,
            Action::Drop => Err(Over),
            Action::OldTls => unreachable!("no action of {step:?}"),
            Action::Stall => std::future::pending().await,
            Action::Garbage => {
                self.send("\u{1}\u{2}\0\u{7f} not a reply\r\n").await?;
                Ok(String::new())
            }
            Action::Endless => loop {
                self.send(&"250 ".repeat(64)).await?;
            },
            Action::Trickle => loop {
                for byte in ["2", "5", "0", "-", "x", "\r\n"] {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    self.send(byte).await?;
                }
            },
        }
    }

    async fn say(&mut self, lines: String) -> Result<String, Over> {
        self.send(&lines).await?;
        if lines.starts_with("421") { Err(Over) } else { Ok(lines) }
    }

    async fn send(&mut self, text: &str) -> Result<(), Over> {
        self.connection.write_all(text.as_bytes()).await.map_err(|_| Over)?;
        self.connection.flush().await.map_err(|_| Over)?;
        self.page.note(|visit| visit.sent += text.len());
        Ok(())
    }
}

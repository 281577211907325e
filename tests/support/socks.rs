//! A SOCKS5 proxy on a loopback port.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const VERSION: u8 = 5;
const CONNECT: u8 = 1;
const NO_LOGIN: u8 = 0;
const BY_PASSWORD: u8 = 2;

/// A proxy that connects to whatever it is asked for, or answers with one code; it keeps a record of who
/// asked for what.
pub(crate) struct SocksProxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// What it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Conduct {
    /// Connects.
    Connect,
    /// Connects for those who know the password `secret`.
    Secret,
    /// Answers so (RFC 1928 §6).
    Reply(u8),
    /// Hangs up.
    HangUp,
}

impl SocksProxy {
    pub(crate) async fn start(conduct: Conduct) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let task = tokio::spawn({
            let asked = asked.clone();
            async move {
                loop {
                    let (client, _) = listener.accept().await.unwrap();
                    // A test sees a client that behaves badly by what it gets, or does not get.
                    tokio::spawn(serve(client, conduct, asked.clone()));
                }
            }
        });
        Self { address, asked, task }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `USER ADDRESS` for each connection that was asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for SocksProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut client: TcpStream,
    conduct: Conduct,
    asked: Arc<Mutex<Vec<String>>>,
) -> io::Result<()> {
    let user = match conduct {
        Conduct::HangUp => return Ok(()),
        Conduct::Secret => log_in(&mut client).await?,
        Conduct::Connect | Conduct::Reply(_) => accept_loop(&mut client).await?,
    };
    let address = request(&mut client).await?;
    asked.lock().unwrap().push(format!("{user} {address}"));
    if let Conduct::Reply(code) = conduct {
        return client.write_all(&reply(code)).await;
    }
    let mut server = TcpStream::connect(address).await?;
    client.write_all(&reply(0)).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// Accepts clients that give no name.
async fn accept_loop(client: &mut TcpStream) -> io::Result<String> {
    greeted(client, NO_LOGIN).await?;
    Ok(String::new())
}

/// Lets in who knows the password, and tells the name (RFC 1929).
async fn log_in(client: &mut TcpStream) -> io::Result<String> {
    greeted(client, BY_PASSWORD).await?;
    let user = string(client, 1).await?;
    let is_right = string(client, 0).await? == b"secret";
    client.write_all(&[1, u8::from(!is_right)]).await?;
    if is_right { Ok(String::from_utf8(user).unwrap()) } else { Err(ErrorKind::Other.into()) }
}

/// Agrees on this method.
async fn greeted(client: &mut TcpStream, method: u8) -> io::Result<()> {
    if string(client, 1).await?.contains(&method) {
        return client.write_all(&[VERSION, method]).await;
    }
    client.write_all(&[VERSION, 0xff]).await?;
    Err(ErrorKind::Other.into())
}

/// Where the client wants to go.
async fn request(client: &mut TcpStream) -> io::Result<SocketAddr> {
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let ip = match head {
        [VERSION, CONNECT, 0, 1] => IpAddr::from(client.read_u32().await?.to_be_bytes()),
        [VERSION, CONNECT, 0, 4] => IpAddr::from(client.read_u128().await?.to_be_bytes()),
        head => panic!("a request that begins with {head:?}"),
    };
    Ok((ip, client.read_u16().await?).into())
}

fn reply(code: u8) -> [u8; 10] {
    [VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0]
}

/// A string of bytes behind its length, and so many bytes before that.
async fn string(client: &mut TcpStream, before: usize) -> io::Result<Vec<u8>> {
    client.read_exact(&mut vec![0; before]).await?;
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

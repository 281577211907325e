//! A bad line between a client and the service: slow, cut, or garbled.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use crate::support::poll::PATIENCE;

/// What the line does to the bytes that the client sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// They come one by one.
    ByteByByte,
    /// After so many there are no more, and the client is gone.
    CutAfter(usize),
    /// After so many there are no more, and the client still listens.
    HalfClosedAfter(usize),
    /// The bits of the one at this place are turned over.
    Garbled(usize),
}

/// Sends what the client says to the service over such a line; what comes back, if anything does. It
/// comes to an end: the service answers, or hangs up.
pub(crate) fn send_over(fault: Fault, service: SocketAddr, said: &[u8]) -> Vec<u8> {
    let line = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = line.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (client, _) = line.accept().unwrap();
            carry(fault, client, service);
        });
        let mut client = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        // The line may be cut before all is said.
        let _ = client.write_all(said);
        let _ = client.shutdown(Shutdown::Write);
        let mut received = Vec::new();
        let _ = client.read_to_end(&mut received);
        received
    })
}

fn carry(fault: Fault, mut client: TcpStream, service: SocketAddr) {
    let mut service = TcpStream::connect_timeout(&service, PATIENCE).unwrap();
    service.set_nodelay(true).unwrap();
    service.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = Vec::new();
    client.read_to_end(&mut said).unwrap();
    // The service may have answered and hung up before it read them all.
    match fault {
        Fault::ByteByByte => {
            for byte in said {
                let _ = service.write_all(&[byte]);
            }
        }
        Fault::CutAfter(count) => {
            let _ = service.write_all(&said[..count.min(said.len())]);
            return;
        }
        Fault::HalfClosedAfter(count) => {
            let _ = service.write_all(&said[..count.min(said.len())]);
            let _ = service.shutdown(Shutdown::Write);
        }
        Fault::Garbled(place) => {
            if let Some(byte) = said.get_mut(place) {
                *byte = !*byte;
            }
            let _ = service.write_all(&said);
        }
    }
    // An answer has come when nothing follows it for a moment.
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = service.read(&mut buffer) {
        let _ = client.write_all(&buffer[..count]);
        service.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    }
}

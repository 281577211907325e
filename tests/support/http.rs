//! A client for HTTP/1.1 that sends any bytes it is given.

#![allow(dead_code, reason = "every test target uses a part of it")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::support::poll::PATIENCE;

/// One connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
}

/// One response.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// A whole request to the service for one report.
pub(crate) fn post(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST /v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A whole request for many reports.
pub(crate) fn post_batch(body: impl AsRef<[u8]>, headers: &str) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!(
        "POST /v1/validate/batch HTTP/1.1\r\nHost: localhost\r\n\
         Content-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Asks for a route without a body.
pub(crate) fn get(address: SocketAddr, route: &str) -> Response {
    ask(address, format!("GET {route} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
}

/// Sends one request on a connection of its own.
pub(crate) fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Response {
    let mut connection = Connection::open(address);
    connection.send(request);
    connection.response()
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    /// Sends bytes. The service may have answered and hung up before it read them all.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        match self.stream.get_mut().write_all(bytes.as_ref()) {
            Ok(()) => {}
            Err(error) if is_hung_up(&error) => {}
            Err(error) => panic!("cannot send: {error}"),
        }
    }

    /// Sends bytes as long as the service reads them within this time.
    pub(crate) fn send_within(&mut self, bytes: &[u8], patience: Duration) {
        let stream = self.stream.get_mut();
        stream.set_write_timeout(Some(patience)).unwrap();
        match stream.write_all(bytes) {
            Ok(()) => {}
            Err(error) if is_hung_up(&error) || error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => panic!("cannot send: {error}"),
        }
    }

    /// Says that nothing more will be sent.
    pub(crate) fn half_close(&mut self) {
        self.stream.get_mut().shutdown(Shutdown::Write).unwrap();
    }

    /// Reads a response with its body.
    pub(crate) fn response(&mut self) -> Response {
        let mut response = self.head();
        response.body = match response.header("transfer-encoding") {
            Some("chunked") => self.chunks(),
            None => {
                let length = response.header("content-length").expect("a length").parse().unwrap();
                self.exactly(length)
            }
            Some(other) => panic!("unknown transfer encoding {other}"),
        };
        response
    }

    /// Reads a response that has no body: one to HEAD.
    pub(crate) fn head(&mut self) -> Response {
        let status = self.line();
        let code = status.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5));
        let code = code.and_then(|code| code.parse().ok());
        let mut response = Response {
            status: code.unwrap_or_else(|| panic!("no status line: {status:?}")),
            headers: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line();
            if line.is_empty() {
                return response;
            }
            let (name, value) = line.split_once(':').expect("a header");
            response.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Reads the next chunk of a body that comes in chunks; the last one is empty.
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let length = usize::from_str_radix(&self.line(), 16).unwrap();
        let chunk = self.exactly(length);
        assert_eq!(self.line(), "", "the end of a chunk");
        chunk
    }

    /// Whether the other side has hung up and left nothing to read. Waits for either.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(rest) => rest.is_empty(),
            Err(error) if is_hung_up(&error) => true,
            Err(error) => panic!("cannot read: {error}"),
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("a broken line: {line:?}")).to_owned()
    }

    fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }
}

impl Response {
    /// The value of a header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The body as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        self.text().lines().map(line).collect()
    }
}

fn is_hung_up(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

//! As much of an HTTP client as the tests need.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends JSON and returns the answer, which is JSON and a success.
pub(crate) fn post(server: SocketAddr, path: &str, body: &Value) -> io::Result<Value> {
    let mut connection = TcpStream::connect(server)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    let body = body.to_string();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let unusable = || io::Error::other(format!("not the answer that was wanted: {answer}"));
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(unusable)?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(unusable());
    }
    serde_json::from_str(body).map_err(|_| unusable())
}

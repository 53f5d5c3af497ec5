//! The little HTTP that asking a node for its health and metrics takes.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most bytes of an answer that are read.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// Status and body of a `GET`.
///
/// # Errors
///
/// Where nobody answers there, or not HTTP.
pub(super) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)
        .with_context(|| format!("connecting to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut bytes = Vec::new();
    stream
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .with_context(|| format!("reading http://{address}{path}"))?;
    parse(&String::from_utf8_lossy(&bytes))
        .with_context(|| format!("the answer of http://{address}{path} is not HTTP"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let status = answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    Some((status, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_and_body_are_told_apart() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\nnot yet";
        assert_eq!(parse(answer), Some((503, "not yet".to_owned())));
        assert_eq!(parse("HTTP/1.1 2"), None);
        assert_eq!(parse("SSH-2.0"), None);
    }
}

//! Where connections go.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

use anyhow::{Context, bail};

use super::wire::{
    self,
    scan::{after, number},
};

/// One node or peer: `ws://host:port/path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    host: String,
    /// `None` where the usual path of the wire is meant.
    path: Option<String>,
}

impl FromStr for Target {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let Some(rest) = url.strip_prefix("ws://") else {
            bail!("{url:?} is not a ws:// URL, such as ws://127.0.0.1:8080/ws");
        };
        let (host, path) = match rest.find('/') {
            Some(slash) => (&rest[..slash], Some(rest[slash..].to_owned())),
            None => (rest, None),
        };
        let with_port = if host.rfind(':') > host.rfind(']') {
            host.to_owned()
        } else {
            format!("{host}:80")
        };
        let address = with_port
            .to_socket_addrs()
            .with_context(|| format!("cannot find {host:?} of {url}"))?
            .next()
            .with_context(|| format!("{host:?} of {url} has no address"))?;
        Ok(Self {
            address,
            host: host.to_owned(),
            path,
        })
    }
}

/// The key of every upgrade request; what it must be answered with follows from it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

impl Target {
    /// As it can be parsed again.
    pub(crate) fn url(&self) -> String {
        format!("ws://{}{}", self.host, self.path.as_deref().unwrap_or(""))
    }

    /// The upgrade request, to the usual path of the wire where the URL has none.
    pub(crate) fn request(&self, default_path: &str) -> Vec<u8> {
        let path = self.path.as_deref().unwrap_or(default_path);
        let host = &self.host;
        format!(
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        .into_bytes()
    }

    /// The address to come from, for the so-manieth attempt to connect: ports
    /// of one address run out at some 28,000 per minute, so that on loopback
    /// each takes a few thousand. `None` leaves it to the kernel.
    pub(crate) fn source(&self, attempt: u64) -> Option<SocketAddr> {
        const PER_ADDRESS: u64 = 4096;
        let IpAddr::V4(address) = self.address.ip() else {
            return None;
        };
        let address_number = attempt / PER_ADDRESS % 250;
        (address.is_loopback() && address_number > 0)
            .then(|| (Ipv4Addr::new(127, 0, 0, address_number as u8 + 1), 0).into())
    }
}

/// What the answer to an upgrade request is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upgrade {
    Incomplete,
    /// A WebSocket from the byte of this number on.
    Done(usize),
    Refused {
        why: String,
        /// When to come again, where that is said.
        retry_after_ms: Option<u32>,
    },
}

impl Upgrade {
    fn refused(why: &str) -> Self {
        Self::Refused {
            why: why.into(),
            retry_after_ms: None,
        }
    }
}

/// When to come again: to the millisecond in the body of a node, in seconds in
/// the header. The body comes with the head, or is not waited for.
fn retry_after_ms(head: &[u8], body: &[u8]) -> Option<u32> {
    let of_header = || {
        let head = head.to_ascii_lowercase();
        let (seconds, _) = number(after(&head, b"\r\nretry-after: ")?)?;
        Some(seconds.saturating_mul(1000))
    };
    wire::retry_after_ms(body).or_else(of_header)
}

/// The longest head of an answer.
const LONGEST_HEAD: usize = 16 << 10;

/// Reads the answer to an upgrade request.
pub(crate) fn read_upgrade(bytes: &[u8]) -> Upgrade {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return match bytes.len() {
            0..LONGEST_HEAD => Upgrade::Incomplete,
            _ => Upgrade::refused("an endless answer to the upgrade request"),
        };
    };
    let head = &bytes[..end];
    let status = head.split(|&byte| byte == b'\r').next().unwrap_or(head);
    if !status.starts_with(b"HTTP/1.1 101") {
        return Upgrade::Refused {
            why: String::from_utf8_lossy(status).into_owned(),
            retry_after_ms: retry_after_ms(head, &bytes[end..]),
        };
    }
    if memchr::memmem::find(head, ACCEPT).is_none() {
        return Upgrade::refused("an upgrade without the right Sec-WebSocket-Accept");
    }
    Upgrade::Done(end + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_host_port_and_path() {
        let target: Target = "ws://127.0.0.1:8080/chat/ws".parse().unwrap();
        assert_eq!(target.address.port(), 8080);
        let request = String::from_utf8(target.request("/ws")).unwrap();
        assert!(request.starts_with("GET /chat/ws HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n"));
        let target: Target = "ws://[::1]".parse().unwrap();
        assert_eq!(target.address, "[::1]:80".parse().unwrap());
        assert!(target.request("/ws").starts_with(b"GET /ws "));
        assert!("wss://x".parse::<Target>().is_err());
    }

    #[test]
    fn sources_change_before_ports_run_out() {
        let target: Target = "ws://127.0.0.1:1".parse().unwrap();
        assert_eq!(target.source(0), None);
        assert_eq!(target.source(4096), Some("127.0.0.2:0".parse().unwrap()));
        assert_eq!(
            target.source(4096 * 249),
            Some("127.0.0.250:0".parse().unwrap())
        );
        assert_eq!(target.source(4096 * 250), None);
        let elsewhere: Target = "ws://192.0.2.1:1".parse().unwrap();
        assert_eq!(elsewhere.source(50_000), None);
    }

    #[test]
    fn every_cut_of_an_upgrade_is_incomplete() {
        let answer = b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        for cut in 0..answer.len() {
            assert_eq!(read_upgrade(&answer[..cut]), Upgrade::Incomplete);
        }
        assert_eq!(read_upgrade(answer), Upgrade::Done(answer.len()));
        let unproven = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        assert!(matches!(read_upgrade(unproven), Upgrade::Refused { .. }));
    }

    #[test]
    fn a_refusal_says_when_to_come_again() {
        for (rest, retry_after_ms) in [
            ("\r\n", None),
            ("Retry-After: 2\r\n\r\n<html>", Some(2000)),
            (
                "retry-after: 2\r\n\r\n{\"error\":{\"retry_after_ms\":1234}}",
                Some(1234),
            ),
        ] {
            let answer = format!("HTTP/1.1 503 Service Unavailable\r\n{rest}");
            let refused = Upgrade::Refused {
                why: "HTTP/1.1 503 Service Unavailable".into(),
                retry_after_ms,
            };
            assert_eq!(read_upgrade(answer.as_bytes()), refused);
        }
    }
}

//! Origins of pages, as operators and browsers write them.

use std::{fmt, str::FromStr};

/// An origin that the settings allow beside the node's own page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// `*`: any page.
    Any,
    /// `null`: pages without an origin, such as files and sandboxed frames.
    Null,
    /// A scheme, a host and a port.
    Page(Origin),
}

impl FromStr for AllowedOrigin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "*" => Ok(Self::Any),
            "null" => Ok(Self::Null),
            text => Origin::parse(text).map(Self::Page).ok_or_else(|| {
                format!("must be an origin such as https://chat.example.org or http://localhost:3000, without a path, not {text:?}")
            }),
        }
    }
}

/// A scheme, a host and a port, in the one form by which they are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (secure, authority) = match lower.split_once("://")? {
            ("http", authority) => (false, authority),
            ("https", authority) => (true, authority),
            _ => return None,
        };
        let (host, port) = split_authority(authority)?;
        Some(Self {
            secure,
            host: host.to_owned(),
            port: port.unwrap_or(default_port(secure)),
        })
    }

    /// Whether a request to this `Host` came from a page of the same host. A
    /// proxy may have taken TLS off, so the page's scheme says what a missing port means.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        split_authority(&host).is_some_and(|(host, port)| {
            self.host == host && self.port == port.unwrap_or(default_port(self.secure))
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != default_port(self.secure) {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

/// Host and port of `example.org`, `example.org:8080` or `[::1]:8080`.
pub(crate) fn split_authority(authority: &str) -> Option<(&str, Option<u16>)> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let (host, rest) = match authority.strip_prefix('[') {
        Some(inside) => {
            let end = inside.find(']')? + 2;
            authority.split_at(end)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let sane = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(plain),
    };
    let port = match rest.strip_prefix(':') {
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok()?),
        Some(_) => return None,
        None if rest.is_empty() => None,
        None => return None,
    };
    sane.then_some((host, port))
}

//! From which pages a browser may connect.
//!
//! A browser names the page's origin and cannot be talked out of it by the
//! page; whatever is no browser names none, and may come: its token decides.

use std::{fmt, str::FromStr};

use actix_web::http::header::{self, HeaderMap};

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
    fn parse(text: &str) -> Option<Self> {
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
    fn is_host(&self, host: &str) -> bool {
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

/// Whether an upgrade may go on: it names no origin, the host's own, or one of
/// the list.
///
/// `origin` and `host` are the headers as they came.
fn origin_allowed(origin: Option<&str>, host: Option<&str>, allowed: &[AllowedOrigin]) -> bool {
    let Some(origin) = origin else { return true };
    if listed(origin, allowed) {
        return true;
    }
    match (Origin::parse(origin), host) {
        (Some(origin), Some(host)) => origin.is_host(host),
        _ => false,
    }
}

/// The same by the headers of a request.
pub(crate) fn headers_allowed(headers: &HeaderMap, allowed: &[AllowedOrigin]) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    origin_allowed(origin_of(headers), host, allowed)
}

/// The origin that a request names. One that cannot be read must not pass for
/// an absent one.
pub(crate) fn origin_of(headers: &HeaderMap) -> Option<&str> {
    let origin = headers.get(header::ORIGIN)?;
    Some(origin.to_str().unwrap_or(""))
}

/// Whether the list names this origin.
pub(crate) fn listed(origin: &str, allowed: &[AllowedOrigin]) -> bool {
    let parsed = Origin::parse(origin);
    allowed.iter().any(|allowed| match allowed {
        AllowedOrigin::Any => true,
        AllowedOrigin::Null => origin == "null",
        AllowedOrigin::Page(page) => parsed.as_ref() == Some(page),
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str, host: &str) -> bool {
        origin_allowed(Some(origin), Some(host), &[])
    }

    #[test]
    fn the_page_of_the_host_itself_may_connect() {
        assert!(from("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(from("http://[::1]:8080", "[::1]:8080"));
        assert!(from("HTTPS://Chat.Example.org", "chat.example.ORG"));
        assert!(from("https://chat.example.org:443", "chat.example.org"));
        assert!(from("https://chat.example.org", "chat.example.org:443"));
        assert!(from("http://chat.example.org", "chat.example.org:80"));
    }

    #[test]
    fn another_page_may_not() {
        for (origin, host) in [
            ("http://evil.example", "chat.example.org"),
            ("http://chat.example.org.evil.example", "chat.example.org"),
            ("http://chat.example.org:8081", "chat.example.org:8080"),
            ("https://chat.example.org:8080", "chat.example.org"),
            ("http://chat.example.org@evil.example", "evil.example"),
            ("http://chat.example.org/", "chat.example.org"),
            ("http://chat.example.org:", "chat.example.org:1x"),
            ("null", "chat.example.org"),
            ("", ""),
            ("file://", ""),
            ("chat.example.org", "chat.example.org"),
            ("http://[::1", "[::1"),
        ] {
            assert!(!from(origin, host), "{origin} at {host}");
        }
        assert!(!origin_allowed(Some("http://a"), None, &[]));
    }

    #[test]
    fn what_names_no_origin_is_no_browser() {
        assert!(origin_allowed(None, Some("chat.example.org"), &[]));
        assert!(origin_allowed(None, None, &[]));
    }

    #[test]
    fn the_list_is_taken_at_its_word() {
        let list = ["https://app.example.org", "http://localhost:3000", "null"]
            .map(|text| text.parse().unwrap());
        let listed = |origin| origin_allowed(Some(origin), Some("chat.example.org"), &list);
        assert!(listed("https://app.example.org"));
        assert!(listed("https://app.example.org:443"));
        assert!(listed("http://localhost:3000"));
        assert!(listed("null"));
        assert!(
            !listed("http://app.example.org"),
            "another scheme is another origin"
        );
        assert!(!listed("http://localhost"));
        assert!(origin_allowed(
            Some("http://x.y"),
            None,
            &[AllowedOrigin::Any]
        ));
    }

    #[test]
    fn a_wrong_entry_is_refused_in_words() {
        for wrong in [
            "app.example.org",
            "https://app.example.org/",
            "https://app.example.org/chat",
            "ftp://a",
            "https://",
        ] {
            let error = wrong.parse::<AllowedOrigin>().unwrap_err();
            assert!(error.contains("without a path"), "{wrong}: {error}");
        }
    }
}

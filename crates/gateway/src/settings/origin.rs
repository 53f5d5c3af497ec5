//! Origins of pages, as operators and browsers write them.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use actix_web::http::uri::Authority;
use url::Url;

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
pub struct Origin(url::Origin);

impl Origin {
    /// Reads an origin, and nothing that says more than one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https");
        let origin = url.origin();
        // As it was written, but for the case and a port that need not be said.
        let bare = origin.ascii_serialization();
        let rest = text.to_ascii_lowercase().strip_prefix(&bare)?.to_owned();
        let port = url.port_or_known_default()?;
        let is_bare = rest.is_empty() || rest == format!(":{port}");
        (is_web && is_bare).then_some(Self(origin))
    }

    /// Whether a request to this `Host` came from a page of the same host. A
    /// proxy may have taken TLS off, so the page's scheme says what a missing port means.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let scheme = match &self.0 {
            url::Origin::Tuple(scheme, ..) => scheme,
            url::Origin::Opaque(_) => return false,
        };
        Self::parse(&format!("{scheme}://{host}")).as_ref() == Some(self)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.ascii_serialization())
    }
}

/// Host and port of `example.org`, `example.org:8080` or `[::1]:8080`.
pub(crate) fn split_authority(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let (host, port) = (authority.host(), authority.port_u16());
    let is_sound = match host.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty(),
    };
    // Nothing but these two: no user, and no port that is none.
    let is_all = match port {
        Some(port) => text == format!("{host}:{port}"),
        None => text == host,
    };
    (is_sound && is_all).then(|| (host.to_ascii_lowercase(), port))
}

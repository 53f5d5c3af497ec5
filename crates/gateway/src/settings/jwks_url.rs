//! Where an issuer publishes its keys.

use std::{fmt, str::FromStr};

use url::Url;

/// Where an issuer publishes its keys.
#[derive(Clone, PartialEq, Eq)]
pub struct JwksUrl(Url);

impl JwksUrl {
    /// The whole URL, for the one place that asks.
    pub(crate) fn reveal(&self) -> &str {
        self.0.as_str()
    }

    /// Whether others can read along on the way there, and change what comes.
    pub(super) fn is_open_to_others(&self) -> bool {
        let is_here = match self.0.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.0.scheme() != "https" && !is_here
    }
}

impl FromStr for JwksUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).ok().filter(|url| {
            ["https", "http"].contains(&url.scheme())
                && url.username().is_empty()
                && url.password().is_none()
        });
        // What it has wrong may be a secret.
        url.map(Self).ok_or_else(|| {
            "must be like https://login.example.org/.well-known/jwks.json, without user and password".to_owned()
        })
    }
}

/// Without its query, which may hold a secret.
impl fmt::Display for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0[..url::Position::AfterPath])
    }
}

impl fmt::Debug for JwksUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

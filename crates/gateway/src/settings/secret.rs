//! Values that must never be printed, logged or serialised.

use std::{fmt, str::FromStr};

/// A text that only [`Secret::reveal`] shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a text as a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(text))
    }
}

/// Where Redis is, perhaps with a user and a password, which are not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

impl RedisUrl {
    /// The whole URL, for the one place that connects.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedisUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            Some(("redis" | "rediss", rest)) if !host(rest).is_empty() => Ok(Self(text.to_owned())),
            // The text may hold a password, so it is not repeated here.
            _ => Err("must be redis://host:port or rediss://host:port, with user:password@ before the host where Redis wants one".to_owned()),
        }
    }
}

/// The URL without user and password.
impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("redis", &self.0));
        write!(f, "{scheme}://{}", host(rest))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What comes after user and password and before any query, which could hold a password too.
fn host(rest: &str) -> &str {
    let address = rest.rsplit_once('@').map_or(rest, |(_, address)| address);
    address.split(['?', '#']).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_is_shown() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "[secret]");
        for url in [
            "redis://bea:hunter2@redis.local:6379/1",
            "rediss://:hunter2@redis.local:6379/1?password=hunter2",
            "redis://bea:hun@ter2@redis.local:6379/1",
        ] {
            let url: RedisUrl = url.parse().unwrap();
            let shown = format!("{url} {url:?}");
            assert!(shown.contains("redis.local:6379/1"), "{shown}");
            assert!(!shown.contains("ter2"), "{shown}");
        }
        let error = "redis:/bea:hunter2@x".parse::<RedisUrl>().unwrap_err();
        assert!(!error.contains("hunter2"));
    }
}

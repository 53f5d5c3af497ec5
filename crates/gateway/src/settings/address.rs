//! Addresses to listen on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserializer, de};

use super::kinds;

/// An address and a port.
pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text: String = kinds::word(deserializer)?;
    parse(&text).map_err(de::Error::custom)
}

/// An address and a port, or `off`.
pub(super) fn listen_or_off<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    let text: String = kinds::word(deserializer)?;
    match text.as_str() {
        "off" => Ok(None),
        text => parse(text).map(Some).map_err(de::Error::custom),
    }
}

fn parse(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text
        .strip_prefix("localhost:")
        .and_then(|port| port.parse().ok())
    {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    text.parse().map_err(|_| {
        format!(
            "must be an IP address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, not {text:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn an_address_needs_a_port() {
        assert_eq!(
            parse("localhost:80").unwrap(),
            parse("127.0.0.1:80").unwrap()
        );
        assert!(parse("[::1]:80").is_ok());
        for wrong in [
            "8080",
            ":8080",
            "127.0.0.1",
            "example.org:80",
            "1.2.3.4:70000",
        ] {
            assert!(
                parse(wrong).unwrap_err().contains("0.0.0.0:8080"),
                "{wrong}"
            );
        }
    }
}

//! Where a client really is, behind proxies that are trusted.

use std::net::{IpAddr, Ipv4Addr};

use actix_http::{HttpMessage, Request, header::HeaderMap};

use crate::settings::Network;

/// The address of the client that made a request.
pub(crate) fn of_request(request: &Request, trusted: &[Network]) -> IpAddr {
    let peer = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    resolve(peer, request.headers(), trusted)
}

/// Believes `X-Forwarded-For` from right to left, as far as each hop is trusted.
pub(crate) fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let lines = headers
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let mut address = peer;
    for hop in hops.into_iter().rev() {
        if !is_trusted(address) {
            break;
        }
        match hop.parse() {
            Ok(earlier) => address = earlier,
            Err(_) => break,
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use actix_http::header::{HeaderName, HeaderValue};

    use super::*;

    fn address(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(
                HeaderName::from_static("x-forwarded-for"),
                HeaderValue::from_static(line),
            );
        }
        let trusted: Vec<Network> = trusted
            .iter()
            .map(|network| network.parse().unwrap())
            .collect();
        resolve(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_peer_is_believed() {
        assert_eq!(address("192.0.2.9", &["198.51.100.1"], &[]), "192.0.2.9");
        assert_eq!(
            address("192.0.2.9", &["198.51.100.1"], &["192.0.2.0/24"]),
            "198.51.100.1"
        );
    }

    #[test]
    fn the_rightmost_untrusted_hop_counts() {
        let trusted = ["192.0.2.0/24"];
        assert_eq!(
            address("192.0.2.9", &["6.6.6.6, 198.51.100.1, 192.0.2.7"], &trusted),
            "198.51.100.1"
        );
        assert_eq!(
            address("192.0.2.9", &["6.6.6.6", "198.51.100.1"], &trusted),
            "198.51.100.1"
        );
        assert_eq!(address("192.0.2.9", &["nonsense"], &trusted), "192.0.2.9");
        assert_eq!(address("192.0.2.9", &["192.0.2.5"], &trusted), "192.0.2.5");
    }
}

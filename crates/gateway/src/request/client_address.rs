//! Whose address a request really comes from.
//!
//! A proxy appends to `X-Forwarded-For` whom it heard from. Whoever connects can
//! write the beginning of that list, so it is read from its end, and only as
//! far as trusted proxies wrote it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Once,
};

use actix_http::{HttpMessage, Request, header::HeaderMap};

use crate::settings::Network;

/// The address of the client behind a request that came from `peer`.
pub(crate) fn of_request(
    request: &Request,
    peer: Option<SocketAddr>,
    trusted: &[Network],
) -> IpAddr {
    of_headers(request.headers(), peer, trusted)
}

/// The same by the headers alone.
pub(crate) fn of_headers(
    headers: &HeaderMap,
    peer: Option<SocketAddr>,
    trusted: &[Network],
) -> IpAddr {
    let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lists: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .map(|value| value.to_str().unwrap_or(""))
        .collect();
    if !lists.is_empty() && !is_trusted(peer.to_canonical(), trusted) {
        warn_once(peer);
    }
    client_address(peer, &lists, trusted)
}

/// All clients of a proxy whose word does not count share the limits of one address.
fn warn_once(peer: IpAddr) {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            %peer,
            "X-Forwarded-For comes from an address that http.trusted_proxies does not name; if that is your proxy, name it there, else all its clients count as one"
        );
    });
}

fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The nearest address that is no trusted proxy. `lists` are the headers in
/// the order in which they came.
pub(crate) fn client_address(peer: IpAddr, lists: &[&str], trusted: &[Network]) -> IpAddr {
    let mut nearest = peer.to_canonical();
    let entries = lists.iter().rev().flat_map(|list| list.rsplit(','));
    for entry in entries {
        if !is_trusted(nearest, trusted) {
            break;
        }
        match address(entry) {
            Some(address) => nearest = address,
            // What a trusted proxy wrote ends here.
            None => break,
        }
    }
    nearest
}

/// An address, perhaps with a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'))
        .unwrap_or(entry);
    let address = bare.parse::<IpAddr>().ok();
    let address = address.or_else(|| entry.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, lists: &[&str], trusted: &[&str]) -> String {
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), lists, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(of("203.0.113.9", &["1.2.3.4"], &[]), "203.0.113.9");
        assert_eq!(
            of("203.0.113.9", &["1.2.3.4"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn a_trusted_proxy_says_whom_it_heard() {
        let trusted = ["10.0.0.0/8"];
        assert_eq!(of("10.0.0.1", &["203.0.113.9"], &trusted), "203.0.113.9");
        assert_eq!(
            of("10.0.0.1", &["1.2.3.4, 203.0.113.9"], &trusted),
            "203.0.113.9",
            "the rest is the client's own invention"
        );
        assert_eq!(
            of("10.0.0.1", &["203.0.113.9, 10.0.0.7"], &trusted),
            "203.0.113.9",
            "two proxies"
        );
        assert_eq!(
            of("10.0.0.1", &["1.2.3.4", "203.0.113.9,10.0.0.7"], &trusted),
            "203.0.113.9",
            "two headers"
        );
        assert_eq!(
            of("10.0.0.1", &["10.0.0.5"], &trusted),
            "10.0.0.5",
            "a client inside"
        );
    }

    #[test]
    fn other_spellings_are_understood_and_nonsense_ends_the_list() {
        assert_eq!(
            of("::ffff:10.0.0.1", &["203.0.113.9:4711"], &["10.0.0.1"]),
            "203.0.113.9"
        );
        assert_eq!(of("::1", &["[2001:db8::7]:80"], &["::1"]), "2001:db8::7");
        assert_eq!(of("::1", &["[2001:db8::7]"], &["::1"]), "2001:db8::7");
        assert_eq!(
            of("10.0.0.1", &["1.2.3.4, unknown"], &["10.0.0.1"]),
            "10.0.0.1"
        );
        assert_eq!(of("10.0.0.1", &[""], &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[], &["10.0.0.1"]), "10.0.0.1");
    }
}

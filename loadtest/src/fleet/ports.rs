//! Free ports of the loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use anyhow::{Context, Result};

/// Below the ports that the kernel gives to clients, so that a server that
/// ends finds its port free when it starts again.
const PORTS: std::ops::Range<u16> = 10_000..32_000;
const ATTEMPTS: usize = 100;

/// An address that nobody uses right now.
///
/// # Errors
///
/// Where hundred ports in a row are taken.
pub(super) fn free_address() -> Result<SocketAddr> {
    (0..ATTEMPTS)
        .map(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, rand::random_range(PORTS))))
        .find(|address| is_free(*address))
        .with_context(|| format!("no free port was found between {PORTS:?}"))
}

/// Whether a server could listen there.
pub(super) fn is_free(address: SocketAddr) -> bool {
    TcpListener::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_address_is_not_free() {
        let address = free_address().unwrap();
        let _listener = TcpListener::bind(address).unwrap();
        assert!(!is_free(address));
    }
}

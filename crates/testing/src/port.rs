//! Free ports of the loopback.

use std::net::{Ipv4Addr, TcpListener};

/// Below the ports that the kernel gives to clients, so that no connection that
/// somebody makes meanwhile takes it, and a server that ends finds it free when
/// it starts again.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// A port that nobody listens on right now.
#[must_use]
pub fn free_port() -> u16 {
    loop {
        let port = rand::random_range(PORTS);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

//! Free ports of the loopback.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, TcpListener},
    sync::{Mutex, PoisonError},
};

/// Below the ports that the kernel gives to clients, so that no connection that
/// somebody makes meanwhile takes it, and a server that ends finds it free when
/// it starts again.
const PORTS: std::ops::Range<u16> = 10_000..32_000;

/// Those that were given: whoever asks for two wants two.
static GIVEN: Mutex<Option<HashSet<u16>>> = Mutex::new(None);

/// A port that nobody listens on right now, and that was not given before.
#[must_use]
pub fn free_port() -> u16 {
    let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
    let given = given.get_or_insert_default();
    loop {
        let port = rand::random_range(PORTS);
        let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
        if is_free && given.insert(port) {
            return port;
        }
    }
}

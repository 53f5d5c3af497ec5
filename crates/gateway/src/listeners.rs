//! Where a node listens: taken at the very start, so that a program that is
//! there already is found at once, and kept through all that follows.

use std::net::{SocketAddr, TcpListener};

use anyhow::Context;

use crate::{native, settings::Settings};

/// The sockets that a node listens on.
pub(crate) struct Listeners {
    pub(crate) clients: TcpListener,
    /// `None` where `admin.listen` is off.
    pub(crate) operators: Option<TcpListener>,
}

impl Listeners {
    /// Takes the addresses of the settings; port 0 is any that is free.
    ///
    /// # Errors
    ///
    /// When one cannot be had; the words say what to do.
    pub(crate) fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let operators = settings.admin.listen;
        Ok(Self {
            clients: listen(settings.listen, "set `listen`")?,
            operators: operators
                .map(|address| listen(address, "set admin.listen, or \"off\""))
                .transpose()?,
        })
    }

    /// The same sockets once more: whoever connects is answered by one or the other.
    pub(crate) fn try_clone(&self) -> std::io::Result<Self> {
        Ok(Self {
            clients: self.clients.try_clone()?,
            operators: self
                .operators
                .as_ref()
                .map(TcpListener::try_clone)
                .transpose()?,
        })
    }
}

fn listen(address: SocketAddr, mend: &str) -> anyhow::Result<TcpListener> {
    native::listen(address)
        .with_context(|| format!("cannot listen on {address}: is another program there? {mend}"))
}

/// Where a socket listens.
///
/// # Errors
///
/// When the system does not say.
pub(crate) fn address_of(listener: &TcpListener) -> anyhow::Result<SocketAddr> {
    listener.local_addr().context("a listener has no address")
}

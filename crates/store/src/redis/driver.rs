//! The task behind a connection to Redis, and with it the socket.

use fred::{error::Error, interfaces::ClientLike};
use futures_util::FutureExt;
use tokio::task::JoinHandle;

/// What reads and writes the socket of a connection. Closes it when dropped,
/// whatever waits to be written.
pub(super) struct Driver(JoinHandle<Result<(), Error>>);

impl Driver {
    /// Starts it and waits until the client is connected. An attempt that is
    /// given up leaves nothing behind.
    pub(super) async fn start(client: &impl ClientLike) -> Result<Self, Error> {
        let mut connected = Box::pin(client.wait_for_connect());
        // It listens from its first poll on; there is nothing to hear yet.
        let too_early = connected.as_mut().now_or_never();
        debug_assert!(too_early.is_none(), "not connected before it was tried");
        let driver = Self(client.connect());
        connected.await?;
        Ok(driver)
    }

    /// Waits until the connection has ended, and says why if that is known.
    pub(super) async fn ended(&mut self) -> String {
        match (&mut self.0).await {
            Ok(Ok(())) => "it was closed".to_owned(),
            Ok(Err(error)) => error.details().to_owned(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

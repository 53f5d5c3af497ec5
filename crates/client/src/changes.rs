//! Changing messages that are there.

use rookery_protocol::RoomId;

use crate::{Client, ClientError, Sent, client::random_nonce, request::Request};

impl Client {
    /// Gives one's own message another text, and waits until that is stored: once, however
    /// often it was sent. What is given is about the event that says so.
    ///
    /// # Errors
    ///
    /// When the node refuses (a message that is not there any more is `not_found`), or there
    /// is no answer in time.
    pub async fn edit(
        &self,
        room: &RoomId,
        target: u64,
        text: impl Into<String>,
    ) -> Result<Sent, ClientError> {
        let nonce = random_nonce()?;
        let request = Request::Edit {
            room: room.clone(),
            target,
            text: text.into(),
            nonce: nonce.clone(),
        };
        Sent::read(nonce, &self.call(request).await?)
    }

    /// Takes a message back: one's own, or anybody's where one keeps order. One that is
    /// deleted already is so by the first deletion, of which this tells then.
    ///
    /// # Errors
    ///
    /// When the node refuses, or there is no answer in time.
    pub async fn delete(&self, room: &RoomId, target: u64) -> Result<Sent, ClientError> {
        let nonce = random_nonce()?;
        let request = Request::Delete {
            room: room.clone(),
            target,
            nonce: nonce.clone(),
        };
        Sent::read(nonce, &self.call(request).await?)
    }
}

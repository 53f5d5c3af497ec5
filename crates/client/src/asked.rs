//! Whatever a node can be asked for which there is no function of its own.

use serde_json::Value;

use crate::{Client, ClientError, request::Request};

/// The frames by which a client keeps its connection and its rooms: it has functions for them.
const ITS_OWN: [&str; 6] = ["hello", "renew", "join", "leave", "unfollow", "typing"];

impl Client {
    /// Asks a node something by a frame of `docs/PROTOCOL.md` that belongs to no connection
    /// (`create_room`, `invite`, `members`, `user`, …), without an `id`, and gives the fields of
    /// the answer.
    ///
    /// Where a connection is lost before the answer the frame is written again. What must not
    /// be done twice takes a `nonce` or an id of its own, as `room` of `create_room` is one.
    ///
    /// # Errors
    ///
    /// [`ClientError::NotAsked`] for what has no `type`, or is one of those for which there are
    /// functions; when the node refuses, or there is no answer in time.
    pub async fn ask(&self, frame: Value) -> Result<Value, ClientError> {
        let Value::Object(mut frame) = frame else {
            return Err(ClientError::NotAsked);
        };
        let kind = frame
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if kind.is_empty() || ITS_OWN.contains(&kind) {
            return Err(ClientError::NotAsked);
        }
        frame.remove("id");
        let answer = self.call(Request::Asked(frame)).await?;
        let fields = serde_json::from_str(&answer.json);
        let mut fields = fields.map_err(|_| ClientError::Senseless("no fields"))?;
        if let Value::Object(fields) = &mut fields {
            fields.remove("type");
            fields.remove("id");
        }
        Ok(fields)
    }
}

//! What belongs to no connection: one function for all ways in.

use std::sync::Arc;

use bytes::Bytes;
use rookery_protocol::client_frame::Request;

use super::message::message;
use crate::{caller::Caller, chat::Chat, limits::Claim, refusal::Refusal};

/// What somebody is answered whose request was carried out.
#[derive(Debug)]
pub struct Reply {
    /// A JSON object.
    json: Vec<u8>,
    /// Whether something was made that had not been there.
    pub made: bool,
    /// What it takes of its user's and of the node's bytes.
    claim: Option<Claim>,
}

impl Reply {
    /// The answer as whoever asked is told it, made of the JSON object; it counts for as long
    /// as anybody holds it.
    pub fn into_bytes(self, make: impl FnOnce(Vec<u8>) -> Bytes) -> Bytes {
        let bytes = make(self.json);
        match self.claim {
            Some(claim) => claim.carry(bytes),
            None => bytes,
        }
    }
}

/// The most bytes that the reply is expected to have, where it may be large.
pub fn most_bytes(chat: &Chat, request: &Request) -> usize {
    match request {
        Request::OneMessage(_) => chat.answers.most_bytes(1),
    }
}

/// Carries a request out.
///
/// # Errors
///
/// Why it is not carried out.
pub async fn request(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    request: Request,
) -> Result<Reply, Refusal> {
    match request {
        Request::OneMessage(arguments) => {
            let (event, claim) = message(chat, caller, &arguments).await?;
            Ok(Reply {
                json: [br#"{"message":"#, event.json(), b"}"].concat(),
                made: false,
                claim: Some(claim),
            })
        }
    }
}

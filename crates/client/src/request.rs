//! A command on its way: what is asked, and how it looks on the wire.
//!
//! All of these may be repeated without harm: `send`, `edit` and `delete` by their nonces, the others by
//! nature, or as whoever asks them says.

use rookery_protocol::{Cursor, LoginId, Nonce, RoomId};
use serde::Serialize;
use tokio::sync::oneshot;

use crate::{ClientError, account::MeChange, frame::OkFrame};

/// What is asked.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Request {
    Join {
        room: RoomId,
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Cursor>,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
    },
    Leave {
        room: RoomId,
    },
    Send {
        room: RoomId,
        text: String,
        nonce: Nonce,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        meta: Option<serde_json::Value>,
    },
    Edit {
        room: RoomId,
        target: u64,
        text: String,
        nonce: Nonce,
    },
    Delete {
        room: RoomId,
        target: u64,
        nonce: Nonce,
    },
    History {
        room: RoomId,
        #[serde(skip_serializing_if = "Option::is_none")]
        before: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        around: Option<u64>,
        limit: u32,
    },
    Ping,
    Renew {
        token: String,
    },
    Sessions,
    RevokeSession {
        #[serde(skip_serializing_if = "Option::is_none")]
        session: Option<LoginId>,
    },
    Me,
    UpdateMe(MeChange),
    /// Written where a connection stands, never answered, never repeated.
    Typing {
        room: RoomId,
        on: bool,
    },
    /// Whatever else there is, as it is written.
    #[serde(untagged)]
    Asked(serde_json::Map<String, serde_json::Value>),
}

/// A frame as it is written.
#[derive(Serialize)]
struct Framed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    #[serde(flatten)]
    request: &'a Request,
}

impl Request {
    /// The frame, with the id that its answer is to carry.
    pub(crate) fn to_json(&self, id: Option<u64>) -> String {
        // Strings, numbers and JSON values only, into memory: nothing here can fail.
        serde_json::to_string(&Framed { id, request: self }).unwrap_or_default()
    }
}

/// Where the answer goes.
pub(crate) type Reply = oneshot::Sender<Result<OkFrame, ClientError>>;

#[cfg(test)]
mod tests {
    use rookery_protocol::client_frame::{Command, HistoryPage, SendCommand, parse};

    use super::*;

    #[test]
    fn a_node_reads_what_is_written() {
        let room = RoomId::new("general").unwrap();
        let nonce = Nonce::new("n1").unwrap();
        let request = Request::Send {
            room: room.clone(),
            text: "hi \"all\"".to_owned(),
            nonce: nonce.clone(),
            reply_to: Some(3),
            meta: None,
        };
        let frame = parse(&request.to_json(Some(7))).unwrap();
        assert_eq!(frame.id, Some(7.into()));
        assert_eq!(
            frame.command,
            Command::Send(SendCommand {
                room: room.clone(),
                text: "hi \"all\"".to_owned(),
                nonce: Some(nonce),
                reply_to: Some(3),
                meta: None,
            })
        );
        let history = Request::History {
            room: room.clone(),
            before: None,
            after: Some(4),
            around: None,
            limit: 9,
        };
        assert_eq!(
            parse(&history.to_json(Some(1))).unwrap().command,
            Command::History {
                room: room.clone(),
                page: HistoryPage::After(4),
                limit: 9
            }
        );
        let typing = Request::Typing { room, on: true }.to_json(None);
        assert_eq!(parse(&typing).unwrap().id, None);
    }
}

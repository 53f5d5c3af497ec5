//! The frames that clients send.
//!
//! One flat pass over the JSON, then a match on `type`. What is no frame at
//! all is told apart from a frame that asks for something wrong: the first
//! ends the connection, the second is answered with an error.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{Cursor, ErrorCode, Nonce, RequestId, RoomId};

/// A parsed frame: what is asked, and the id that its answer is to carry.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientFrame {
    /// The client's id of the frame; without one only errors are answered.
    pub id: Option<RequestId>,
    /// What is asked.
    pub command: Command,
}

/// What a client can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Who I am; the first frame of a connection.
    Hello {
        /// The JWT.
        token: String,
        /// The protocol version wanted, 1 where nothing is said.
        version: u32,
        /// A word about the client program, for the log.
        client: Option<String>,
    },
    /// Become a member where the room allows it, and receive its events here.
    Join {
        /// The room.
        room: RoomId,
        /// Where the client left off.
        since: Option<Cursor>,
        /// How many messages of history are wanted.
        limit: Option<u32>,
    },
    /// Stop being a member and receiving.
    Leave {
        /// The room.
        room: RoomId,
    },
    /// Write a message.
    Send(SendCommand),
    /// Say that the user is or is no longer writing.
    Typing {
        /// The room.
        room: RoomId,
        /// Whether they are.
        on: bool,
    },
    /// Read messages that were.
    History {
        /// The room.
        room: RoomId,
        /// Which messages.
        page: HistoryPage,
        /// At most how many, 1 to 200.
        limit: u32,
    },
    /// Answer with a `pong`.
    Ping,
    /// A command of the protocol that this version of the node does not serve yet.
    Unserved(&'static str),
}

/// A message to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SendCommand {
    /// The room.
    pub room: RoomId,
    /// The text as it came, not yet checked.
    pub text: String,
    /// The client's own id of the message.
    pub nonce: Option<Nonce>,
    /// The message that this one answers.
    pub reply_to: Option<u64>,
    /// Whatever the application wants to go along: an object.
    pub meta: Option<serde_json::Value>,
}

/// Which part of a room's past is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryPage {
    /// The latest ones before this number.
    Before(u64),
    /// The first ones after this number.
    After(u64),
    /// Some on either side of this number, and the one itself.
    Around(u64),
}

/// The most messages of one `history` or `join`.
pub const MAX_PAGE: u32 = 200;
/// How many messages of history a `join` gives where it names no number.
pub const DEFAULT_PAGE: u32 = 50;
/// The most bytes of a message's `meta`, as JSON.
pub const MAX_META_BYTES: usize = 4096;

/// Why a frame was not understood.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FrameError {
    /// Not a JSON object with a textual `type`: the connection is to end with 4500.
    #[error("not a frame of this protocol: {0}")]
    NotAFrame(String),
    /// A frame whose content is wrong: to be answered, the connection goes on.
    #[error("{message}")]
    Refused {
        /// The id of the frame, where it had a readable one.
        id: Option<RequestId>,
        /// The code of the answer.
        code: ErrorCode,
        /// What is wrong, in words.
        message: String,
    },
}

/// Every field of every client frame, as the JSON has it.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    id: Option<serde_json::Value>,
    #[serde(borrow)]
    token: Option<Cow<'a, str>>,
    version: Option<u32>,
    #[serde(borrow)]
    client: Option<Cow<'a, str>>,
    #[serde(borrow)]
    room: Option<Cow<'a, str>>,
    since: Option<Cursor>,
    limit: Option<u32>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
    #[serde(borrow)]
    nonce: Option<Cow<'a, str>>,
    reply_to: Option<u64>,
    files: Option<serde_json::Value>,
    meta: Option<serde_json::Value>,
    on: Option<bool>,
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
}

/// Just enough of a frame to tell garbage from a frame with a wrong field.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, rename = "type")]
    _kind: Cow<'a, str>,
    id: Option<RequestId>,
}

/// Parses one frame.
///
/// # Errors
///
/// [`FrameError::NotAFrame`] for what is no JSON object with a `type`,
/// [`FrameError::Refused`] for a frame with an unknown type or a wrong field.
pub fn parse(json: &str) -> Result<ClientFrame, FrameError> {
    let raw: Raw<'_> = serde_json::from_str(json).map_err(|error| explain(json, &error))?;
    let id = raw
        .id
        .as_ref()
        .map(RequestId::deserialize)
        .transpose()
        .map_err(|error| FrameError::Refused {
            id: None,
            code: ErrorCode::BadRequest,
            message: error.to_string(),
        })?;
    match raw.command() {
        Ok(command) => Ok(ClientFrame { id, command }),
        Err(Problem(code, message)) => Err(FrameError::Refused { id, code, message }),
    }
}

/// Finds out what a frame that did not parse was meant to be.
fn explain(json: &str, error: &serde_json::Error) -> FrameError {
    match serde_json::from_str::<Outline<'_>>(json) {
        Ok(outline) => FrameError::Refused {
            id: outline.id,
            code: ErrorCode::BadRequest,
            message: error.to_string(),
        },
        Err(_) => FrameError::NotAFrame(error.to_string()),
    }
}

struct Problem(ErrorCode, String);

impl Problem {
    fn bad(message: impl Into<String>) -> Self {
        Self(ErrorCode::BadRequest, message.into())
    }
}

impl Raw<'_> {
    fn command(self) -> Result<Command, Problem> {
        Ok(match self.kind.as_ref() {
            "hello" => Command::Hello {
                token: self.token.ok_or_else(|| missing("token"))?.into_owned(),
                version: self.version.unwrap_or(crate::VERSION),
                client: self.client.map(|text| text.chars().take(64).collect()),
            },
            "join" => Command::Join {
                room: self.room()?,
                limit: self.page_limit()?,
                since: self.since,
            },
            "leave" => Command::Leave { room: self.room()? },
            "send" => Command::Send(self.send()?),
            "typing" => Command::Typing {
                room: self.room()?,
                on: self.on.ok_or_else(|| missing("on"))?,
            },
            "history" => Command::History {
                room: self.room()?,
                page: self.page()?,
                limit: self.page_limit()?.unwrap_or(DEFAULT_PAGE),
            },
            "ping" => Command::Ping,
            "edit" => Command::Unserved("edit"),
            "delete" => Command::Unserved("delete"),
            "react" => Command::Unserved("react"),
            "delivered" => Command::Unserved("delivered"),
            "read" => Command::Unserved("read"),
            "search" => Command::Unserved("search"),
            other => {
                let shown: String = other.chars().take(32).collect();
                return Err(Problem::bad(format!("unknown type {shown:?}")));
            }
        })
    }

    fn room(&self) -> Result<RoomId, Problem> {
        let room = self.room.as_deref().ok_or_else(|| missing("room"))?;
        RoomId::new(room).map_err(|error| Problem::bad(error.to_string()))
    }

    fn page_limit(&self) -> Result<Option<u32>, Problem> {
        match self.limit {
            Some(limit) if !(1..=MAX_PAGE).contains(&limit) => {
                Err(Problem::bad(format!("limit must be 1 to {MAX_PAGE}")))
            }
            limit => Ok(limit),
        }
    }

    fn page(&self) -> Result<HistoryPage, Problem> {
        match (self.before, self.after, self.around) {
            (Some(seq), None, None) => Ok(HistoryPage::Before(seq)),
            (None, Some(seq), None) => Ok(HistoryPage::After(seq)),
            (None, None, Some(seq)) => Ok(HistoryPage::Around(seq)),
            _ => Err(Problem::bad("give exactly one of before, after and around")),
        }
    }

    fn send(self) -> Result<SendCommand, Problem> {
        let room = self.room()?;
        if self.files.is_some() {
            return Err(Problem::bad(
                "this node does not serve files yet; send without `files`",
            ));
        }
        let nonce = match self.nonce {
            Some(nonce) => {
                Some(Nonce::new(nonce).map_err(|error| Problem::bad(error.to_string()))?)
            }
            None => None,
        };
        if let Some(meta) = &self.meta {
            check_meta(meta)?;
        }
        let text = self.text.ok_or_else(|| missing("text"))?.into_owned();
        Ok(SendCommand {
            room,
            text,
            nonce,
            reply_to: self.reply_to,
            meta: self.meta,
        })
    }
}

fn missing(field: &str) -> Problem {
    Problem::bad(format!("missing field `{field}`"))
}

fn check_meta(meta: &serde_json::Value) -> Result<(), Problem> {
    if !meta.is_object() {
        return Err(Problem::bad("meta must be an object"));
    }
    let bytes = meta.to_string().len();
    if bytes > MAX_META_BYTES {
        let message =
            format!("meta has {bytes} bytes as JSON; at most {MAX_META_BYTES} are allowed");
        return Err(Problem(ErrorCode::TooLarge, message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(json: &str) -> (Option<RequestId>, ErrorCode, String) {
        match parse(json) {
            Err(FrameError::Refused { id, code, message }) => (id, code, message),
            other => panic!("{json} gave {other:?}"),
        }
    }

    #[test]
    fn the_frames_of_the_page_are_understood() {
        let join = r#"{"type":"join","id":2,"room":"general","since":{"epoch":"k3v9","seq":41}}"#;
        let frame = parse(join).unwrap();
        assert_eq!(frame.id, Some(2.into()));
        let Command::Join {
            room,
            since: Some(since),
            limit: None,
        } = frame.command
        else {
            panic!("{frame:?}");
        };
        assert_eq!(
            (room.as_str(), since.epoch.as_str(), since.seq),
            ("general", "k3v9", 41)
        );

        let send =
            r#"{"type":"send","room":"general","nonce":"01JD8Z","text":"hi \u00fc","later":[{}]}"#;
        let Command::Send(send) = parse(send).unwrap().command else {
            panic!()
        };
        assert_eq!(send.text, "hi ü");
        assert_eq!(send.nonce.unwrap().as_str(), "01JD8Z");
    }

    #[test]
    fn garbage_is_told_from_a_wrong_frame() {
        for garbage in [
            "",
            "hi",
            "[]",
            "7",
            "{}",
            r#"{"type":1}"#,
            r#"{"type":"ping""#,
        ] {
            assert!(
                matches!(parse(garbage), Err(FrameError::NotAFrame(_))),
                "{garbage}"
            );
        }
        let (id, code, message) = refused(r#"{"type":"join","id":"a"}"#);
        assert_eq!(id, Some(RequestId::Text("a".into())));
        assert_eq!(
            (code, message.as_str()),
            (ErrorCode::BadRequest, "missing field `room`")
        );
        assert_eq!(
            refused(r#"{"type":"join","id":3,"room":7}"#).0,
            Some(3.into())
        );
        assert!(refused(r#"{"type":"dance","id":3}"#).2.contains("dance"));
        assert!(
            refused(r#"{"type":"join","id":[],"room":"a"}"#)
                .2
                .contains("id must be")
        );
    }

    #[test]
    fn a_history_wants_one_place_and_a_sane_limit() {
        assert!(
            refused(r#"{"type":"history","room":"a"}"#)
                .2
                .contains("exactly one")
        );
        assert!(
            refused(r#"{"type":"history","room":"a","before":1,"after":2}"#)
                .2
                .contains("one")
        );
        assert!(
            refused(r#"{"type":"history","room":"a","before":1,"limit":0}"#)
                .2
                .contains("200")
        );
        assert!(
            refused(r#"{"type":"history","room":"a","before":1,"limit":201}"#)
                .2
                .contains("200")
        );
    }

    #[test]
    fn deep_json_is_skipped_or_refused_and_never_overflows_the_stack() {
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(
            parse(&format!(r#"{{"type":"ping","x":{deep}}}"#)).is_ok(),
            "an unknown field"
        );
        assert!(parse(&format!(r#"{{"type":"send","room":"a","meta":{deep}}}"#)).is_err());
    }

    #[test]
    fn a_lone_surrogate_is_no_text() {
        assert!(parse(r#"{"type":"send","room":"a","text":"\ud800"}"#).is_err());
        assert!(parse(r#"{"type":"send","room":"a","text":"x","meta":{"a":"\udc00"}}"#).is_err());
    }

    #[test]
    fn meta_is_an_object_of_bounded_size() {
        assert!(
            refused(r#"{"type":"send","room":"a","text":"x","meta":[1]}"#)
                .2
                .contains("object")
        );
        let large = format!(
            r#"{{"type":"send","room":"a","text":"x","meta":{{"a":"{}"}}}}"#,
            "x".repeat(4096)
        );
        assert_eq!(refused(&large).1, ErrorCode::TooLarge);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = parse(&text);
        }

        #[test]
        fn no_json_of_known_fields_makes_it_panic(
            kind in "hello|join|leave|send|typing|history|ping|edit|x",
            field in "room|since|text|nonce|limit|on|before|meta|id",
            value in r#"null|true|-1|7|1e400|"[a-z]{0,70}"|\{\}|\[\]|\{"epoch":"e","seq":1\}"#,
        ) {
            let _ = parse(&format!(r#"{{"type":"{kind}","{field}":{value}}}"#));
        }
    }
}

//! From JSON to a command: one flat pass, then a match on `type`.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{
    ClientFrame, Command, DEFAULT_PAGE, FrameError, HistoryPage, MAX_PAGE, Meta, Request,
    SendCommand, outline::Outline,
};
use crate::{Cursor, ErrorCode, Nonce, RequestId, RoomId};

/// Every field of every client frame, as the JSON has it.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    token: Option<Cow<'a, str>>,
    version: Option<u32>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    client: Option<Cow<'a, str>>,
    epochs: Option<bool>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    room: Option<Cow<'a, str>>,
    since: Option<Cursor>,
    limit: Option<u32>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    nonce: Option<Cow<'a, str>>,
    reply_to: Option<u64>,
    files: Option<IgnoredAny>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
    on: Option<bool>,
    before: Option<u64>,
    after: Option<u64>,
    around: Option<u64>,
}

/// A string that may be missing, not copied where it has no escapes; serde's
/// own `Option<Cow<str>>` is always a copy.
fn borrowed<'de: 'a, 'a, D: Deserializer<'de>>(json: D) -> Result<Option<Cow<'a, str>>, D::Error> {
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    let text = Option::<Text<'a>>::deserialize(json)?;
    Ok(text.map(|text| text.0))
}

/// The fields of a message, as the JSON of a frame or of a request's body has them.
#[derive(Deserialize)]
struct RawMessage<'a> {
    #[serde(borrow, default, deserialize_with = "borrowed")]
    text: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "borrowed")]
    nonce: Option<Cow<'a, str>>,
    reply_to: Option<u64>,
    files: Option<IgnoredAny>,
    #[serde(borrow)]
    meta: Option<&'a RawValue>,
}

/// Parses one frame.
///
/// # Errors
///
/// [`FrameError::NotAFrame`] for what is no JSON object with a `type`,
/// [`FrameError::Refused`] for a frame with an unknown type or a wrong field.
pub fn parse(json: &str) -> Result<ClientFrame, FrameError> {
    if !is_object(json) {
        return Err(FrameError::NotAFrame("a frame is a JSON object".to_owned()));
    }
    let mut raw: Raw<'_> = match serde_json::from_str(json) {
        Ok(raw) => raw,
        Err(error) => return explain(json, &error),
    };
    let id = raw.id.take().map(RequestId::as_written).transpose();
    let id = id.map_err(|error| refused(None, Problem::bad(error)))?;
    match raw.command(json) {
        Ok(command) => Ok(ClientFrame { id, command }),
        Err(problem) => Err(refused(id, problem)),
    }
}

/// Parses the body of a request that sends a message: the fields of `send` but
/// for `room`, which its path names.
///
/// # Errors
///
/// [`FrameError::Refused`] for what is no JSON object, or has a wrong field.
pub fn parse_message(room: &str, json: &str) -> Result<SendCommand, FrameError> {
    let room = RoomId::new(room).map_err(|error| Problem::bad(error.to_string()));
    let message = match is_object(json) {
        true => serde_json::from_str::<RawMessage<'_>>(json).map_err(|error| words(&error)),
        false => Err("it must be a JSON object".to_owned()),
    };
    let message =
        message.map_err(|words| Problem::bad(format!("the body is not as wanted: {words}")));
    room.and_then(|room| message?.command(room))
        .map_err(|problem| refused(None, problem))
}

/// Parses what a request by HTTP asks: the fields of the frame of this name.
///
/// # Errors
///
/// [`FrameError::Refused`] where there is no such request, or a field is wrong.
pub fn parse_request(name: &str, json: &str) -> Result<Request, FrameError> {
    let request = Request::read(name, json);
    let request = request.ok_or_else(|| refused(None, unknown(name)))?;
    request.map_err(|error| refused(None, error.into()))
}

/// To serde an array of the values of all fields would be as good.
fn is_object(json: &str) -> bool {
    json.trim_start().starts_with('{')
}

fn refused(id: Option<RequestId>, Problem(code, message): Problem) -> FrameError {
    FrameError::Refused { id, code, message }
}

/// The most characters of a parser's words that are passed on; they may quote
/// a value of the frame, however long it is.
const MOST_WORDS: usize = 200;

fn words(error: &serde_json::Error) -> String {
    error.to_string().chars().take(MOST_WORDS).collect()
}

/// Finds out what a frame that did not parse was meant to be. A request may have a field
/// that is of another form in other frames.
fn explain(json: &str, error: &serde_json::Error) -> Result<ClientFrame, FrameError> {
    let Ok(outline) = serde_json::from_str::<Outline>(json) else {
        return Err(FrameError::NotAFrame(words(error)));
    };
    let Outline { kind, id, is_sound } = outline;
    match Request::read(&kind, json) {
        Some(Ok(request)) if is_sound => Ok(ClientFrame {
            id,
            command: Command::Request(request),
        }),
        Some(Err(error)) => Err(refused(id, error.into())),
        _ => Err(refused(id, Problem::bad(words(error)))),
    }
}

fn unknown(name: &str) -> Problem {
    let shown: String = name.chars().take(32).collect();
    Problem::bad(format!("unknown type {shown:?}"))
}

struct Problem(ErrorCode, String);

impl Problem {
    fn bad(message: impl Into<String>) -> Self {
        Self(ErrorCode::BadRequest, message.into())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        let words = words(&error);
        // Where in the JSON says nothing to whoever had it written by a program.
        let (words, _) = words.split_once(" at line ").unwrap_or((&words, ""));
        Self::bad(words)
    }
}

impl Raw<'_> {
    fn command(self, json: &str) -> Result<Command, Problem> {
        Ok(match self.kind.as_ref() {
            "hello" => Command::Hello {
                token: self.token.ok_or_else(|| missing("token"))?.into_owned(),
                version: self.version.unwrap_or(crate::VERSION),
                client: self.client.map(|text| text.chars().take(64).collect()),
                epochs: self.epochs.unwrap_or(false),
            },
            "renew" => Command::Renew {
                token: self.token.ok_or_else(|| missing("token"))?.into_owned(),
            },
            "join" => Command::Join {
                room: self.room()?,
                limit: self.page_limit()?,
                since: self.since,
            },
            "leave" => Command::Leave { room: self.room()? },
            "unfollow" => Command::Unfollow { room: self.room()? },
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
            "delivered" => Command::Unserved("delivered"),
            "read" => Command::Unserved("read"),
            "search" => Command::Unserved("search"),
            other => match Request::read(other, json) {
                Some(request) => Command::Request(request?),
                None => return Err(unknown(other)),
            },
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
        let message = RawMessage {
            text: self.text,
            nonce: self.nonce,
            reply_to: self.reply_to,
            files: self.files,
            meta: self.meta,
        };
        message.command(room)
    }
}

impl RawMessage<'_> {
    fn command(self, room: RoomId) -> Result<SendCommand, Problem> {
        if self.files.is_some() {
            return Err(Problem::bad(
                "this node does not serve files yet; send without `files`",
            ));
        }
        let nonce = self.nonce.map(Nonce::new).transpose();
        let text = self.text.ok_or_else(|| missing("text"))?.into_owned();
        Ok(SendCommand {
            room,
            text,
            nonce: nonce.map_err(|error| Problem::bad(error.to_string()))?,
            reply_to: self.reply_to,
            meta: self.meta.map(Meta::new).transpose().map_err(Problem::bad)?,
        })
    }
}

fn missing(field: &str) -> Problem {
    Problem::bad(format!("missing field `{field}`"))
}

//! What a caller is told when something did not work.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{ErrorCode, server_frame::ErrorFrame};
use tokio_tungstenite::tungstenite::{
    self,
    http::{Response, header::RETRY_AFTER},
};

/// Why a call of [`Client`](crate::Client) did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ClientError {
    /// The settings name no usable address.
    #[error("{target:?} is no address of a node; give one like ws://127.0.0.1:8080/ws")]
    BadTarget {
        /// What was given; empty where nothing was.
        target: String,
    },
    /// A frame that [`Client::ask`](crate::Client::ask) does not take.
    #[error("a frame that is asked is an object with a type that there is no function for")]
    NotAsked,
    /// The node refused it, and asking again would not help.
    #[error("refused with {}: {}", .0.code.as_str(), .0.message)]
    Refused(ErrorFrame),
    /// No answer in time. Whether a message was stored is not known; sending it
    /// again with the same nonce is safe.
    #[error("no answer within {0:?}")]
    TimedOut(Duration),
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
    /// The client does not come back.
    #[error(transparent)]
    GaveUp(GaveUp),
    /// The answer lacks what it must have.
    #[error("the node's answer makes no sense: {0}")]
    Senseless(&'static str),
}

impl ClientError {
    /// The error code, where the node refused.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Refused(error) => Some(error.code),
            _ => None,
        }
    }
}

/// Why a client stays away for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    /// A node closed the connection with a code that says so.
    #[error("the node closed the connection for good with {code}: {reason}")]
    Closed {
        /// The close code.
        code: u16,
        /// The node's words.
        reason: String,
    },
    /// What answers there refuses the upgrade to WebSocket.
    #[error("the upgrade to WebSocket was refused with HTTP status {status}")]
    Upgrade {
        /// The HTTP status.
        status: u16,
    },
}

/// Why a socket could not be opened or used.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectionError {
    /// The address makes no sense.
    #[error("{0:?} is no address of a node; give one like ws://127.0.0.1:8080/ws")]
    BadTarget(String),
    /// It took too long.
    #[error("not done within {0:?}")]
    TimedOut(Duration),
    /// The upgrade was answered with another status than 101.
    #[error("the upgrade was refused with HTTP status {status}: {body}")]
    Upgrade {
        /// The HTTP status.
        status: u16,
        /// The body of the answer, as text.
        body: String,
        /// When trying again is worth it, where the answer says so.
        retry_after_ms: Option<u64>,
    },
    /// The connection is broken.
    #[error("the connection is broken: {0}")]
    Broken(Arc<tungstenite::Error>),
}

/// Why a node did not say `welcome`.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HelloError {
    /// It cannot just now; the same `hello` is worth repeating later.
    #[error("refused with {}: {}", .0.code.as_str(), .0.message)]
    Refused(ErrorFrame),
    /// It closed the connection.
    #[error("closed with {code}: {reason}")]
    Closed {
        /// The close code.
        code: u16,
        /// The node's words, those of its error where it sent one.
        reason: String,
    },
    /// The socket failed.
    #[error(transparent)]
    Broken(#[from] ConnectionError),
}

impl From<tungstenite::Error> for ConnectionError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Http(response) => Self::Upgrade {
                status: response.status().as_u16(),
                retry_after_ms: retry_after_ms(&response),
                body: String::from_utf8_lossy(response.body().as_deref().unwrap_or_default())
                    .into_owned(),
            },
            other => Self::Broken(Arc::new(other)),
        }
    }
}

/// When to come again: a node's body says it to the millisecond, the header of
/// whoever stands before the nodes in seconds.
fn retry_after_ms(response: &Response<Option<Vec<u8>>>) -> Option<u64> {
    let of_body = || {
        let body: serde_json::Value = serde_json::from_slice(response.body().as_deref()?).ok()?;
        body["error"]["retry_after_ms"].as_u64()
    };
    let of_header = || {
        let seconds: u64 = response
            .headers()
            .get(RETRY_AFTER)?
            .to_str()
            .ok()?
            .trim()
            .parse()
            .ok()?;
        Some(seconds.saturating_mul(1000))
    };
    of_body().or_else(of_header)
}

impl From<std::io::Error> for ConnectionError {
    fn from(error: std::io::Error) -> Self {
        tungstenite::Error::Io(error).into()
    }
}

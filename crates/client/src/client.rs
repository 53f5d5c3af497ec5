//! The handle by which a program talks. Cheap to clone; it only passes commands
//! to the driver and waits for their answers.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use rookery_protocol::{
    Cursor, Nonce, RoomId,
    server_frame::{Message, Snapshot},
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::timeout,
};

pub use rookery_protocol::client_frame::HistoryPage;

use crate::{
    ClientError, ClientSettings, Events,
    driver::{Command, Driver},
    frame::OkFrame,
    raw::host_and_port,
    request::Request,
};

/// A client that comes back. Its clones share one connection, which ends with
/// [`Client::close`] or with the last clone.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    commands: mpsc::Sender<Command>,
    token: watch::Sender<String>,
    closing: watch::Sender<bool>,
    /// Why the driver ended, once it has.
    ended: Arc<OnceLock<ClientError>>,
    request_timeout: Duration,
}

/// A message to be sent.
#[derive(Debug, Clone, Default)]
pub struct NewMessage {
    /// What is written.
    pub text: String,
    /// The client's own id of it; a random one where nothing is given.
    pub nonce: Option<Nonce>,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Whatever goes along: a JSON object.
    pub meta: Option<serde_json::Value>,
}

/// A message that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The id under which it was sent.
    pub nonce: Nonce,
    /// Its number in the room.
    pub seq: u64,
    /// When it was stored, in milliseconds since the Unix epoch.
    pub ts: u64,
    /// Whether it had been stored before; so also when an answer was lost and
    /// this client asked again.
    pub duplicate: bool,
}

impl Sent {
    /// What the answer to it says.
    pub(crate) fn read(nonce: Nonce, answer: &OkFrame) -> Result<Self, ClientError> {
        let (Some(seq), Some(ts)) = (answer.seq, answer.ts) else {
            return Err(ClientError::Senseless("no seq or ts"));
        };
        Ok(Self {
            nonce,
            seq,
            ts,
            duplicate: answer.duplicate.unwrap_or(false),
        })
    }
}

/// A page of history.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Ascending, as they are now.
    pub messages: Vec<Message>,
    /// Whether there is more beyond it.
    pub more: bool,
}

impl Client {
    /// Starts a client in the background. It connects, and comes back, until it
    /// is closed or a node tells it to stay away; [`Events`] tells of all of it.
    /// Calls wait for the connection by themselves.
    ///
    /// Must be called inside a tokio runtime with I/O and time enabled.
    ///
    /// # Errors
    ///
    /// When the settings name no address, or one that is none.
    pub fn connect(settings: ClientSettings) -> Result<(Self, Events), ClientError> {
        check_targets(&settings.targets)?;
        let (commands, command_queue) = mpsc::channel(64);
        let (token, tokens) = watch::channel(settings.token.clone());
        let (closing, closed) = watch::channel(false);
        let (outlet, events) = Events::channel(settings.event_buffer);
        let ended = Arc::new(OnceLock::new());
        let shared = Shared {
            commands,
            token,
            closing,
            ended: ended.clone(),
            request_timeout: settings.request_timeout,
        };
        let driver = Driver::new(settings, command_queue, tokens, closed, outlet, ended);
        tokio::spawn(driver.run());
        let shared = Arc::new(shared);
        Ok((Self { shared }, events))
    }

    /// Joins a room and opens it: from now on its events arrive, and it is
    /// resumed after every reconnect. Gives the latest messages.
    ///
    /// # Errors
    ///
    /// When the node refuses (a room that is open already is a `conflict`), or
    /// there is no answer in time.
    pub async fn join(&self, room: &RoomId) -> Result<Arc<Snapshot>, ClientError> {
        self.join_from(room, None, None).await
    }

    /// As [`Client::join`], going on after `since` where that is given and can be
    /// served whole (then `recovered` is true, and what was missed arrives as
    /// events), with at most `limit` messages (1 to 200) otherwise.
    ///
    /// # Errors
    ///
    /// As [`Client::join`].
    pub async fn join_from(
        &self,
        room: &RoomId,
        since: Option<Cursor>,
        limit: Option<u32>,
    ) -> Result<Arc<Snapshot>, ClientError> {
        let room = room.clone();
        let answer = self.call(Request::Join { room, since, limit }).await?;
        answer.room.ok_or(ClientError::Senseless("no room"))
    }

    /// Leaves a room. Its events stop arriving at once.
    ///
    /// # Errors
    ///
    /// When the node refuses, or there is no answer in time.
    pub async fn leave(&self, room: &RoomId) -> Result<(), ClientError> {
        let room = room.clone();
        self.call(Request::Leave { room }).await.map(drop)
    }

    /// Sends a text and waits until it is stored. Lost connections and refusals
    /// that pass are met by sending it again under the same nonce, so it is
    /// stored once, however often it was sent.
    ///
    /// Calls that wait at the same time may be stored in another order than they
    /// were made; who needs an order awaits one before the next.
    ///
    /// # Errors
    ///
    /// When the node refuses, or there is no answer in time.
    pub async fn send(&self, room: &RoomId, text: impl Into<String>) -> Result<Sent, ClientError> {
        let text = text.into();
        let message = NewMessage {
            text,
            ..NewMessage::default()
        };
        self.send_message(room, message).await
    }

    /// As [`Client::send`], with everything that a message can have.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub async fn send_message(
        &self,
        room: &RoomId,
        message: NewMessage,
    ) -> Result<Sent, ClientError> {
        let nonce = match message.nonce {
            Some(nonce) => nonce,
            None => random_nonce()?,
        };
        let request = Request::Send {
            room: room.clone(),
            text: message.text,
            nonce: nonce.clone(),
            reply_to: message.reply_to,
            meta: message.meta,
        };
        let answer = self.call(request).await?;
        Sent::read(nonce, &answer)
    }

    /// Reads a page of a room's past, at most `limit` (1 to 200) messages.
    ///
    /// # Errors
    ///
    /// When the node refuses, or there is no answer in time.
    pub async fn history(
        &self,
        room: &RoomId,
        page: HistoryPage,
        limit: u32,
    ) -> Result<Page, ClientError> {
        let (before, after, around) = match page {
            HistoryPage::Before(seq) => (Some(seq), None, None),
            HistoryPage::After(seq) => (None, Some(seq), None),
            HistoryPage::Around(seq) => (None, None, Some(seq)),
        };
        let room = room.clone();
        let request = Request::History {
            room,
            before,
            after,
            around,
            limit,
        };
        let answer = self.call(request).await?;
        Ok(Page {
            messages: answer
                .messages
                .ok_or(ClientError::Senseless("no messages"))?,
            more: answer.more.unwrap_or(false),
        })
    }

    /// Says that the user is or is no longer writing. Lost where no connection
    /// stands; an error arrives as [`Event::Error`](crate::Event::Error).
    ///
    /// # Errors
    ///
    /// When the client has ended.
    pub async fn typing(&self, room: &RoomId, on: bool) -> Result<(), ClientError> {
        let room = room.clone();
        let command = Command {
            request: Request::Typing { room, on },
            reply: None,
        };
        let sent = self.shared.commands.send(command).await;
        sent.map_err(|_| self.shared.ended())
    }

    /// Asks the node for a sign of life, and gives how long it took.
    ///
    /// # Errors
    ///
    /// When there is no answer in time.
    pub async fn ping(&self) -> Result<Duration, ClientError> {
        let asked = Instant::now();
        self.call(Request::Ping).await.map(|_| asked.elapsed())
    }

    /// Gives the token of the connections to come, before or when the old one
    /// runs out.
    pub fn set_token(&self, token: impl Into<String>) {
        self.shared.token.send_replace(token.into());
    }

    /// Has the connection go on with another token of the same user, and gives it to those
    /// to come. Gives when it ends, in milliseconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// When the node refuses it (`conflict` where it is somebody else's), or there is no
    /// answer in time; then everything is as before.
    pub async fn renew(&self, token: impl Into<String>) -> Result<u64, ClientError> {
        let token = token.into();
        let request = Request::Renew {
            token: token.clone(),
        };
        let answer = self.call(request).await?;
        self.set_token(token);
        answer
            .expires_at
            .ok_or(ClientError::Senseless("no expires_at"))
    }

    /// Closes the connection in the orderly way, for all clones.
    pub async fn close(&self) {
        self.shared.closing.send_replace(true);
        self.shared.commands.closed().await;
    }

    pub(crate) async fn call(&self, request: Request) -> Result<OkFrame, ClientError> {
        let (reply, answer) = oneshot::channel();
        let command = Command {
            request,
            reply: Some(reply),
        };
        let calling = async {
            let sent = self.shared.commands.send(command).await;
            sent.map_err(|_| self.shared.ended())?;
            answer.await.map_err(|_| self.shared.ended())?
        };
        let within = self.shared.request_timeout;
        let answered = timeout(within, calling).await;
        answered.map_err(|_| ClientError::TimedOut(within))?
    }
}

impl Shared {
    fn ended(&self) -> ClientError {
        self.ended.get().cloned().unwrap_or(ClientError::Closed)
    }
}

fn check_targets(targets: &[String]) -> Result<(), ClientError> {
    let bad = |target: &str| ClientError::BadTarget {
        target: target.to_owned(),
    };
    if targets.is_empty() {
        return Err(bad(""));
    }
    targets.iter().try_for_each(|target| {
        host_and_port(target).map_err(|_| bad(target))?;
        Ok(())
    })
}

/// 128 random bits, so that no two clients ever meet.
pub(crate) fn random_nonce() -> Result<Nonce, ClientError> {
    Nonce::new(format!("{:032x}", rand::random::<u128>()))
        .map_err(|_| ClientError::Senseless("no nonce"))
}

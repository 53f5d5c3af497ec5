//! What happened, in order, as the owner of a client reads it.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::Stream;
use rookery_protocol::{
    RoomId, ServerId, SessionId, User,
    server_frame::{ErrorFrame, NewEpoch, Presence, Snapshot, Typing},
};
use tokio::sync::mpsc;

use crate::{GaveUp, LogEvent};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// An event of a room's log: each exactly once, in the order of `seq`.
    Log(LogEvent),
    /// A room as it is now: it was joined, or could not be resumed whole. What
    /// was known of it before no longer counts; [`Event::Log`] goes on at `seq` + 1.
    Snapshot(Arc<Snapshot>),
    /// A room was resumed whole after a reconnect; what was missed has been
    /// told by [`Event::Log`] just before this.
    Resumed {
        /// The room.
        room: RoomId,
        /// How many events had been missed.
        missed: usize,
        /// Who is here now, at most 200.
        online: Vec<User>,
        /// How many are here now.
        online_count: u64,
    },
    /// A room's log goes on in another epoch. What was told of it up to now is
    /// all in there: a place in it is one of this epoch from here on.
    Epoch(NewEpoch),
    /// A room that was joined could not be joined again.
    RoomLost {
        /// The room.
        room: RoomId,
        /// Why.
        error: ErrorFrame,
    },
    /// Somebody is or is no longer writing.
    Typing(Typing),
    /// Somebody came or went.
    Presence(Presence),
    /// An error that answers no call, such as the one of [`Client::typing`](crate::Client::typing).
    Error(ErrorFrame),
    /// A connection stands, and rooms are being resumed.
    Connected {
        /// The node that holds it.
        node: ServerId,
        /// Its id.
        session: SessionId,
        /// Whether it is not the first one.
        again: bool,
    },
    /// The token of the connection ends in so long, and the connection with it: time to
    /// [`Client::renew`](crate::Client::renew) it.
    Expiring(Duration),
    /// The connection is lost; the client is coming back.
    Disconnected(Lost),
    /// The client does not come back; the last event.
    GaveUp(GaveUp),
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The node closed it.
    Closed {
        /// The close code; 1005 where there was none, 1006 where the socket just ended.
        code: u16,
        /// The node's words.
        reason: String,
    },
    /// The node asked for it with `reconnect`, and the time it named has come.
    Asked,
    /// The socket failed.
    Broken(String),
    /// Nothing was heard for two and a half heartbeats.
    Silent,
    /// A command was left without an answer, or could not be written, for too long.
    NoAnswer,
    /// The node broke the order of a room, or what it said cannot be understood.
    OutOfSync(String),
}

/// The bounded stream of what happened. Where it is not read, the socket is no
/// longer read either; a program that has no use for events drops it.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Event>,
}

impl Events {
    pub(crate) fn channel(capacity: usize) -> (mpsc::Sender<Event>, Self) {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        (sender, Self { receiver })
    }

    /// The next event; `None` after the last one.
    pub async fn next(&mut self) -> Option<Event> {
        self.receiver.recv().await
    }

    /// The next event, where one is waiting.
    pub fn try_next(&mut self) -> Option<Event> {
        self.receiver.try_recv().ok()
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        self.receiver.poll_recv(cx)
    }
}

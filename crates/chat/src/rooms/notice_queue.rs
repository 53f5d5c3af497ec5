//! Telling rooms who comes, goes and writes: several at once, and only so often.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::Mutex;
use rookery_protocol::{Envelope, RoomId, User, UserId, encode};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::Rooms;
use crate::{
    clock::Moment,
    room::{Enqueue, Room},
};

/// How often rooms are looked at that have something to tell.
const TICK: Duration = Duration::from_millis(50);

/// After how long a client forgets that somebody is typing if nothing more is heard.
const TYPING_EXPIRES_MS: u64 = 6_000;

/// What is still to be told.
#[derive(Debug, Default)]
pub(super) struct NoticeQueue {
    /// Rooms with something to tell to their members here, each once.
    rooms: Mutex<Vec<Arc<Room>>>,
    /// Who of this node's users writes, for the other nodes: the latest of each.
    typing: Mutex<IndexMap<(RoomId, UserId), Bytes>>,
    work: Notify,
}

/// Tells for as long as the node lives. What comes first after a quiet time is
/// told at once.
pub(crate) async fn run(rooms: Arc<Rooms>) {
    let mut waiting: Vec<Arc<Room>> = Vec::new();
    loop {
        if waiting.is_empty() {
            rooms.notices.work.notified().await;
        }
        waiting.append(&mut rooms.notices.rooms.lock());
        let now = Moment::now();
        waiting.retain(|room| !room.tell(now, &rooms.inboxes));
        rooms.publish_typing();
        tokio::time::sleep(TICK).await;
    }
}

impl Rooms {
    /// Has the room's members told, now or soon.
    pub(crate) fn enqueue(&self, room: &Arc<Room>, enqueue: Enqueue) {
        if enqueue == Enqueue::Yes {
            self.notices.rooms.lock().push(Arc::clone(room));
            self.notices.work.notify_one();
        }
    }

    /// A user of this node writes in a room, or no longer does: the sessions
    /// of the room here and, by the shared channel, elsewhere are told.
    pub(crate) fn typing(&self, room: &RoomId, user: &User, on: bool) {
        let json = Bytes::from(encode::typing(room, user, on, TYPING_EXPIRES_MS));
        if let Some(here) = self.followed(room) {
            let enqueue = here.note_typing(user.id.clone(), json.clone());
            self.enqueue(&here, enqueue);
        }
        let mut typing = self.notices.typing.lock();
        typing.insert((room.clone(), user.id.clone()), json);
        self.notices.work.notify_one();
    }

    /// Publishes who writes, all in one payload.
    fn publish_typing(self: &Arc<Self>) {
        let typing = std::mem::take(&mut *self.notices.typing.lock());
        let mut payload = Vec::new();
        for ((room, _), json) in &typing {
            if let Ok(data) = serde_json::from_slice::<&RawValue>(json) {
                Envelope::ephemeral(&self.server_id, "typing", Some(room), data)
                    .write_line(&mut payload);
            }
        }
        if payload.is_empty() {
            return;
        }
        let store = self.store.clone();
        self.background.start_soon("typing", async move {
            if let Err(error) = store.publish(payload).await {
                // Whoever would have seen it will see the next one.
                tracing::debug!(%error, "who writes was not published");
            }
        });
    }
}

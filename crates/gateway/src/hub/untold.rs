//! Telling rooms who comes, goes and writes: several at once, and only so often.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::Mutex;
use rookery_protocol::{Envelope, RoomId, User, UserId, encode};
use serde_json::value::RawValue;
use tokio::sync::Notify;

use super::Hub;
use crate::room::{Room, ToTell};

/// How often rooms are looked at that have something to tell.
const TICK: Duration = Duration::from_millis(50);

/// After how long a client forgets that somebody is typing if nothing more is heard.
const TYPING_EXPIRES_MS: u64 = 6_000;

/// What is still to be told.
#[derive(Debug, Default)]
pub(super) struct Untold {
    /// Rooms with something to tell to their members here, each once.
    rooms: Mutex<Vec<Arc<Room>>>,
    /// Who of this node's users writes, for the other nodes: the latest of each.
    typing: Mutex<IndexMap<(RoomId, UserId), Bytes>>,
    work: Notify,
}

/// Tells for as long as the node lives. What comes first after a quiet time is
/// told at once.
pub(super) async fn run(hub: Arc<Hub>) {
    let mut rooms = Vec::new();
    loop {
        if rooms.is_empty() {
            hub.untold.work.notified().await;
        }
        rooms.append(&mut hub.untold.rooms.lock());
        let now = Instant::now();
        rooms.retain(|room| !room.tell(now, &hub.workers));
        hub.publish_typing();
        tokio::time::sleep(TICK).await;
    }
}

impl Hub {
    /// Has the room's members told, now or soon.
    pub(super) fn tell_soon(&self, room: &Arc<Room>, to_tell: ToTell) {
        if to_tell == ToTell::Something {
            self.untold.rooms.lock().push(Arc::clone(room));
            self.untold.work.notify_one();
        }
    }

    /// A user of this node writes in a room, or no longer does: the sessions
    /// of the room here and, by the shared channel, elsewhere are told.
    pub(crate) fn typing(&self, room: &RoomId, user: &User, on: bool) {
        let json = Bytes::from(encode::typing(room, user, on, TYPING_EXPIRES_MS));
        if let Some(here) = self.followed_room(room) {
            let to_tell = here.note_typing(user.id.clone(), json.clone());
            self.tell_soon(&here, to_tell);
        }
        let mut typing = self.untold.typing.lock();
        typing.insert((room.clone(), user.id.clone()), json);
        self.untold.work.notify_one();
    }

    /// Publishes who writes, all in one payload.
    fn publish_typing(self: &Arc<Self>) {
        let typing = std::mem::take(&mut *self.untold.typing.lock());
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
        let hub = Arc::clone(self);
        self.start_soon("typing", async move {
            if let Err(error) = hub.store.publish(payload).await {
                // Whoever would have seen it will see the next one.
                tracing::debug!(%error, "who writes was not published");
            }
        });
    }
}

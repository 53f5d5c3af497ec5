//! Members who are no more: nothing behind the event that says so reaches them.

use rookery_protocol::{Event, RoomId, UserId};
use serde::Deserialize;

use super::{Memory, Room, RoomState, Sequencer};
use crate::delivery::{Inboxes, Instruction};

/// What the events begin with that may say so, and those by which the room is otherwise.
const MEMBER: &[u8] = br#"{"type":"member""#;
const CHANGED: &[u8] = br#"{"type":"changed""#;

/// As much of a `member` event as matters here.
#[derive(Deserialize)]
struct MemberEvent {
    user: Whom,
    change: String,
}

#[derive(Deserialize)]
struct Whom {
    id: UserId,
}

/// Who is a member no more behind this event.
fn gone_by(event: &Event) -> Option<UserId> {
    if !event.json().starts_with(MEMBER) {
        return None;
    }
    let MemberEvent { user, change } = serde_json::from_slice(event.json()).ok()?;
    let is_gone = matches!(change.as_str(), "left" | "removed" | "banned");
    is_gone.then_some(user.id)
}

impl RoomState {
    fn forget(&mut self) {
        self.sequencer = Sequencer::default();
        self.memory = Memory::default();
        self.recent.clear();
        self.closed = false;
        self.guarded = false;
    }

    /// Does what an event says that was just handed on.
    pub(super) fn take_heed(&mut self, room: &RoomId, event: &Event, inboxes: &Inboxes) {
        let is_changed = event.json().starts_with(CHANGED);
        if is_changed {
            // What is remembered of the room itself may be otherwise now.
            self.memory.doubt();
        }
        if is_changed || event.json().starts_with(MEMBER) {
            // Others may write than before.
            self.guarded = true;
        }
        if let Some(user) = gone_by(event) {
            evict(room, &user, inboxes);
        }
    }
}

/// Has all workers take a user out of a room: those who are just coming in are known to them
/// alone.
fn evict(room: &RoomId, user: &UserId, inboxes: &Inboxes) {
    inboxes.give_all(|| Instruction::Evict {
        room: room.clone(),
        user: user.clone(),
    });
}

impl Room {
    /// The room is gone with everything in it: so are its members, and what is remembered.
    pub(crate) fn give_up(&self, inboxes: &Inboxes) {
        self.state.lock().forget();
        inboxes.give_all(|| Instruction::EvictAll {
            room: self.id.clone(),
        });
    }

    /// The room is gone though nobody deleted it: its members come back and see.
    pub(crate) fn lose(&self, inboxes: &Inboxes) {
        let mut state = self.state.lock();
        state.forget();
        for worker in state.members.workers() {
            let room = self.id.clone();
            inboxes.give(worker, Instruction::OutOfSync { room });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_who_is_gone() {
        let gone = |json: &str| {
            let event = Event::new(1, None, json.as_bytes().to_vec());
            gone_by(&event).map(|user| user.to_string())
        };
        let member = |change: &str| {
            let user = r#""user":{"id":"anna","name":"A \"x\""}"#;
            format!(r#"{{"type":"member","room":"r","seq":1,"ts":2,{user},"change":"{change}"}}"#)
        };
        for change in ["left", "removed", "banned"] {
            assert_eq!(gone(&member(change)).as_deref(), Some("anna"));
        }
        for change in ["joined", "role", "muted", "unbanned"] {
            assert_eq!(gone(&member(change)), None);
        }
        assert_eq!(
            gone(r#"{"type":"message","room":"r","change":"left"}"#),
            None
        );
    }
}

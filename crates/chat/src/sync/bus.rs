//! The loop that listens to the other nodes: one loop, in order.
//!
//! A task per message would turn their order around. What this node has
//! delivered itself it drops; what is lost here is healed from the log.

use std::sync::Arc;

use bytes::Bytes;
use rookery_protocol::{BusMessage, CloseCode, Control, Envelope, Event, UserId, envelope};
use rookery_store::{Bus, BusEvent};

use super::Probe;
use crate::{
    delivery::{Instruction, Push},
    room::{HealRequest, Transition},
    rooms::Rooms,
    users::{Connected, Logins},
};

/// Who takes what the shared channel says.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) rooms: Arc<Rooms>,
    pub(crate) connected: Arc<Connected>,
    pub(crate) logins: Arc<Logins>,
    pub(crate) probe: Arc<Probe>,
}

/// Listens for as long as the store lives.
pub(crate) async fn run(listener: Arc<Listener>, mut bus: Bus) {
    let (metrics, health) = (&listener.rooms.metrics, &listener.rooms.health);
    while let Some(event) = bus.next().await {
        match event {
            BusEvent::Payload(payload) => listener.receive(&payload),
            BusEvent::Lagged(events) => {
                tracing::warn!(
                    events,
                    "the shared channel was faster than this node; reading the logs"
                );
                metrics.bus_lagged.inc();
                health.suspect_everything();
                listener.logins.doubt();
            }
            BusEvent::Reconnected => {
                tracing::info!("the shared channel is back; reading the logs");
                metrics.bus_reconnects.inc();
                health.store_memory.doubt();
                health.suspect_everything();
                listener.logins.doubt();
            }
        }
    }
}

impl Listener {
    /// Takes one payload of the shared channel.
    fn receive(&self, payload: &str) {
        let own = &self.rooms.server_id;
        // This node's own events, its share of all that comes here, have been delivered.
        for envelope in envelope::lines_but_events_of(own, payload) {
            match envelope {
                Ok(envelope) => {
                    let message = BusMessage::of(&envelope);
                    match envelope.server_id == own.as_str() {
                        true => self.take_echo(message),
                        false => self.take(&envelope, message),
                    }
                }
                Err(error) => {
                    self.rooms.metrics.bus_unknown.inc();
                    tracing::warn!(%error, "what came on the shared channel is no envelope");
                }
            }
        }
    }

    /// This node's own doings are done; only the probe listens for its echo.
    fn take_echo(&self, message: BusMessage<'_>) {
        if let BusMessage::Probe { json } = message {
            self.probe.heard(json);
        }
    }

    fn take(&self, envelope: &Envelope<'_>, message: BusMessage<'_>) {
        let rooms = &self.rooms;
        match message {
            BusMessage::Event {
                room,
                epoch,
                seq,
                expires_at,
                json,
            } => {
                let Some(room) = rooms.followed_by_name(room) else {
                    return;
                };
                rooms.metrics.bus_events.inc();
                let event = Event::new(seq, expires_at, Bytes::copy_from_slice(json.as_bytes()));
                if room.offer(&epoch, event, &rooms.inboxes) == HealRequest::Heal {
                    rooms.heal_soon(room);
                }
            }
            BusMessage::Typing { room, user, json } => {
                if let Some(room) = rooms.followed_by_name(room) {
                    let json = Bytes::copy_from_slice(json.as_bytes());
                    let enqueue = room.note_typing(user, json);
                    rooms.enqueue(&room, enqueue);
                }
            }
            BusMessage::Presence {
                room,
                who,
                online_count,
                at,
            } => self.take_transition(
                room,
                Transition {
                    who,
                    online_count,
                    at,
                },
            ),
            BusMessage::Receipt { room, json } => {
                if let Some(room) = rooms.followed_by_name(room) {
                    room.push_receipt(json.as_bytes(), &rooms.inboxes);
                }
            }
            BusMessage::ToUser { user, json } => self.tell_user(&user, json.as_bytes()),
            BusMessage::Control(control) => self.obey(control),
            BusMessage::Probe { json } => self.probe.heard_of(&envelope.server_id, json),
            BusMessage::Unknown => {
                rooms.metrics.bus_unknown.inc();
                tracing::debug!(kind = %envelope.kind, "another node says what this version does not know");
            }
        }
    }

    fn take_transition(&self, room: &str, transition: Transition) {
        let rooms = &self.rooms;
        let Some(room) = rooms.followed_by_name(room) else {
            return;
        };
        rooms.metrics.presence_events.inc();
        let enqueue = room.apply_transition(transition);
        rooms.enqueue(&room, enqueue);
        if room.roster_is_stale() {
            rooms.refresh_roster_soon(room);
        }
    }

    /// Tells all sessions that a user has here.
    pub(crate) fn tell_user(&self, user: &UserId, json: &[u8]) {
        for at in self.connected.of(user) {
            let bytes = self.rooms.inboxes.wire(at.wire).push(Push::ToUser(json));
            let connection = at.connection;
            let answer = Instruction::Answer { connection, bytes };
            self.rooms.inboxes.give(at.worker, answer);
        }
    }

    pub(crate) fn obey(&self, control: Control) {
        match control {
            Control::RevokeSession { user, session } => {
                let sessions = self.connected.of(&user);
                tracing::info!(%user, sessions = sessions.len(), "sessions are ended by an operator");
                for at in sessions {
                    let close = Instruction::Close {
                        connection: at.connection,
                        session: session.clone(),
                        code: CloseCode::SessionRevoked,
                    };
                    self.rooms.inboxes.give(at.worker, close);
                }
            }
            Control::EndLogins { user, logins } => self.logins.end(&user, &logins),
            Control::ShutOut { user } => self.logins.shut_out(&user),
            Control::Renamed { user } => self.logins.renamed(&user),
            Control::Registered { user } => self.logins.registered(&user),
            Control::Left { room, user } => self.rooms.left(&room, &user),
            Control::RoomDeleted { room } => self.rooms.give_up(&room),
        }
    }
}

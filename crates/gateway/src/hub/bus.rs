//! The loop that listens to the other nodes: one loop, in order.
//!
//! A task per message would turn their order around. What this node has
//! delivered itself it drops; what is lost here is healed from the log.

use std::sync::Arc;

use bytes::Bytes;
use rookery_protocol::{Envelope, Epoch, Event, envelope, server_frame};
use rookery_store::{Bus, BusEvent};
use serde::Deserialize;

use super::Hub;
use crate::room::{Transition, Wanted};

/// Listens for as long as the store lives.
pub(super) async fn run(hub: Arc<Hub>, mut bus: Bus) {
    while let Some(event) = bus.next().await {
        match event {
            BusEvent::Payload(payload) => hub.receive(&payload),
            BusEvent::Lagged(events) => {
                tracing::warn!(
                    events,
                    "the shared channel was faster than this node; reading the logs"
                );
                hub.metrics.bus_lagged.inc();
                hub.suspect_everything();
            }
            BusEvent::Reconnected => {
                tracing::info!("the shared channel is back; reading the logs");
                hub.metrics.bus_reconnects.inc();
                hub.store_memory.doubt();
                hub.suspect_everything();
            }
        }
    }
}

impl Hub {
    /// Takes one payload of the shared channel.
    fn receive(self: &Arc<Self>, payload: &str) {
        // This node's own events, its share of all that comes here, have been delivered.
        for envelope in envelope::lines_but_events_of(&self.server_id, payload) {
            match envelope {
                Ok(envelope) if envelope.server_id == self.server_id.as_str() => {
                    self.take_echo(&envelope);
                }
                Ok(envelope) => self.take_envelope(&envelope),
                Err(error) => {
                    tracing::warn!(%error, "what came on the shared channel is no envelope")
                }
            }
        }
    }

    /// This node's own events have been delivered; only the probe listens for its echo.
    fn take_echo(&self, envelope: &Envelope<'_>) {
        if envelope.kind == "probe" {
            self.probe.heard(envelope.data.get(), self);
        }
    }

    fn take_envelope(self: &Arc<Self>, envelope: &Envelope<'_>) {
        if envelope.kind == "probe" {
            return self.take_probe(&envelope.server_id, envelope.data.get());
        }
        let Some(room) = envelope
            .room
            .as_deref()
            .and_then(|room| self.followed_room_named(room))
        else {
            return;
        };
        match (
            envelope.kind.as_ref(),
            envelope.seq,
            envelope.epoch.as_deref(),
        ) {
            (_, Some(seq), Some(epoch)) => {
                self.metrics.bus_events.inc();
                let Ok(epoch) = Epoch::new(epoch) else { return };
                let json = envelope.data.get().as_bytes();
                let event = Event::new(seq, envelope.expires_at, json);
                if room.offer(&epoch, event, &self.workers) == Wanted::Healing {
                    self.heal_soon(room);
                }
            }
            ("typing", _, _) => {
                let json = envelope.data.get();
                let Ok(typing) = serde_json::from_str::<server_frame::Typing>(json) else {
                    return;
                };
                let json = Bytes::copy_from_slice(json.as_bytes());
                let to_tell = room.note_typing(typing.user.id, json);
                self.tell_soon(&room, to_tell);
            }
            ("presence", _, _) => {
                if let Some(transition) = transition(envelope.data.get()) {
                    self.metrics.presence_events.inc();
                    let to_tell = room.apply_transition(transition);
                    self.tell_soon(&room, to_tell);
                    if room.roster_is_stale() {
                        self.refresh_roster_soon(room);
                    }
                }
            }
            // A later version may say more.
            _ => {}
        }
    }
}

/// Reads the data of a presence envelope.
fn transition(data: &str) -> Option<Transition> {
    #[derive(Deserialize)]
    struct Data {
        #[serde(flatten)]
        presence: server_frame::Presence,
        at: u64,
    }
    let Data { presence, at } = serde_json::from_str(data).ok()?;
    let who = presence.user.zip(presence.status);
    Some(Transition {
        who,
        online_count: presence.online_count,
        at,
    })
}

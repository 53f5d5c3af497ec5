//! Somebody who reads a room through the client that comes back, and writes
//! down what they saw.

use rookery_client::{Client, ClientSettings, Event, Events, GaveUp, Lost};
use rookery_protocol::{RoomId, ServerId, server_frame::Status};
use tokio::{sync::watch, time::timeout};

use super::{Entry, SOON};

/// What a reader saw, in order.
#[derive(Debug, Default, Clone)]
pub(crate) struct Seen {
    pub(crate) log: Vec<Entry>,
    /// What a person at a screen would see of it now: a snapshot took the place
    /// of what was there before.
    pub(crate) view: Vec<Entry>,
    /// How often the log went on in another epoch.
    pub(crate) epochs: usize,
    /// The nodes that it was connected to.
    pub(crate) nodes: Vec<ServerId>,
    pub(crate) losses: Vec<Lost>,
    /// How many snapshots took the place of what was known.
    pub(crate) replaced: usize,
    pub(crate) gave_up: Option<GaveUp>,
    /// Who was heard leaving.
    pub(crate) left: Vec<String>,
    /// How many were heard to be there.
    pub(crate) online_count: u64,
}

pub(crate) struct Reader {
    pub(crate) client: Client,
    seen: watch::Receiver<Seen>,
}

impl Reader {
    /// Connects and joins.
    pub(crate) async fn join(settings: ClientSettings, room: &RoomId) -> Self {
        let (client, events) = Client::connect(settings).unwrap();
        let (told, seen) = watch::channel(Seen::default());
        tokio::spawn(write_down(events, room.clone(), told));
        client.join(room).await.unwrap();
        let mut reader = Self { client, seen };
        reader
            .until("the first snapshot", |seen| seen.replaced == 1)
            .await;
        reader
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) fn log(&self) -> Vec<Entry> {
        self.seen.borrow().log.clone()
    }

    /// What was received up to that number, without a snapshot in place of events.
    pub(crate) async fn whole_log(&mut self, last: u64) -> Vec<Entry> {
        self.reaches(last).await;
        self.assert_never_robbed();
        self.log()
    }

    /// Waits until what was seen is so.
    pub(crate) async fn until(&mut self, what: &str, condition: impl Fn(&Seen) -> bool) {
        let waiting = timeout(SOON, self.seen.wait_for(|seen| condition(seen))).await;
        let happened = matches!(waiting, Ok(Ok(_)));
        drop(waiting);
        if !happened {
            let mut seen = self.seen();
            let length = seen.log.len();
            seen.log.drain(..length.saturating_sub(3));
            seen.view.drain(..seen.view.len().saturating_sub(3));
            panic!("{what}: not within {SOON:?}; {length} events, the last: {seen:?}");
        }
    }

    /// Waits until an event was seen.
    pub(crate) async fn reaches(&mut self, seq: u64) {
        self.until(&format!("reading up to {seq}"), |seen| {
            seen.log.last().is_some_and(|(last, _)| *last >= seq)
        })
        .await;
    }

    /// That it was never sent out of order nor given a snapshot in place of events.
    pub(crate) fn assert_never_robbed(&self) {
        let seen = self.seen();
        assert_eq!(seen.replaced, 1, "not resumed whole: {:?}", seen.losses);
        let out_of_sync =
            |lost: &Lost| matches!(lost, Lost::OutOfSync(_) | Lost::Closed { code: 4004, .. });
        assert!(!seen.losses.iter().any(out_of_sync), "{:?}", seen.losses);
        assert_eq!(seen.gave_up, None);
    }
}

async fn write_down(mut events: Events, room: RoomId, told: watch::Sender<Seen>) {
    while let Some(event) = events.next().await {
        told.send_if_modified(|seen| note(seen, event, &room));
    }
}

/// Whether it was worth a note.
fn note(seen: &mut Seen, event: Event, room: &RoomId) -> bool {
    match event {
        Event::Log(event) if event.room == *room => {
            let text = event.message().map_or("", |message| &message.text);
            seen.log.push((event.seq, text.to_owned()));
            seen.view.push((event.seq, text.to_owned()));
        }
        Event::Snapshot(snapshot) if snapshot.room == *room => {
            seen.replaced += 1;
            let messages = snapshot.messages.iter().flatten();
            seen.view = messages
                .map(|message| (message.seq, message.text.clone()))
                .collect();
        }
        Event::Epoch(new) if new.room == *room => seen.epochs += 1,
        Event::Connected { node, .. } => seen.nodes.push(node),
        Event::Disconnected(lost) => seen.losses.push(lost),
        Event::Presence(presence) if presence.room == *room => {
            seen.online_count = presence.online_count;
            let left = presence.status == Some(Status::Offline);
            let user = presence.user.filter(|_| left);
            seen.left.extend(user.map(|user| user.id.to_string()));
        }
        Event::GaveUp(why) => seen.gave_up = Some(why),
        _ => return false,
    }
    true
}

//! Any sequence of appends and cursors, against a naive model.

use proptest::{prelude::*, test_runner::TestRunner};
use rookery_protocol::{Cursor, Epoch, Event, EventKind, client_frame::HistoryPage};
use rookery_store::{Append, Recovery, Store};

use crate::place::*;

/// How many messages are kept.
const KEPT: usize = 12;

#[derive(Debug, Clone)]
enum Step {
    Append(EventKind),
    /// An append by a node that knows of so many events more than there are.
    AppendAfterRollback(u64),
    /// A join through such a node.
    JoinAfterRollback(u64),
    Join {
        epochs_ago: usize,
        seq: u64,
        catch_up: u64,
        limit: u32,
    },
    EventsAfter {
        epochs_ago: usize,
        seq: u64,
        limit: usize,
    },
    Before(u64, u32),
    After(u64, u32),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        3 => Just(EventKind::Message),
        1 => Just(EventKind::Edited),
        1 => Just(EventKind::Reacted),
    ];
    let epochs_ago = prop_oneof![5 => Just(0_usize), 1 => Just(1_usize)];
    let seq = 0..40_u64;
    let join = (epochs_ago.clone(), seq.clone(), 0..15_u64, 1..10_u32);
    prop_oneof![
        8 => kind.prop_map(Step::Append),
        1 => (1..4_u64).prop_map(Step::AppendAfterRollback),
        1 => (1..4_u64).prop_map(Step::JoinAfterRollback),
        4 => join.prop_map(|(epochs_ago, seq, catch_up, limit)| Step::Join { epochs_ago, seq, catch_up, limit }),
        2 => (epochs_ago, seq.clone(), 0..15_usize)
            .prop_map(|(epochs_ago, seq, limit)| Step::EventsAfter { epochs_ago, seq, limit }),
        1 => (seq.clone(), 1..10_u32).prop_map(|(seq, limit)| Step::Before(seq, limit)),
        1 => (seq, 1..10_u32).prop_map(|(seq, limit)| Step::After(seq, limit)),
    ]
}

/// All that was ever stored, and the epochs, the present one last.
struct Model {
    room: String,
    epochs: Vec<Epoch>,
    head: u64,
    stored: Vec<(EventKind, Event)>,
}

impl Model {
    fn cursor(&self, epochs_ago: usize, seq: u64) -> Cursor {
        let place = self.epochs.len().saturating_sub(1 + epochs_ago);
        Cursor {
            epoch: self.epochs[place].clone(),
            seq,
        }
    }

    fn visible(&self) -> impl DoubleEndedIterator<Item = &(EventKind, Event)> {
        let messages = self
            .stored
            .iter()
            .filter(|(kind, _)| *kind == EventKind::Message);
        // The last message that is one too many, and what was before it.
        let floor = messages.rev().nth(KEPT).map_or(0, |(_, event)| event.seq);
        self.stored
            .iter()
            .filter(move |(_, event)| event.seq > floor)
    }

    /// The events after a number, up to the first hole.
    fn contiguous_after(&self, seq: u64) -> Vec<Event> {
        let mut events = Vec::new();
        let mut next = seq + 1;
        while let Some((_, event)) = self.visible().find(|(_, event)| event.seq == next) {
            events.push(event.clone());
            next += 1;
        }
        events
    }

    fn messages(&self, wanted: impl Fn(u64) -> bool) -> Vec<Event> {
        let messages = self
            .visible()
            .filter(|(kind, _)| *kind == EventKind::Message);
        let events = messages.map(|(_, event)| event.clone());
        events.filter(|event| wanted(event.seq)).collect()
    }

    fn recovery(&self, since: &Cursor, catch_up: u64, limit: u32) -> Recovery {
        let present = self.epochs.last() == Some(&since.epoch) && since.seq <= self.head;
        let missed = self.head.saturating_sub(since.seq);
        let events = self.contiguous_after(since.seq);
        if present && (catch_up == 0 || missed <= catch_up) && events.len() as u64 == missed {
            return Recovery::Events(events);
        }
        let messages = self.messages(|_| true);
        Recovery::Messages(messages[messages.len().saturating_sub(limit as usize)..].to_vec())
    }

    async fn append(&mut self, store: &Store, append: Append) {
        let kind = append.body.kind;
        let appended = store.append(append).await.unwrap();
        let event = appended.event.unwrap();
        assert_eq!(event.seq, self.head + 1);
        self.head = event.seq;
        self.stored.push((kind, event));
        if self.epochs.last() != Some(&appended.epoch) {
            self.epochs.push(appended.epoch);
        }
    }

    async fn take(&mut self, node: &Node, step: Step) {
        let id = room(&self.room);
        match step {
            Step::Append(kind) => {
                let epochs = self.epochs.len();
                self.append(&node.store, other_event(&self.room, kind))
                    .await;
                assert_eq!(self.epochs.len(), epochs);
            }
            Step::AppendAfterRollback(lost) => {
                let epochs = self.epochs.len();
                self.head += lost;
                let append = Append {
                    known: Some(self.cursor(0, self.head)),
                    ..message(&self.room, "after a rollback")
                };
                self.append(&node.store, append).await;
                assert_eq!(self.epochs.len(), epochs + 1);
            }
            Step::JoinAfterRollback(lost) => {
                let known = self.cursor(0, self.head + lost);
                let joined = node.join_with(&self.room, |join| join.known = Some(known));
                let joined = joined.await.unwrap();
                self.head += lost;
                assert!(!self.epochs.contains(&joined.head.epoch));
                self.epochs.push(joined.head.epoch);
                assert_eq!(joined.head.seq, self.head);
                assert_eq!(joined.recovery, Recovery::Messages(self.messages(|_| true)));
            }
            Step::Join {
                epochs_ago,
                seq,
                catch_up,
                limit,
            } => {
                let since = self.cursor(epochs_ago, seq);
                let expected = self.recovery(&since, catch_up, limit);
                let joined = node.join_with(&self.room, |join| {
                    join.since = Some(since);
                    join.catch_up = catch_up;
                    join.limit = limit;
                });
                let joined = joined.await.unwrap();
                assert_eq!(joined.head, self.cursor(0, self.head));
                assert_eq!(joined.recovery, expected);
            }
            Step::EventsAfter {
                epochs_ago,
                seq,
                limit,
            } => {
                let after = self.cursor(epochs_ago, seq);
                let mut expected = Vec::new();
                if self.epochs.last() == Some(&after.epoch) {
                    expected = self.contiguous_after(seq);
                    expected.truncate(limit);
                }
                let range = node.events_after(&id, &after, limit).await.unwrap();
                assert_eq!(range.head, self.cursor(0, self.head));
                assert_eq!(range.events, expected);
            }
            Step::Before(seq, limit) => {
                let all = self.messages(|number| number < seq);
                let start = all.len().saturating_sub(limit as usize);
                let page = node
                    .history(&id, None, HistoryPage::Before(seq), limit)
                    .await
                    .unwrap();
                assert_eq!((&page.messages[..], page.more), (&all[start..], start > 0));
            }
            Step::After(seq, limit) => {
                let all = self.messages(|number| number > seq);
                let end = all.len().min(limit as usize);
                let page = node
                    .history(&id, None, HistoryPage::After(seq), limit)
                    .await
                    .unwrap();
                assert_eq!(
                    (&page.messages[..], page.more),
                    (&all[..end], end < all.len())
                );
            }
        }
    }
}

pub(crate) async fn any_cursor_gets_exactly_the_events_or_a_snapshot(place: Place) {
    let node = place.node_with(at_most(KEPT as u64)).await;
    let runtime = tokio::runtime::Handle::current();
    let mut config = ProptestConfig::with_cases(place.property_cases());
    config.failure_persistence = None;
    let trying = tokio::task::spawn_blocking(move || {
        let rooms = std::cell::Cell::new(0);
        let steps = prop::collection::vec(step(), 1..60);
        TestRunner::new(config).run(&steps, |steps| {
            rooms.set(rooms.get() + 1);
            runtime.block_on(async {
                let room = format!("room-{}", rooms.get());
                let mut model = Model {
                    epochs: vec![node.open(&room).await.epoch],
                    room,
                    head: 0,
                    stored: Vec::new(),
                };
                for step in steps {
                    model.take(&node, step).await;
                }
            });
            Ok(())
        })
    });
    if let Err(error) = trying.await.unwrap() {
        panic!("{error}");
    }
}

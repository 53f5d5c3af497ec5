//! Visible messages are counted exactly, whatever happened: against a plain model.

use proptest::{prelude::*, test_runner::TestRunner};
use rookery_protocol::{EventKind, client_frame::HistoryPage};
use rookery_store::{Retention, StoreError};
use rookery_testing::RedisServer;

use crate::{
    overwrite::{deleting, editing},
    place::*,
};

/// How many messages are kept.
const KEPT: usize = 20;
const HOUR_MS: i64 = 3_600_000;

#[derive(Debug, Clone)]
enum Step {
    Append(EventKind),
    /// So many messages in one call.
    Many(usize),
    /// Overwrites one of the numbers there are.
    Overwrite(u64, bool),
    /// More time passes than a message lives.
    Pass,
    Count(u64, u64),
    Page(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![
        3 => Just(EventKind::Message),
        1 => Just(EventKind::Reacted),
    ];
    prop_oneof![
        6 => kind.prop_map(Step::Append),
        1 => (1..90_usize).prop_map(Step::Many),
        4 => (any::<u64>(), any::<bool>()).prop_map(|(pick, deleted)| Step::Overwrite(pick, deleted)),
        1 => Just(Step::Pass),
        4 => (0..120_u64, 0..120_u64).prop_map(|(after, up_to)| Step::Count(after, up_to)),
        1 => (0..120_u64).prop_map(Step::Page),
    ]
}

/// Whether each number is a visible message, and up to where nothing is to be seen.
struct Model {
    id: String,
    messages: Vec<bool>,
    floor: usize,
}

impl Model {
    /// The numbers of the messages that can be seen.
    fn visible(&self) -> Vec<u64> {
        let seen = (self.floor..self.messages.len()).filter(|&place| self.messages[place]);
        seen.map(|place| place as u64 + 1).collect()
    }

    fn append(&mut self, is_message: bool) {
        self.messages.push(is_message);
        if let Some(&last) = self.visible().iter().rev().nth(KEPT) {
            self.floor = last as usize;
        }
    }

    async fn take(&mut self, node: &Node, server: Option<&RedisServer>, step: Step) {
        let id = self.id.clone();
        match step {
            Step::Append(kind) => {
                let append = match kind {
                    EventKind::Message => message(&id, "hi"),
                    kind => other_event(&id, kind),
                };
                within(node.append(append)).await.unwrap();
                self.append(kind == EventKind::Message);
            }
            Step::Many(count) => {
                let texts = (0..count).map(|number| number.to_string());
                node.send_many(&id, texts).await;
                (0..count).for_each(|_| self.append(true));
            }
            Step::Overwrite(pick, deleted) => {
                let seq = pick % (self.messages.len() as u64 + 1);
                let there = self.visible().contains(&seq);
                let append = match deleted {
                    true => deleting(&id, seq),
                    false => editing(&id, seq, "x"),
                };
                let overwritten = within(node.append(append)).await;
                // What is deleted already is so without another event.
                let stored = matches!(&overwritten, Ok(appended) if appended.event.is_some());
                assert_eq!(stored, there, "{seq}: {overwritten:?}");
                if there {
                    self.append(false);
                    self.messages[seq as usize - 1] = !deleted;
                }
            }
            Step::Pass => {
                if let Some(server) = server {
                    server.step_clock(2 * HOUR_MS).unwrap();
                    self.floor = self.messages.len();
                }
            }
            Step::Count(after, up_to) => {
                let counted = within(node.count_messages(&room(&id), after, up_to))
                    .await
                    .unwrap();
                let visible = self.visible();
                let expected = visible.iter().filter(|&&seq| seq > after && seq <= up_to);
                assert_eq!(
                    counted,
                    expected.count() as u64,
                    "{after} to {up_to} of {visible:?}"
                );
            }
            Step::Page(seq) => {
                let page = node.page(&id, HistoryPage::Before(seq), 200).await;
                let seqs: Vec<_> = page.messages.iter().map(|event| event.seq).collect();
                let mut expected = self.visible();
                expected.retain(|other| *other < seq);
                assert_eq!((seqs, page.more), (expected, false));
            }
        }
    }
}

async fn try_histories(place: Place, retention: Retention, clock: bool) {
    let node = place.node_with(retention).await;
    let runtime = tokio::runtime::Handle::current();
    let mut config = ProptestConfig::with_cases(place.property_cases());
    config.failure_persistence = None;
    let trying = tokio::task::spawn_blocking(move || {
        let rooms = std::cell::Cell::new(0);
        let steps = prop::collection::vec(step(), 1..60);
        TestRunner::new(config).run(&steps, |steps| {
            rooms.set(rooms.get() + 1);
            let id = format!("event:{}", rooms.get());
            let server = match &place {
                Place::Redis(server) if clock => Some(server),
                _ => None,
            };
            runtime.block_on(async {
                node.open(&id).await;
                let mut model = Model {
                    id,
                    messages: Vec::new(),
                    floor: 0,
                };
                for step in steps {
                    model.take(&node, server, step).await;
                }
            });
            Ok(())
        })
    });
    if let Err(error) = trying.await.unwrap() {
        panic!("{error}");
    }
}

pub(crate) async fn any_history_is_counted_as_a_plain_model_does(place: Place) {
    try_histories(place, at_most(KEPT as u64), false).await;
}

/// With a clock that is stepped over the time that messages live.
pub(crate) async fn what_expires_is_counted_no_more(_: Place) {
    let place = Place::Redis(RedisServer::start_with_clock().unwrap());
    let retention = Retention {
        max_messages: KEPT as u64,
        ..short_lived(HOUR_MS as u64)
    };
    try_histories(place, retention, true).await;
}

pub(crate) async fn a_room_that_is_not_there_has_nothing_to_count(place: Place) {
    let node = place.node().await;
    let refused = within(node.count_messages(&room("nowhere"), 0, 9)).await;
    assert!(
        matches!(refused, Err(StoreError::NoSuchRoom(_))),
        "{refused:?}"
    );
}

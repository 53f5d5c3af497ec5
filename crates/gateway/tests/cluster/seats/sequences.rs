//! Random sequences of joins and leaves, over a store that delays and over the
//! embedded one, held against the model.

use std::{cell::Cell, time::Duration};

use futures_util::future::join_all;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, time::sleep};

use super::{
    far_away, memberships, metric_becomes,
    model::{Sent, Wish},
};
use crate::support::{Node, Raw, client, room, soon};

const ROOMS: usize = 3;

/// What one of the connections does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Say {
        connection: usize,
        room: usize,
        wish: Wish,
    },
    /// Something is written into a room.
    Write { room: usize },
    /// So many milliseconds pass.
    Pause(u64),
    /// All that was asked is answered.
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    let wish = prop_oneof![Just(Wish::Join), Just(Wish::Leave)];
    let say = (0..2usize, 0..ROOMS, wish);
    prop_oneof![
        12 => say.prop_map(|(connection, room, wish)| Step::Say { connection, room, wish }),
        3 => (0..ROOMS).prop_map(|room| Step::Write { room }),
        3 => (0..60u64).prop_map(Step::Pause),
        1 => Just(Step::Settle),
    ]
}

/// A connection, what it said, and what it got.
struct Talker {
    user: String,
    raw: Raw,
    sent: Sent,
    asked: Vec<u64>,
    got: Vec<Value>,
}

impl Talker {
    async fn new(node: &Node, user: String) -> Self {
        Self {
            raw: Raw::hello(node, &user).await,
            user,
            sent: Sent::default(),
            asked: vec![],
            got: vec![],
        }
    }

    async fn say(&mut self, names: &[String], room: usize, wish: Wish) {
        let kind = match wish {
            Wish::Join => "join",
            Wish::Leave => "leave",
        };
        let frame = json!({"type": kind, "room": names[room]});
        let id = self.raw.say(frame).await;
        self.sent.note(id, room, wish);
        self.asked.push(id);
    }

    /// Reads until all that was asked is answered.
    async fn settle(&mut self) {
        while !self.asked.is_empty() {
            let frame = self.raw.next().await;
            self.asked.retain(|id| frame["id"] != *id);
            self.got.push(frame);
        }
    }

    /// Reads until a message with that text.
    async fn hears(&mut self, room: &str, text: &str) {
        let is_it = |frame: &Value| frame["room"] == *room && frame["text"] == *text;
        while !self.got.iter().any(is_it) {
            let frame = self.raw.next().await;
            self.got.push(frame);
        }
    }

    /// Reads what has come.
    async fn catch_up(&mut self) {
        let id = self.raw.say(json!({"type": "ping"})).await;
        loop {
            let frame = self.raw.next().await;
            if frame["id"] == id {
                return;
            }
            self.got.push(frame);
        }
    }
}

/// Who is there, for somebody who looks.
async fn online(node: &Node, name: &str) -> Vec<String> {
    let mut probe = Raw::hello(node, "probe").await;
    let snapshot = probe.join(&room(name), None).await;
    probe.ask(json!({"type": "leave", "room": name})).await;
    let online = snapshot["online"].as_array().unwrap().iter();
    let ids = online.map(|user| user["id"].as_str().unwrap().to_owned());
    ids.filter(|id| id != "probe").collect()
}

async fn run(node: &Node, number: u32, steps: &[Step]) -> Result<(), String> {
    let names: Vec<_> = (0..ROOMS)
        .map(|room| format!("r-{number}-{room}"))
        .collect();
    let users = [format!("a-{number}"), format!("b-{number}")];
    let mut talkers = join_all(users.map(|user| Talker::new(node, user))).await;
    let author = client([node], "author");
    let maker_name = format!("maker-{number}");
    let mut maker = Raw::hello(node, &maker_name).await;
    for name in &names {
        // So that it can be written into.
        maker.join(&room(name), None).await;
    }
    for step in steps {
        match *step {
            Step::Say {
                connection,
                room,
                wish,
            } => {
                talkers[connection].say(&names, room, wish).await;
            }
            Step::Write { room: at } => {
                author.send(&room(&names[at]), "in between").await.unwrap();
            }
            Step::Pause(ms) => sleep(Duration::from_millis(ms)).await,
            Step::Settle => drop(join_all(talkers.iter_mut().map(Talker::settle)).await),
        }
    }
    for talker in &mut talkers {
        talker.settle().await;
    }
    for name in &names {
        author.send(&room(name), "the end").await.unwrap();
    }
    for talker in &mut talkers {
        for (at, name) in names.iter().enumerate() {
            if talker.sent.is_in(at) {
                talker.hears(name, "the end").await;
            }
        }
        talker.catch_up().await;
        talker.sent.check(&names, &talker.got)?;
        let wanted = (0..ROOMS).filter(|room| talker.sent.is_in(*room));
        let wanted: Vec<_> = wanted.map(|room| names[room].clone()).collect();
        let listed = memberships(node, &talker.user).await;
        if listed != wanted {
            return Err(format!("welcome lists {listed:?}, not {wanted:?}"));
        }
    }
    for (at, name) in names.iter().enumerate() {
        let here = talkers.iter().filter(|talker| talker.sent.is_in(at));
        let mut wanted: Vec<_> = here.map(|talker| talker.user.clone()).collect();
        wanted.push(maker_name.clone());
        wanted.sort();
        let becoming = async {
            loop {
                let mut online = online(node, name).await;
                online.sort();
                if online == wanted {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        soon(&format!("{wanted:?} being there"), becoming).await;
    }
    Ok(())
}

/// All sequences run on one node, each in rooms of its own; afterwards nothing
/// is left of them.
fn run_all(runtime: &Runtime, node: &Node, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let number = Cell::new(0);
    let ran = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |steps| {
        number.set(number.get() + 1);
        let ran = runtime.block_on(run(node, number.get(), &steps));
        ran.map_err(TestCaseError::fail)
    });
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    runtime.block_on(async {
        metric_becomes(node, "rookery_connections", 0.0).await;
        metric_becomes(node, "rookery_rooms", 0.0).await;
        metric_becomes(node, "rookery_users", 0.0).await;
    });
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn over_a_store_that_delays_the_last_word_counts() {
    let runtime = runtime();
    let cluster = runtime.block_on(far_away(1));
    run_all(&runtime, &cluster.nodes[0], 12);
}

#[test]
fn over_the_embedded_store_the_last_word_counts() {
    let runtime = runtime();
    let node = runtime.block_on(Node::start(&[("rooms.linger_ms", "0")]));
    run_all(&runtime, &node, 40);
}

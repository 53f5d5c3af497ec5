//! Catching up and looking agree: whoever folds the events of a room ends with what a fresh
//! snapshot says, over random histories, nodes and losses of connections.

use std::time::Duration;

use rand::{Rng, SeedableRng, rngs::StdRng};
use rookery_client::{Client, ClientError, ClientSettings, Event, Events, FoldedRoom};
use rookery_protocol::{ErrorCode, RoomId, UserId, server_frame::Snapshot};
use rookery_testing::Proxy;
use serde_json::{Value, json};

use crate::support::{Cluster, Node, Raw, client, client_settings, room, soon};

/// How much happens in a history: fewer messages than a snapshot shows.
const STEPS: usize = 150;

/// Somebody who folds what they are told, over a connection that is cut now and then.
struct Folder {
    _client: Client,
    events: Events,
    proxy: Proxy,
    room: FoldedRoom,
    seq: u64,
}

impl Folder {
    async fn join(node: &Node, general: &RoomId) -> Self {
        let proxy = Proxy::start(node.address()).unwrap();
        let settings = ClientSettings {
            targets: vec![format!("ws://{}/ws", proxy.address())],
            backoff_base: Duration::from_millis(5),
            backoff_cap: Duration::from_millis(20),
            ..client_settings([], "anna")
        };
        let (client, events) = Client::connect(settings).unwrap();
        let snapshot = client.join_from(general, None, Some(200)).await.unwrap();
        Self {
            _client: client,
            events,
            proxy,
            room: FoldedRoom::of(&snapshot, &reader()),
            seq: snapshot.seq,
        }
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Log(event) => {
                self.room.fold(event);
                self.seq = event.seq;
            }
            Event::Snapshot(snapshot) => {
                self.room = FoldedRoom::of(snapshot, &reader());
                self.seq = snapshot.seq;
            }
            _ => {}
        }
    }

    async fn reaches(&mut self, seq: u64) {
        soon("the end of the history", async {
            while self.seq < seq {
                let event = self.events.next().await.expect("it comes back");
                self.take(&event);
            }
        })
        .await;
    }
}

const EMOJI: [&str; 4] = ["👍", "❤️", "🎉", "👩‍🚀"];

fn reader() -> UserId {
    UserId::new("anna").unwrap()
}

/// Asks for what need not change anything: 0 is no number of an event.
async fn ask(who: &Client, frame: Value) -> Result<u64, ClientError> {
    let answer = who.ask(frame).await?;
    Ok(answer["seq"].as_u64().unwrap_or(0))
}

/// Something that somebody does; gives the number of what came of it.
async fn act(rng: &mut StdRng, people: &[Client], general: &RoomId, last: u64) -> u64 {
    let who = &people[rng.random_range(0..people.len())];
    let target = rng.random_range(0..=last + 1);
    let text = format!("{} \"{}\" \\ {}", rng.random::<u16>(), last, "ü".repeat(3));
    let done = match rng.random_range(0..16) {
        0..4 => who.send(general, text).await.map(|sent| sent.seq),
        4..7 => who.edit(general, target, text).await.map(|sent| sent.seq),
        7 => who.delete(general, target).await.map(|sent| sent.seq),
        8..10 => {
            let kind = ["pin", "unpin"][rng.random_range(0..2)];
            let frame = json!({"type": kind, "room": general, "target": target});
            ask(who, frame).await
        }
        _ => {
            // Several at once, of which some are told together.
            let targets = [target, rng.random_range(1..=last + 1)];
            let frame = |k: usize| {
                let emoji = EMOJI[(k + target as usize) % EMOJI.len()];
                let on = !(k + last as usize).is_multiple_of(3);
                json!({"type": "react", "room": general, "target": targets[k % 2], "emoji": emoji, "on": on})
            };
            let all = (0..4).map(|k| ask(&people[k], frame(k)));
            let all = futures_util::future::join_all(all).await;
            all.into_iter()
                .reduce(|one, other| match (one, other) {
                    (Ok(one), Ok(other)) => Ok(one.max(other)),
                    (Ok(seq), Err(_)) | (Err(_), Ok(seq)) => Ok(seq),
                    (error, _) => error,
                })
                .unwrap()
        }
    };
    match done {
        Ok(seq) => seq.max(last),
        Err(ClientError::Refused(error)) => {
            let wanted = [
                ErrorCode::NotFound,
                ErrorCode::Forbidden,
                ErrorCode::Conflict,
            ];
            assert!(wanted.contains(&error.code), "{error:?}");
            last
        }
        Err(error) => panic!("{error}"),
    }
}

async fn fresh(node: &Node, general: &RoomId) -> Snapshot {
    let mut raw = Raw::hello(node, "anna").await;
    let join = json!({"type": "join", "room": general, "limit": 200});
    let answer = raw.ask(join).await;
    serde_json::from_value(answer["room"].clone()).unwrap()
}

async fn hold(cluster: &Cluster, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let general = room(&format!("general{seed}"));
    let nodes = &cluster.nodes;
    let people: Vec<_> = (0..4)
        .map(|who| client([&nodes[who % nodes.len()]], ["anna", "ben"][who % 2]))
        .collect();
    // Who makes it pins; the others may not.
    let make = json!({"type": "create_room", "room": general, "kind": "public"});
    people[0].ask(make).await.unwrap();
    people[1].join(&general).await.unwrap();
    let mut last = 0;
    let mut folders = Vec::new();
    for step in 0..STEPS {
        if step % 40 == 0 {
            let node = &nodes[rng.random_range(0..nodes.len())];
            folders.push(Folder::join(node, &general).await);
        }
        if rng.random_range(0..8) == 0 {
            let which = rng.random_range(0..folders.len());
            folders[which].proxy.cut();
        }
        last = act(&mut rng, &people, &general, last).await;
    }
    for (at, folder) in folders.iter_mut().enumerate() {
        folder.reaches(last).await;
        for node in nodes {
            let fresh = fresh(node, &general).await;
            let folded: Vec<_> = folder.room.messages().cloned().collect();
            assert_eq!(Some(folded), fresh.messages, "folder {at} of seed {seed}");
            assert_eq!(folder.room.pins(), fresh.pins, "folder {at} of seed {seed}");
        }
    }
}

/// Each history is its own; the seed that fails says how to have it again.
async fn hold_for_some(cluster: &Cluster) {
    for _ in 0..4 {
        hold(cluster, rand::random::<u32>().into()).await;
    }
}

const UNHURRIED: [(&str, &str); 4] = [
    ("limits.user_rate", "100000"),
    ("limits.user_burst", "100000"),
    ("limits.send_rate", "100000"),
    ("limits.send_burst", "100000"),
];

#[tokio::test]
async fn who_folds_ends_with_what_is_shown_on_three_nodes_near_and_far() {
    let redis = rookery_testing::RedisServer::start().unwrap();
    let far = Proxy::to_port(redis.port()).unwrap();
    far.delay(Duration::from_millis(2), Duration::from_millis(4));
    let mut cluster = Cluster::over(redis, 2, &UNHURRIED).await;
    cluster.add_node_behind(&far).await;
    hold_for_some(&cluster).await;
}

#[tokio::test]
async fn who_folds_ends_with_what_is_shown_where_little_is_remembered() {
    let redis = rookery_testing::RedisServer::start().unwrap();
    let little = [&UNHURRIED[..], &[("limits.catch_up", "20")]].concat();
    let cluster = Cluster::over(redis, 2, &little).await;
    hold_for_some(&cluster).await;
}

#[tokio::test]
async fn who_folds_ends_with_what_is_shown_by_the_embedded_engine() {
    let embedded = [&UNHURRIED[..], &[("store", "embedded")]].concat();
    let redis = rookery_testing::RedisServer::start().unwrap();
    let mut cluster = Cluster::over(redis, 0, &[]).await;
    cluster.add_node_with(&embedded).await;
    hold_for_some(&cluster).await;
}

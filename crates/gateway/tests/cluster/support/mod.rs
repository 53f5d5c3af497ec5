//! Real nodes over a real Redis, people on them, and what they saw.

mod cluster;
mod http;
mod node;
mod online;
mod reader;
mod tokens;
mod watcher;
mod writer;

use std::{future::Future, time::Duration};

use rookery_client::{Client, ClientSettings};
use rookery_protocol::RoomId;

pub(crate) use cluster::Cluster;
pub(crate) use http::{call_api, get, latest_messages, post_message, request};
pub(crate) use node::{Node, signal};
pub(crate) use online::{online, online_becomes};
pub(crate) use reader::Reader;
pub(crate) use tokens::{SECRET, claims, sign, token};
pub(crate) use watcher::{Raw, Watched, Watcher};
pub(crate) use writer::{Acknowledged, Writers};

/// What everything that has to happen at all happens within, also on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(45);

/// Waits for something that has to happen.
pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(SOON, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: not within {SOON:?}"),
    }
}

pub(crate) fn room(name: &str) -> RoomId {
    RoomId::new(name).unwrap()
}

/// Settings of a client that tries these nodes in turn, from the first on.
pub(crate) fn client_settings<'a>(
    nodes: impl IntoIterator<Item = &'a Node>,
    user: &str,
) -> ClientSettings {
    let targets: Vec<_> = nodes.into_iter().map(Node::ws).collect();
    ClientSettings {
        // So that tests of long outages do not take long themselves.
        backoff_cap: Duration::from_secs(2),
        ..ClientSettings::new(targets, token(user))
    }
}

/// A client without anybody who reads its events.
pub(crate) fn client<'a>(nodes: impl IntoIterator<Item = &'a Node>, user: &str) -> Client {
    Client::connect(client_settings(nodes, user)).unwrap().0
}

/// The one line of everything that was seen in a room: a number and a text.
pub(crate) type Entry = (u64, String);

/// Holds what several saw of one room against each other and against what was
/// acknowledged: one order, no hole, no repeat, nothing acknowledged missing,
/// nothing stored twice.
pub(crate) fn assert_one_log(acknowledged: &[Acknowledged], logs: &[(&str, Vec<Entry>)]) {
    let (first_name, first) = &logs[0];
    for (name, log) in logs {
        for pair in log.windows(2) {
            assert_eq!(
                pair[1].0,
                pair[0].0 + 1,
                "{name}: {pair:?} do not follow each other"
            );
        }
        assert_eq!(
            first.len(),
            log.len(),
            "{first_name} and {name} saw different numbers of events"
        );
        if let Some((a, b)) = first.iter().zip(log).find(|(a, b)| a != b) {
            panic!("{first_name} saw {a:?} where {name} saw {b:?}");
        }
    }
    let mut texts: Vec<_> = first.iter().map(|(_, text)| text).collect();
    texts.sort();
    for pair in texts.windows(2) {
        assert_ne!(pair[0], pair[1], "stored twice");
    }
    for sent in acknowledged {
        let found = first.iter().find(|(seq, _)| *seq == sent.seq);
        assert_eq!(
            found.map(|(_, text)| text),
            Some(&sent.text),
            "{sent:?} was acknowledged, but is not in the log"
        );
    }
}

/// Where something of a room stands in Redis.
pub(crate) fn key_of(kind: &str, room: &str) -> String {
    let id = rookery_protocol::RoomId::new(room).unwrap();
    let partition = rookery_store::Partition::of_room(&id);
    format!("rookery:{{{partition}}}:{kind}:{room}")
}

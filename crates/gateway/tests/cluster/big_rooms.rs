//! Rooms with more people than are named one by one.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Cluster, Raw, room, soon};

/// More than are named, and how many of them go again.
const CROWD: usize = 230;
const GOING: usize = 100;

fn ids(online: &Value) -> BTreeSet<String> {
    let online = online.as_array().expect("a list").iter();
    online
        .map(|user| user["id"].as_str().unwrap().to_owned())
        .collect()
}

/// What a client knows of who is there, by what the protocol says.
struct Known {
    people: BTreeSet<String>,
    count: u64,
}

impl Known {
    fn of(snapshot: &Value) -> Self {
        Self {
            people: ids(&snapshot["online"]),
            count: snapshot["online_count"].as_u64().unwrap(),
        }
    }

    fn take(&mut self, frame: &Value) {
        if frame["type"] != "presence" {
            return;
        }
        self.count = frame["online_count"].as_u64().unwrap();
        if frame["online"].is_array() {
            self.people = ids(&frame["online"]);
        }
        let Some(user) = frame["user"]["id"].as_str() else {
            return;
        };
        match frame["status"].as_str() {
            Some("online") => _ = self.people.insert(user.to_owned()),
            _ => _ = self.people.remove(user),
        }
    }

    async fn becomes(&mut self, raw: &mut Raw, wanted: &BTreeSet<String>) {
        let becoming = async {
            while self.people != *wanted || self.count != wanted.len() as u64 {
                self.take(&raw.next().await);
            }
        };
        soon("everybody is known again", becoming).await;
    }
}

#[tokio::test]
async fn newcomers_are_shown_some_of_many_and_all_are_right_again_when_fewer_are_there() {
    let cluster = Cluster::start(2).await;
    let general = room("general");
    let mut early = Raw::hello(&cluster.nodes[0], "early").await;
    let mut of_early = Known::of(&early.join(&general, None).await);
    let coming = (0..CROWD).map(|number| {
        let (node, general) = (&cluster.nodes[number % 2], &general);
        async move {
            let mut raw = Raw::hello(node, &format!("u-{number}")).await;
            raw.join(general, None).await;
            raw
        }
    });
    let mut crowd = join_all(coming).await;
    soon("all are counted", async {
        while of_early.count < CROWD as u64 + 1 {
            of_early.take(&early.next().await);
        }
    })
    .await;

    let mut all: BTreeSet<String> = (0..CROWD).map(|number| format!("u-{number}")).collect();
    all.insert("early".to_owned());
    let mut late = [
        Raw::hello(&cluster.nodes[0], "late").await,
        Raw::hello(&cluster.nodes[1], "late").await,
    ];
    let mut of_late = vec![];
    for raw in &mut late {
        let snapshot = raw.join(&general, None).await;
        let known = Known::of(&snapshot);
        let listed = snapshot["online"].as_array().unwrap().len();
        assert_eq!((listed, known.people.len()), (200, 200), "each once");
        assert!(known.count > CROWD as u64, "{}", known.count);
        all.insert("late".to_owned());
        assert!(known.people.is_subset(&all));
        of_late.push(known);
    }

    for (number, mut raw) in crowd.drain(..GOING).enumerate() {
        let left = raw.ask(json!({"type": "leave", "room": "general"})).await;
        assert_eq!(left["type"], "ok");
        all.remove(&format!("u-{number}"));
    }
    of_early.becomes(&mut early, &all).await;
    for (raw, known) in late.iter_mut().zip(&mut of_late) {
        known.becomes(raw, &all).await;
    }
}

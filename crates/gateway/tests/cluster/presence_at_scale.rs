//! Nodes with twenty thousand rooms come and go: no entry stays behind, and
//! nobody else leaves.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::sleep;

use crate::support::{Cluster, Node, Raw, Watcher, room, soon};

const ROOMS_EACH: usize = 500;
/// Twenty thousand rooms of one node, and five thousand of another.
const PEOPLE_OF_KILLED: usize = 40;
const PEOPLE_OF_STOPPED: usize = 10;

/// Short times, so that a node that is busy with another one's end for long loses its own.
const BRISK: [(&str, &str); 5] = [
    ("presence.grace_ms", "600"),
    ("presence.lease_ms", "1500"),
    ("drain_ms", "500"),
    ("limits.rooms_made_per_hour", "0"),
    ("limits.rooms_per_user", "0"),
];

/// People of a node, each in rooms of their own.
async fn fill(node: &Node, name: &str, people: usize) -> Vec<Watcher> {
    let people = (0..people).map(|number| async move {
        let user = format!("{name}-{number}");
        let mut raw = Raw::hello(node, &user).await;
        // A few at a time: on a busy machine all of them may take longer than a heartbeat.
        for first in (0..ROOMS_EACH).step_by(25) {
            let mut asked = vec![];
            for room in first..first + 25 {
                let join = json!({"type": "join", "room": format!("{user}-{room}"), "limit": 1});
                asked.push(raw.say(join).await);
            }
            for id in asked {
                assert_eq!(raw.answer(id).await["type"], "ok");
            }
            raw.unasked.clear();
        }
        Watcher::of(raw)
    });
    join_all(people).await
}

fn entries(cluster: &Cluster) -> usize {
    let count = |pattern: &str| {
        let keys = cluster.redis().command(&["KEYS", pattern]).unwrap();
        keys.lines().filter(|line| !line.is_empty()).count()
    };
    count("rookery:*:online:*") + count("rookery:*:held:*")
}

async fn entries_become(cluster: &Cluster, count: usize) {
    let becoming = async {
        while entries(cluster) != count {
            sleep(Duration::from_millis(100)).await;
        }
    };
    soon(&format!("{count} entries"), becoming).await;
}

#[tokio::test]
async fn nodes_that_go_with_twenty_thousand_rooms_take_nobody_else_along() {
    let mut cluster = Cluster::start_with(4, &BRISK).await;
    let general = room("general");
    // One healthy user on each of the nodes that stay, seen from the other one.
    let mut healthy = vec![];
    for (number, node) in cluster.nodes[2..].iter().enumerate() {
        healthy.push(Watcher::join(node, &format!("healthy-{number}"), &general).await);
    }
    for watcher in &mut healthy {
        watcher
            .until("both online", |seen| {
                seen.presence.last().is_some_and(|last| last.2 == 2)
            })
            .await;
    }
    let stays = entries(&cluster);
    let (_killed, _stopped) = tokio::join!(
        fill(&cluster.nodes[0], "killed", PEOPLE_OF_KILLED),
        fill(&cluster.nodes[1], "stopped", PEOPLE_OF_STOPPED)
    );
    let all = stays + 2 * (PEOPLE_OF_KILLED + PEOPLE_OF_STOPPED) * ROOMS_EACH;
    entries_become(&cluster, all).await;

    // One after the other, as a rolling restart does.
    cluster.nodes[0].kill();
    cluster.nodes[1].signal("TERM");
    let status = cluster.nodes[1].ends(Duration::from_secs(30)).await;
    assert_eq!(status.code(), Some(0));
    entries_become(&cluster, stays).await;
    // Whatever was believed of the others meanwhile would be seen by now.
    sleep(Duration::from_secs(3)).await;
    assert_eq!(entries(&cluster), stays);
    for watcher in &healthy {
        assert_eq!(watcher.seen().left(), [""; 0]);
    }
}

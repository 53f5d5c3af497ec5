//! Several nodes over one Redis.

use rookery_protocol::ServerId;
use rookery_store::{Lease, Settings};

use crate::{place::*, presence::all_told};

/// A node whose lease runs out soon unless it is renewed.
fn mortal(place: &Place, server_id: &str) -> Settings {
    Settings {
        lease_ms: 300,
        ..place.settings(server_id)
    }
}

/// A node whose lease lasts as long as any case.
async fn lasting(place: &Place, server_id: &str) -> Node {
    let node = Node::connect(Settings {
        lease_ms: 600_000,
        ..place.settings(server_id)
    })
    .await;
    within(node.renew_lease()).await.unwrap();
    node
}

pub(crate) async fn nodes_share_one_log(place: Place) {
    let mut one = lasting(&place, "n_1").await;
    let mut other = lasting(&place, "n_2").await;
    let start = one.open("general").await;
    assert_eq!(other.open("general").await, start);
    for expected in [1, 3, 5] {
        assert_eq!(one.send("general", "x").await.seq, expected);
        assert_eq!(other.send("general", "y").await.seq, expected + 1);
    }
    assert_eq!(one.latest("general").await, other.latest("general").await);
    let lines = one.lines(6).await;
    assert_eq!(lines, other.lines(6).await);
    let from: Vec<_> = lines.iter().map(|line| line.server_id.as_str()).collect();
    assert_eq!(from, ["n_1", "n_2", "n_1", "n_2", "n_1", "n_2"]);
}

pub(crate) async fn a_nonce_is_known_on_every_node(place: Place) {
    let one = lasting(&place, "n_1").await;
    let other = lasting(&place, "n_2").await;
    one.open("general").await;
    let append = message_with_nonce("general", "x", "a");
    let first = within(one.append(append.clone())).await.unwrap();
    let again = within(other.append(append)).await.unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, first.ts, None));
}

pub(crate) async fn a_user_on_two_nodes_is_one_user(place: Place) {
    let mut one = lasting(&place, "n_1").await;
    let other = lasting(&place, "n_2").await;
    let alex = user("u_1", "Alex");
    one.presence("a", &alex, true).await;
    other.presence("a", &alex, true).await;
    assert_eq!(within(one.online(&room("a"))).await.unwrap().count, 1);
    one.presence("a", &alex, false).await;
    assert_eq!(within(one.online(&room("a"))).await.unwrap().count, 1);
    assert_eq!(
        all_told(&mut one).await.len(),
        1,
        "came once, and is still there"
    );
    other.presence("a", &alex, false).await;
    assert_eq!(within(one.online(&room("a"))).await.unwrap().count, 0);
    let told = all_told(&mut one).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["status"], "offline");
}

pub(crate) async fn another_name_on_another_node_is_told(place: Place) {
    let mut one = lasting(&place, "n_1").await;
    let other = lasting(&place, "n_2").await;
    let (alex, alexandra) = (user("u_1", "Alex"), user("u_1", "Alexandra"));
    one.presence("a", &alex, true).await;
    other.presence("a", &alexandra, true).await;
    other.presence("a", &alexandra, false).await;
    assert_eq!(
        within(one.online(&room("a"))).await.unwrap().users,
        [alexandra]
    );
    let told = all_told(&mut one).await;
    let names: Vec<_> = told
        .iter()
        .map(|told| {
            (
                &told["user"]["name"],
                &told["status"],
                &told["online_count"],
            )
        })
        .collect();
    let online = serde_json::json!(["Alex", "Alexandra", "online", 1]);
    assert_eq!(
        names,
        [
            (&online[0], &online[2], &online[3]),
            (&online[1], &online[2], &online[3])
        ]
    );
}

pub(crate) async fn the_dead_are_swept_once(place: Place) {
    let dead = Node::connect(mortal(&place, "n_dead")).await;
    let mut one = lasting(&place, "n_1").await;
    let other = lasting(&place, "n_2").await;
    within(dead.renew_lease()).await.unwrap();
    let (alex, bea, cem) = (user("u_1", "Alex"), user("u_2", "Bea"), user("u_3", "Cem"));
    for id in ["a", "b"] {
        dead.presence(id, &alex, true).await;
        dead.presence(id, &bea, true).await;
        one.presence(id, &bea, true).await;
        other.presence(id, &cem, true).await;
    }
    one.lines_so_far().await;

    // Both survivors look at once, again and again, until one of them finds it.
    let swept = eventually("the dead node is swept", async || {
        let (by_one, by_other) = tokio::join!(one.sweep_dead_nodes(), other.sweep_dead_nodes());
        let swept = [by_one.unwrap(), by_other.unwrap()].concat();
        (!swept.is_empty()).then_some(swept)
    })
    .await;
    assert_eq!(swept, [ServerId::new("n_dead").unwrap()]);
    assert_eq!(within(other.sweep_dead_nodes()).await.unwrap(), []);
    for id in ["a", "b"] {
        let online = within(one.online(&room(id))).await.unwrap();
        assert_eq!(online.count, 2, "Bea is on another node too");
        assert!(!online.users.contains(&alex));
    }
    let told = all_told(&mut one).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|told| told["user"]["id"] == "u_1" && told["status"] == "offline")
    );
}

pub(crate) async fn a_node_that_was_swept_has_a_fresh_lease(place: Place) {
    let slow = Node::connect(mortal(&place, "n_slow")).await;
    let other = lasting(&place, "n_2").await;
    assert_eq!(within(slow.renew_lease()).await.unwrap(), Lease::Fresh);
    let alex = user("u_1", "Alex");
    slow.presence("a", &alex, true).await;
    eventually("the slow node is swept", async || {
        (!other.sweep_dead_nodes().await.unwrap().is_empty()).then_some(())
    })
    .await;
    assert_eq!(within(other.online(&room("a"))).await.unwrap().count, 0);

    assert_eq!(within(slow.renew_lease()).await.unwrap(), Lease::Fresh);
    slow.presence("a", &alex, true).await;
    assert_eq!(
        within(other.online(&room("a"))).await.unwrap().users,
        [alex]
    );
}

pub(crate) async fn a_node_gives_up_only_its_own(place: Place) {
    let leaving = lasting(&place, "n_1").await;
    let mut staying = lasting(&place, "n_2").await;
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    leaving.presence("a", &alex, true).await;
    leaving.presence("a", &bea, true).await;
    staying.presence("a", &bea, true).await;
    staying.lines_so_far().await;
    within(leaving.give_up_lease()).await.unwrap();
    assert_eq!(
        within(staying.online(&room("a"))).await.unwrap().users,
        [bea]
    );
    let told = all_told(&mut staying).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["user"]["id"], &told[0]["online_count"]),
        (&"u_1".into(), &1.into())
    );
    assert_eq!(within(staying.sweep_dead_nodes()).await.unwrap(), []);
}

//! Several nodes over one Redis.

use std::time::{Duration, Instant};

use rookery_protocol::ServerId;
use rookery_store::{GoneNode, Lease, PresenceChange, PresenceTimes, Settings, StoreError};
use rookery_testing::{Proxy, RedisServer};

use crate::{keys, place::*, presence::all_told};

/// Short times, so that a case need not wait for long.
pub(crate) const BRISK: PresenceTimes = PresenceTimes {
    lease: Duration::from_millis(500),
    grace: Duration::from_millis(500),
};

/// Times that are kept on a busy machine too.
const STEADY: PresenceTimes = PresenceTimes {
    lease: Duration::from_millis(2000),
    grace: Duration::from_millis(2000),
};

fn brisk(place: &Place, server_id: &str) -> Settings {
    Settings {
        presence: BRISK,
        ..place.settings(server_id)
    }
}

/// A node that has a lease.
async fn leased(place: &Place, server_id: &str) -> Node {
    Node::leased(brisk(place, server_id)).await
}

/// Has these nodes live and look once.
async fn look(nodes: &[&Node]) -> Vec<GoneNode> {
    for node in nodes {
        assert_eq!(within(node.renew_lease()).await.unwrap(), Lease::Kept);
    }
    let mut gone = Vec::new();
    for swept in
        futures_util::future::join_all(nodes.iter().map(|node| node.sweep_gone_nodes())).await
    {
        gone.extend(swept.unwrap());
    }
    gone
}

/// Has these nodes live and look until one of them has swept somebody.
pub(crate) async fn swept_by(nodes: &[&Node]) -> Vec<GoneNode> {
    eventually("somebody is swept", async || {
        let gone = look(nodes).await;
        (!gone.is_empty()).then_some(gone)
    })
    .await
}

/// The same for so long, in which nobody must be.
async fn nobody_is_swept_by(nodes: &[&Node], span: Duration) {
    let until = Instant::now() + span;
    while Instant::now() < until {
        assert_eq!(look(nodes).await, []);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn gone(node: &str, stopped: bool, taken: u64) -> GoneNode {
    GoneNode {
        node: ServerId::new(node).unwrap(),
        stopped,
        taken,
    }
}

async fn users(node: &Node, room_id: &str) -> Vec<String> {
    let online = within(node.online(&room(room_id))).await.unwrap();
    assert_eq!(online.count, online.users.len() as u64);
    let mut users: Vec<_> = online
        .users
        .iter()
        .map(|user| user.id.to_string())
        .collect();
    users.sort();
    users
}

/// What the server holds of presence.
fn presence_keys(server: &RedisServer) -> Vec<String> {
    let mut keys = Vec::new();
    for pattern in ["rookery:*:online:*", "rookery:*:held:*", "rookery:*:life:*"] {
        let found = server.command(&["KEYS", pattern]).unwrap();
        keys.extend(
            found
                .lines()
                .filter(|key| !key.is_empty())
                .map(str::to_owned),
        );
    }
    keys
}

pub(crate) async fn nodes_share_one_log(place: Place) {
    let mut one = leased(&place, "n_1").await;
    let mut other = leased(&place, "n_2").await;
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
    let one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
    one.open("general").await;
    let append = message_with_nonce("general", "x", "a");
    let first = within(one.append(append.clone())).await.unwrap();
    let again = within(other.append(append)).await.unwrap();
    assert_eq!((again.seq, again.ts, again.event), (1, first.ts, None));
}

pub(crate) async fn a_user_on_two_nodes_is_one_user(place: Place) {
    let mut one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
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
    let mut one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
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
    let dead = leased(&place, "n_dead").await;
    let mut one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
    let (alex, bea, cem) = (user("u_1", "Alex"), user("u_2", "Bea"), user("u_3", "Cem"));
    for id in ["a", "b"] {
        dead.presence(id, &alex, true).await;
        dead.presence(id, &bea, true).await;
        one.presence(id, &bea, true).await;
        other.presence(id, &cem, true).await;
    }
    one.lines_so_far().await;

    // Both survivors look at once, again and again, until one of them finds it.
    assert_eq!(swept_by(&[&one, &other]).await, [gone("n_dead", false, 4)]);
    nobody_is_swept_by(&[&one, &other], 2 * BRISK.lease).await;
    for id in ["a", "b"] {
        assert_eq!(
            users(&one, id).await,
            ["u_2", "u_3"],
            "Bea is on another node too"
        );
    }
    let told = all_told(&mut one).await;
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.iter()
            .all(|told| told["user"]["id"] == "u_1" && told["status"] == "offline")
    );
}

pub(crate) async fn a_node_that_was_swept_enters_everybody_again(mut place: Place) {
    let slow = leased(&place, "n_slow").await;
    let other = leased(&place, "n_2").await;
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    slow.presence("a", &alex, true).await;
    slow.presence("a", &bea, true).await;
    for _ in 0..2 {
        assert_eq!(swept_by(&[&other]).await.len(), 1);
        assert_eq!(users(&other, "a").await, [""; 0]);
        let refused = within(slow.change_presence(&[])).await;
        assert!(refused.is_ok(), "nothing is nothing: {refused:?}");
        let change = PresenceChange {
            room: room("a"),
            user: alex.clone(),
            online: true,
        };
        let refused = within(slow.change_presence(&[change])).await;
        assert!(matches!(refused, Err(StoreError::NoLease)), "{refused:?}");
        assert_eq!(users(&other, "a").await, [""; 0]);

        assert_eq!(within(slow.renew_lease()).await.unwrap(), Lease::Fresh);
        slow.presence("a", &alex, true).await;
        assert_eq!(users(&other, "a").await, ["u_1"]);
    }
    nobody_is_swept_by(&[&slow, &other], 2 * BRISK.lease).await;
    slow.presence("a", &alex, false).await;
    assert_eq!(presence_keys(place.server()), [""; 0]);
}

pub(crate) async fn nobody_is_entered_without_a_lease(mut place: Place) {
    let node = Node::connect(brisk(&place, "n_1")).await;
    let change = PresenceChange {
        room: room("a"),
        user: user("u_1", "Alex"),
        online: true,
    };
    let change = std::slice::from_ref(&change);
    let refused = within(node.change_presence(change)).await;
    assert!(matches!(refused, Err(StoreError::NoLease)), "{refused:?}");
    within(node.renew_lease()).await.unwrap();
    within(node.change_presence(change)).await.unwrap();
    place.server().command(&["FLUSHALL"]).unwrap();
    let refused = within(node.change_presence(change)).await;
    assert!(matches!(refused, Err(StoreError::NoLease)), "{refused:?}");
    assert_eq!(presence_keys(place.server()), [""; 0]);
    assert_eq!(within(node.renew_lease()).await.unwrap(), Lease::Fresh);
    within(node.change_presence(change)).await.unwrap();
    assert_eq!(users(&node, "a").await, ["u_1"]);
}

pub(crate) async fn a_node_that_stops_leaves_its_users_their_grace_time(mut place: Place) {
    let stopping = leased(&place, "n_1").await;
    let mut staying = leased(&place, "n_2").await;
    let (alex, bea, cem) = (user("u_1", "Alex"), user("u_2", "Bea"), user("u_3", "Cem"));
    for user in [&alex, &bea, &cem] {
        stopping.presence("a", user, true).await;
    }
    staying.presence("a", &bea, true).await;
    staying.lines_so_far().await;
    within(stopping.give_up_lease()).await.unwrap();

    let refused = within(stopping.renew_lease()).await;
    assert!(matches!(refused, Err(StoreError::NoLease)), "{refused:?}");
    let change = PresenceChange {
        room: room("a"),
        user: alex.clone(),
        online: true,
    };
    let refused = within(stopping.change_presence(&[change])).await;
    assert!(matches!(refused, Err(StoreError::NoLease)), "{refused:?}");

    // Cem is back elsewhere in time; Alex is not.
    assert_eq!(users(&staying, "a").await, ["u_1", "u_2", "u_3"]);
    staying.presence("a", &cem, true).await;
    assert_eq!(swept_by(&[&staying]).await, [gone("n_1", true, 3)]);
    assert_eq!(users(&staying, "a").await, ["u_2", "u_3"]);
    let told = all_told(&mut staying).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["user"]["id"], &told[0]["online_count"]),
        (&"u_1".into(), &2.into())
    );
    for user in [&bea, &cem] {
        staying.presence("a", user, false).await;
    }
    assert_eq!(presence_keys(place.server()), [""; 0]);
}

pub(crate) async fn a_node_that_stops_with_nobody_is_forgotten_at_once(mut place: Place) {
    let stopping = leased(&place, "n_1").await;
    stopping.presence("a", &user("u_1", "Alex"), true).await;
    stopping.presence("a", &user("u_1", "Alex"), false).await;
    within(stopping.give_up_lease()).await.unwrap();
    within(stopping.give_up_lease()).await.unwrap();
    assert_eq!(
        place.server().command(&["HLEN", "rookery:leases"]).unwrap(),
        "0"
    );
}

pub(crate) async fn who_dies_while_sweeping_is_taken_over_from(place: Place) {
    let dead = leased(&place, "n_dead").await;
    let one = leased(&place, "n_1").await;
    let alex = user("u_1", "Alex");
    dead.presence("a", &alex, true).await;
    one.presence("b", &alex, true).await;
    let Place::Redis(server) = &place else {
        unreachable!()
    };
    // As somebody leaves it who claimed the life and died.
    server
        .command(&["HSET", "rookery:leases", "n_dead.1", "swept somebody:3"])
        .unwrap();
    assert_eq!(swept_by(&[&one]).await, [gone("n_dead", false, 1)]);
    assert_eq!(users(&one, "a").await, [""; 0]);
    assert_eq!(users(&one, "b").await, ["u_1"]);
}

/// The answer to a renewal is lost, and so is what the node had entered.
pub(crate) async fn a_renewal_that_was_not_heard_is_no_renewal(place: Place) {
    let Place::Redis(server) = &place else {
        unreachable!()
    };
    let proxy = Proxy::to_port(server.port()).unwrap();
    let other = leased(&place, "n_2").await;
    let mut settings = place.impatient(Settings::redis(
        ServerId::new("n_1").unwrap(),
        proxy.redis_url(),
    ));
    settings.presence = BRISK;
    let cut_off = Node::connect(settings).await;
    assert_eq!(within(cut_off.renew_lease()).await.unwrap(), Lease::Fresh);
    for _ in 0..3 {
        cut_off.presence("a", &user("u_1", "Alex"), true).await;
        proxy.hold();
        // Waits as long as it does for an answer, in which it is swept.
        let unheard = async {
            for _ in 0..2 {
                within(cut_off.renew_lease()).await.unwrap_err();
            }
        };
        let survivors = [&other];
        let ((), swept) = tokio::join!(unheard, swept_by(&survivors));
        assert_eq!(swept, [gone("n_1", false, 1)]);
        proxy.release();
        let lease = eventually("the link is back", async || {
            cut_off.renew_lease().await.ok()
        })
        .await;
        assert_eq!(lease, Lease::Fresh);
        eventually("it is back for all calls", async || {
            cut_off.ping().await.ok()
        })
        .await;
    }
}

/// What was held back on its way arrives when something else was told already.
pub(crate) async fn what_comes_late_changes_nothing(place: Place) {
    let Place::Redis(server) = &place else {
        unreachable!()
    };
    let proxy = Proxy::to_port(server.port()).unwrap();
    let settings = place.impatient(Settings::redis(
        ServerId::new("n_1").unwrap(),
        proxy.redis_url(),
    ));
    let node = Node::connect(settings).await;
    let watcher = place.node().await;
    within(node.renew_lease()).await.unwrap();
    let change = |online| PresenceChange {
        room: room("a"),
        user: user("u_1", "Alex"),
        online,
    };
    for round in 0..6 {
        let online = round % 2 == 0;
        proxy.hold();
        within(node.change_presence(&[change(!online)]))
            .await
            .unwrap_err();
        proxy.release();
        eventually("the opposite is told", async || {
            match node.change_presence(&[change(online)]).await {
                Ok(()) => Some(()),
                Err(StoreError::NoLease) => node.renew_lease().await.ok().and(None),
                Err(_) => None,
            }
        })
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let expected: &[&str] = if online { &["u_1"] } else { &[] };
        assert_eq!(users(&watcher, "a").await, expected, "round {round}");
    }
}

pub(crate) async fn what_redis_forgot_is_entered_again(mut place: Place) {
    let node = leased(&place, "n_1").await;
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    node.presence("a", &alex, true).await;
    place.server().command(&["SAVE"]).unwrap();
    // Lost below: that Alex left and Bea came.
    node.presence("a", &alex, false).await;
    node.presence("a", &bea, true).await;
    place.server().restart().unwrap();
    eventually("Redis is back", async || node.ping().await.ok()).await;
    assert_eq!(users(&node, "a").await, ["u_1"]);

    let lease = eventually("a lease", async || node.renew_lease().await.ok()).await;
    assert_eq!(lease, Lease::Fresh);
    node.presence("a", &bea, true).await;
    assert_eq!(
        swept_by(&[&node]).await,
        [gone("n_1", true, 1)],
        "what is left of its last life"
    );
    assert_eq!(users(&node, "a").await, ["u_2"]);
    assert_eq!(within(node.renew_lease()).await.unwrap(), Lease::Kept);
}

pub(crate) async fn a_clock_that_is_stepped_matters_to_nobody(_with_the_right_time: Place) {
    const HOUR_MS: i64 = 3_600_000;
    let place = Place::Redis(RedisServer::start_with_clock().unwrap());
    let Place::Redis(server) = &place else {
        unreachable!()
    };
    let mut one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    other.presence("a", &bea, true).await;
    one.lines_so_far().await;
    let mut last = 0;
    for step in [HOUR_MS, -2 * HOUR_MS, 3 * HOUR_MS, -2 * HOUR_MS] {
        one.presence("a", &alex, true).await;
        server.step_clock(step).unwrap();
        nobody_is_swept_by(&[&one, &other], BRISK.lease / 2).await;
        one.presence("a", &alex, false).await;
        let lines = one.lines(2).await;
        for line in lines {
            let data: serde_json::Value = serde_json::from_str(&line.data).unwrap();
            let at = data["at"].as_u64().unwrap();
            assert!(at > last, "{at} after {last}");
            last = at;
        }
        let online = within(one.online(&room("a"))).await.unwrap();
        assert_eq!(
            online.at, last,
            "neither older nor younger than what was told"
        );
        one.lines_so_far().await;
    }
}

pub(crate) async fn while_nobody_can_write_nobody_is_thought_dead(mut place: Place) {
    let one = leased(&place, "n_1").await;
    let other = leased(&place, "n_2").await;
    let alex = user("u_1", "Alex");
    other.presence("a", &alex, true).await;
    let server = place.server();
    nobody_is_swept_by(&[&one, &other], BRISK.lease / 2).await;
    server
        .command(&["CONFIG", "SET", "min-replicas-to-write", "1"])
        .unwrap();
    let until = Instant::now() + 3 * BRISK.lease;
    while Instant::now() < until {
        assert!(within(other.renew_lease()).await.is_err());
        assert!(within(one.sweep_gone_nodes()).await.is_err());
    }
    server
        .command(&["CONFIG", "SET", "min-replicas-to-write", "0"])
        .unwrap();
    assert_eq!(within(one.sweep_gone_nodes()).await.unwrap(), []);
    nobody_is_swept_by(&[&one, &other], 2 * BRISK.lease).await;
    assert_eq!(users(&one, "a").await, ["u_1"]);
}

/// Lives, and never hears that it begins anew.
async fn lives(nodes: [&Node; 2]) {
    loop {
        for node in nodes {
            assert_eq!(within(node.renew_lease()).await.unwrap(), Lease::Kept);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Looks for nodes that are gone until nobody has been found gone for a while.
async fn looks_for_long(node: &Node) -> Vec<GoneNode> {
    let mut gone = Vec::new();
    let mut until = Instant::now() + 6 * STEADY.lease;
    while Instant::now() < until {
        let swept = node.sweep_gone_nodes().await.unwrap();
        if !swept.is_empty() {
            until = Instant::now() + 2 * STEADY.lease;
        }
        gone.extend(swept);
        tokio::time::sleep(STEADY.lease / PresenceTimes::LOOKS).await;
    }
    gone
}

/// Over a link that takes its time, and while everybody else goes on living.
pub(crate) async fn twenty_thousand_rooms_are_swept_and_leases_kept_meanwhile(mut place: Place) {
    const ROOMS: usize = 20_000;
    let proxy = Proxy::to_port(place.server().port()).unwrap();
    let steady = |server_id| Settings {
        presence: STEADY,
        ..place.settings(server_id)
    };
    let dead = Node::connect(steady("n_dead")).await;
    let other = Node::connect(steady("n_2")).await;
    let mut settings = Settings::redis(ServerId::new("n_1").unwrap(), proxy.redis_url());
    settings.presence = STEADY;
    let sweeper = Node::connect(settings).await;
    for node in [&dead, &other, &sweeper] {
        within(node.renew_lease()).await.unwrap();
    }
    let change = |room_id: String, user_id: &str| PresenceChange {
        room: room(&room_id),
        user: user(user_id, "Somebody"),
        online: true,
    };
    let everywhere: Vec<_> = (0..ROOMS)
        .map(|number| change(format!("r_{number}"), "u_1"))
        .collect();
    within(dead.change_presence(&everywhere)).await.unwrap();
    // A room with more people than go in one call.
    let crowd: Vec<_> = (0..2_000)
        .map(|number| change("r_0".to_owned(), &format!("c_{number}")))
        .collect();
    within(dead.change_presence(&crowd)).await.unwrap();
    other.presence("r_0", &user("u_1", "Somebody"), true).await;
    sweeper
        .presence("r_1", &user("u_9", "Somebody"), true)
        .await;

    proxy.delay(Duration::from_millis(15), Duration::from_millis(5));
    let survivors = [&sweeper, &other];
    let gone = tokio::select! {
        gone = futures_util::future::join_all(survivors.map(looks_for_long)) => gone.concat(),
        () = lives(survivors) => unreachable!(),
    };
    assert_eq!(gone, [self::gone("n_dead", false, 22_000)]);
    assert_eq!(users(&other, "r_0").await, ["u_1"]);
    assert_eq!(users(&other, "r_1").await, ["u_9"]);
    let mut found = presence_keys(place.server());
    found.sort();
    let mut expected = [
        keys::of_partition("held:n_1.1:r_1", "r_1"),
        keys::of_partition("life:n_1.1", "r_1"),
        keys::of_room("online", "r_1"),
        keys::of_partition("held:n_2.1:r_0", "r_0"),
        keys::of_partition("life:n_2.1", "r_0"),
        keys::of_room("online", "r_0"),
    ];
    expected.sort();
    assert_eq!(found, expected);
}

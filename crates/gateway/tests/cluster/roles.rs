//! Rooms of every kind, and who may what there: each command by a socket on one node, with
//! somebody who watches on another and somebody who comes later on a third.

use rookery_protocol::RoomId;
use serde_json::{Value, json};

use crate::support::{Cluster, Raw, call_api, client_settings, room, soon};

/// People on each of the nodes, all of whom were heard of.
struct People<'a> {
    cluster: &'a Cluster,
}

impl<'a> People<'a> {
    /// Everybody comes into a public room once, so that they can be invited.
    async fn of(cluster: &'a Cluster, users: &[&str]) -> Self {
        for user in users {
            let mut raw = Raw::hello(&cluster.nodes[0], user).await;
            raw.join(&room("lobby"), None).await;
        }
        Self { cluster }
    }

    async fn on(&self, node: usize, user: &str) -> Raw {
        Raw::hello(&self.cluster.nodes[node], user).await
    }
}

fn join(id: &str) -> Value {
    json!({"type": "join", "room": id})
}

fn send(id: &str, text: &str) -> Value {
    json!({"type": "send", "room": id, "text": text})
}

/// A private room of `owner` with `admin`, `member` and `reader`.
async fn staffed(owner: &mut Raw, id: &str) {
    let made = json!({"type": "create_room", "kind": "private", "room": id, "name": "Staff",
        "members": ["admin", "member", "reader"]});
    let made = owner.done(made).await;
    assert_eq!(made["room"]["role"], "owner", "{made}");
    for (user, role) in [("admin", "admin"), ("reader", "readonly")] {
        owner
            .done(json!({"type": "set_role", "room": id, "user": user, "role": role}))
            .await;
    }
}

#[tokio::test]
async fn a_private_room_is_there_for_its_members_alone() {
    let cluster = Cluster::start(3).await;
    let people = People::of(
        &cluster,
        &["owner", "admin", "member", "reader", "stranger"],
    )
    .await;
    let mut owner = people.on(0, "owner").await;
    staffed(&mut owner, "staff").await;
    let mut member = people.on(1, "member").await;
    owner.done(join("staff")).await;
    let snapshot = member.done(join("staff")).await;
    assert_eq!(snapshot["room"]["kind"], "private");
    owner.done(send("staff", "hi")).await;
    assert_eq!(member.next_of("message").await["text"], "hi");

    let mut stranger = people.on(1, "stranger").await;
    for frame in [
        join("staff"),
        send("staff", "x"),
        json!({"type": "history", "room": "staff", "before": 99}),
        json!({"type": "message", "room": "staff", "seq": 1}),
        json!({"type": "members", "room": "staff"}),
        json!({"type": "invite", "room": "staff", "users": ["stranger"]}),
        json!({"type": "set_role", "room": "staff", "user": "member", "role": "admin"}),
        json!({"type": "remove", "room": "staff", "user": "member"}),
        json!({"type": "ban", "room": "staff", "user": "member"}),
        json!({"type": "bans", "room": "staff"}),
        json!({"type": "update_room", "room": "staff", "name": "Mine"}),
        json!({"type": "delete_room", "room": "staff"}),
        json!({"type": "leave", "room": "staff"}),
    ] {
        assert_eq!(
            stranger.refused(frame.clone()).await,
            "not_found",
            "{frame}"
        );
    }
    let node = &cluster.nodes[2];
    for (method, path, body) in [
        ("GET", "rooms/staff/messages", Value::Null),
        ("GET", "rooms/staff/messages/1", Value::Null),
        ("POST", "rooms/staff/messages", json!({"text": "x"})),
        ("GET", "rooms/staff/members", Value::Null),
        (
            "POST",
            "rooms/staff/members",
            json!({"users": ["stranger"]}),
        ),
        (
            "PATCH",
            "rooms/staff/members/member",
            json!({"role": "admin"}),
        ),
        ("DELETE", "rooms/staff/members/member", Value::Null),
        ("PUT", "rooms/staff/bans/member", json!({})),
        ("GET", "rooms/staff/mutes", Value::Null),
        ("PATCH", "rooms/staff", json!({"name": "Mine"})),
        ("DELETE", "rooms/staff", Value::Null),
    ] {
        let (status, answer) = call_api(node, "stranger", method, path, &body).await;
        assert_eq!(status, 404, "{method} {path} → {answer}");
    }
    let (status, page) = call_api(node, "reader", "GET", "rooms/staff/members", &Value::Null).await;
    assert_eq!((status, page["count"].as_u64()), (200, Some(4)), "{page}");
    let who: Vec<_> = page["members"].as_array().unwrap().iter().collect();
    assert_eq!(
        who[0]["user"],
        json!({"id": "owner", "name": "Name of owner"})
    );
    assert_eq!(
        (&who[0]["role"], &who[3]["role"]),
        (&json!("owner"), &json!("readonly"))
    );
    // It stands in the list of its members, and in nobody else's.
    let rows = people.on(2, "member").await.welcome["rooms"].clone();
    let row = rows
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["room"] == "staff")
        .cloned();
    let row = row.unwrap();
    assert_eq!(
        (&row["kind"], &row["role"], &row["name"]),
        (&json!("private"), &json!("member"), &json!("Staff"))
    );
    let rows = people.on(2, "stranger").await.welcome["rooms"].clone();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["room"] != "staff"),
        "{rows}"
    );
}

#[tokio::test]
async fn who_is_removed_hears_and_writes_nothing_more_on_any_node() {
    let cluster = Cluster::start(3).await;
    let people = People::of(&cluster, &["owner", "admin", "member", "reader"]).await;
    let mut owner = people.on(0, "owner").await;
    staffed(&mut owner, "staff").await;
    owner.done(join("staff")).await;
    let mut devices = Vec::new();
    for node in 0..3 {
        let mut device = people.on(node, "member").await;
        device.done(join("staff")).await;
        devices.push(device);
    }
    let (_, _) = call_api(
        &cluster.nodes[1],
        "admin",
        "DELETE",
        "rooms/staff/members/member",
        &Value::Null,
    )
    .await;
    let removal = owner.next_of("member").await;
    assert_eq!(
        (&removal["change"], &removal["user"]["id"]),
        (&json!("removed"), &json!("member"))
    );
    assert_eq!(removal["by"]["id"], "admin");
    let after = owner.done(send("staff", "now we can talk")).await;
    assert_eq!(
        after["seq"].as_u64(),
        removal["seq"].as_u64().map(|seq| seq + 1)
    );
    for device in &mut devices {
        let told = device.next_of("room").await;
        assert_eq!(
            told,
            json!({"type": "room", "room": "staff", "change": "removed"})
        );
        assert_eq!(device.refused(send("staff", "x")).await, "not_found");
        assert_eq!(device.refused(join("staff")).await, "not_found");
        let seen = device.seen_so_far().await;
        let heard = |frame: &Value| {
            frame["room"] == "staff" && frame["seq"].as_u64() > removal["seq"].as_u64()
        };
        assert!(!seen.iter().any(heard), "{seen:?}");
    }
    // Whoever comes later ends in the same state.
    let mut reader = people.on(2, "reader").await;
    let since = json!({"epoch": reader.done(join("staff")).await["room"]["epoch"], "seq": 0});
    let mut later = people.on(1, "reader").await;
    let caught_up = json!({"type": "join", "room": "staff", "since": since});
    let caught_up = later.done(caught_up).await;
    let events = caught_up["room"]["events"].as_array().unwrap();
    assert!(events.contains(&removal), "{events:?}");
    // Invited again, they are there again.
    owner
        .done(json!({"type": "invite", "room": "staff", "users": ["member"]}))
        .await;
    devices[2].done(join("staff")).await;
    devices[2].done(send("staff", "back")).await;
}

#[tokio::test]
async fn roles_bans_and_mutes_hold_by_every_way() {
    let cluster = Cluster::start(2).await;
    let people = People::of(&cluster, &["owner", "admin", "member", "reader", "x"]).await;
    let mut owner = people.on(0, "owner").await;
    staffed(&mut owner, "staff").await;
    let mut admin = people.on(1, "admin").await;
    let mut member = people.on(0, "member").await;
    let mut reader = people.on(1, "reader").await;
    for raw in [&mut owner, &mut admin, &mut member, &mut reader] {
        raw.done(join("staff")).await;
    }
    assert_eq!(reader.refused(send("staff", "x")).await, "forbidden");
    let set_role = |user: &str, role: &str| json!({"type": "set_role", "room": "staff", "user": user, "role": role});
    for (who, frame, code) in [
        ("member", set_role("reader", "member"), "forbidden"),
        ("admin", set_role("member", "admin"), "forbidden"),
        ("admin", set_role("owner", "member"), "forbidden"),
        (
            "admin",
            json!({"type": "ban", "room": "staff", "user": "owner"}),
            "forbidden",
        ),
        (
            "admin",
            json!({"type": "remove", "room": "staff", "user": "x"}),
            "not_found",
        ),
        (
            "admin",
            json!({"type": "delete_room", "room": "staff"}),
            "forbidden",
        ),
        (
            "admin",
            json!({"type": "remove", "room": "staff", "user": "admin"}),
            "bad_request",
        ),
        (
            "owner",
            json!({"type": "leave", "room": "staff"}),
            "conflict",
        ),
        ("owner", set_role("owner", "member"), "conflict"),
        (
            "member",
            json!({"type": "bans", "room": "staff"}),
            "forbidden",
        ),
        (
            "owner",
            json!({"type": "invite", "room": "staff", "users": ["nobody"]}),
            "not_found",
        ),
        (
            "owner",
            json!({"type": "create_room", "kind": "public", "room": "staff"}),
            "conflict",
        ),
        (
            "owner",
            json!({"type": "create_room", "kind": "private", "room": "dm:a:b"}),
            "bad_request",
        ),
        (
            "owner",
            json!({"type": "create_room", "kind": "direct"}),
            "bad_request",
        ),
        (
            "owner",
            json!({"type": "update_room", "room": "staff"}),
            "bad_request",
        ),
        (
            "owner",
            json!({"type": "unban", "room": "staff", "user": "x"}),
            "not_found",
        ),
    ] {
        let raw = match who {
            "owner" => &mut owner,
            "admin" => &mut admin,
            _ => &mut member,
        };
        assert_eq!(raw.refused(frame.clone()).await, code, "{frame}");
    }
    owner.done(join("staff")).await;
    admin
        .done(json!({"type": "mute", "room": "staff", "user": "member", "for_ms": 3_600_000}))
        .await;
    assert_eq!(member.refused(send("staff", "x")).await, "forbidden");
    let mutes = admin.done(json!({"type": "mutes", "room": "staff"})).await;
    assert_eq!(mutes["mutes"][0]["user"]["id"], "member", "{mutes}");
    assert!(mutes["mutes"][0]["until"].as_u64().is_some());
    admin
        .done(json!({"type": "unmute", "room": "staff", "user": "member"}))
        .await;
    member.done(send("staff", "x")).await;

    let (status, _) = call_api(
        &cluster.nodes[1],
        "admin",
        "PUT",
        "rooms/staff/bans/member",
        &json!({"reason": "spam"}),
    )
    .await;
    assert_eq!(status, 200);
    let told = member.next_of("room").await;
    let told = match told["change"] == "banned" {
        true => told,
        // Of the mute before.
        false => member.next_of("room").await,
    };
    assert_eq!(told["room"], "staff");
    assert_eq!(member.refused(join("staff")).await, "not_found");
    let again = json!({"type": "invite", "room": "staff", "users": ["x", "member"]});
    assert_eq!(owner.refused(again.clone()).await, "conflict");
    let (_, bans) = call_api(
        &cluster.nodes[0],
        "owner",
        "GET",
        "rooms/staff/bans",
        &Value::Null,
    )
    .await;
    assert_eq!(bans["bans"][0]["reason"], "spam", "{bans}");
    assert_eq!(bans["bans"][0]["by"]["id"], "admin");
    let (status, _) = call_api(
        &cluster.nodes[0],
        "owner",
        "DELETE",
        "rooms/staff/bans/member",
        &Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        member.refused(join("staff")).await,
        "not_found",
        "an end of a ban makes no member"
    );
    owner.done(again).await;
    member.done(join("staff")).await;

    owner.done(set_role("admin", "owner")).await;
    owner.done(json!({"type": "leave", "room": "staff"})).await;
    assert_eq!(owner.refused(join("staff")).await, "not_found");
}

#[tokio::test]
async fn a_room_is_changed_and_goes() {
    let cluster = Cluster::start(2).await;
    let people = People::of(&cluster, &["owner", "admin", "member", "reader"]).await;
    let mut owner = people.on(0, "owner").await;
    staffed(&mut owner, "staff").await;
    let mut member = people.on(1, "member").await;
    member.done(join("staff")).await;
    let change = json!({"name": "Crew", "description": "us", "who_may_send": "admins"});
    let (status, answer) =
        call_api(&cluster.nodes[1], "owner", "PATCH", "rooms/staff", &change).await;
    assert_eq!(
        (status, &answer["room"]["name"]),
        (200, &json!("Crew")),
        "{answer}"
    );
    assert_eq!(answer["room"]["who_may_send"], "admins");
    assert_eq!(member.next_of("changed").await["name"], "Crew");
    assert_eq!(member.refused(send("staff", "x")).await, "forbidden");
    // Whoever comes in, and whose node remembers the room, hears the new name.
    let snapshot = people.on(1, "reader").await.done(join("staff")).await;
    assert_eq!(snapshot["room"]["name"], "Crew");
    let slow = json!({"who_may_send": "all", "slow_mode_ms": 3_600_000});
    call_api(&cluster.nodes[0], "admin", "PATCH", "rooms/staff", &slow).await;
    member.done(send("staff", "x")).await;
    let waits = member.ask(send("staff", "y")).await;
    assert_eq!(waits["code"], "slow_mode", "{waits}");
    assert!(waits["retry_after_ms"].as_u64().unwrap() > 3_000_000);
    owner
        .done(json!({"type": "update_room", "room": "staff", "archived": true, "slow_mode_ms": 0}))
        .await;
    owner.done(join("staff")).await;
    for raw in [&mut owner, &mut member] {
        assert_eq!(raw.refused(send("staff", "x")).await, "forbidden");
    }
    owner
        .done(json!({"type": "delete_room", "room": "staff"}))
        .await;
    soon("the room is gone", async {
        while member.next_of("room").await["change"] != "deleted" {}
    })
    .await;
    let rows = people.on(1, "member").await.welcome["rooms"].clone();
    assert!(
        rows.as_array()
            .unwrap()
            .iter()
            .all(|row| row["room"] != "staff"),
        "{rows}"
    );
    let history = json!({"type": "history", "room": "staff", "before": 99});
    assert_eq!(member.refused(history).await, "not_found");
}

#[tokio::test]
async fn two_people_have_a_room_of_their_own() {
    let cluster = Cluster::start(2).await;
    let people = People::of(&cluster, &["anna", "ben", "eve"]).await;
    let mut anna = people.on(0, "anna").await;
    let mut ben = people.on(1, "ben").await;
    let opened = anna
        .done(json!({"type": "open_direct", "user": "ben"}))
        .await;
    let id = opened["room"]["room"].as_str().unwrap().to_owned();
    assert_eq!(
        (id.as_str(), &opened["room"]["with"]["name"]),
        ("dm:anna:ben", &json!("Name of ben"))
    );
    assert_eq!(ben.next_of("room").await["room"], id.as_str());
    for raw in [&mut anna, &mut ben] {
        raw.done(join(&id)).await;
    }
    ben.done(send(&id, "psst")).await;
    assert_eq!(anna.next_of("message").await["text"], "psst");
    let (status, again) = call_api(
        &cluster.nodes[1],
        "ben",
        "PUT",
        "directs/anna",
        &Value::Null,
    )
    .await;
    assert_eq!(
        (status, &again["room"]["room"]),
        (200, &json!(id)),
        "{again}"
    );
    let mut eve = people.on(1, "eve").await;
    for frame in [join(&id), send(&id, "x")] {
        assert_eq!(eve.refused(frame).await, "not_found");
    }
    // A room of two who have none is made by nobody's coming in.
    assert_eq!(eve.refused(join("dm:anna:eve")).await, "not_found");
    for frame in [
        json!({"type": "leave", "room": id}),
        json!({"type": "invite", "room": id, "users": ["eve"]}),
        json!({"type": "remove", "room": id, "user": "ben"}),
        json!({"type": "update_room", "room": id, "name": "x"}),
        json!({"type": "delete_room", "room": id}),
        json!({"type": "open_direct", "user": "anna"}),
    ] {
        assert_eq!(anna.refused(frame.clone()).await, "bad_request", "{frame}");
    }
    let nobody = json!({"type": "open_direct", "user": "nobody"});
    assert_eq!(anna.refused(nobody).await, "not_found");
}

#[tokio::test]
async fn who_leaves_a_public_room_leaves_it_on_every_device() {
    let cluster = Cluster::start(2).await;
    let people = People::of(&cluster, &["anna"]).await;
    let mut first = people.on(0, "anna").await;
    let mut second = people.on(1, "anna").await;
    let mut ben = people.on(1, "ben").await;
    let general: RoomId = room("general");
    for raw in [&mut first, &mut second, &mut ben] {
        raw.join(&general, None).await;
    }
    first
        .done(json!({"type": "leave", "room": "general"}))
        .await;
    assert_eq!(second.next_of("room").await["change"], "left");
    ben.done(send("general", "gone?")).await;
    let seen = second.seen_so_far().await;
    assert!(
        !seen.iter().any(|frame| frame["type"] == "message"),
        "{seen:?}"
    );
    // A message to a public room makes one a member of it.
    second.done(send("general", "no")).await;
    let page = json!({"type": "members", "room": "general"});
    let page = ben.done(page).await;
    assert_eq!(page["count"], 2, "{page}");
}

#[tokio::test]
async fn who_is_in_as_many_rooms_as_they_may_be_can_be_invited() {
    let cluster = Cluster::start_with(1, &[("limits.rooms_per_user", "2")]).await;
    let people = People::of(&cluster, &["owner", "member"]).await;
    let mut owner = people.on(0, "owner").await;
    let mut member = people.on(0, "member").await;
    member.done(join("second")).await;
    let made = json!({"type": "create_room", "kind": "private", "room": "staff"});
    owner.done(made).await;
    let invite = json!({"type": "invite", "room": "staff", "users": ["member"]});
    owner.done(invite).await;
    assert_eq!(member.refused(join("staff")).await, "conflict");
    member
        .done(json!({"type": "leave", "room": "second"}))
        .await;
    member.done(join("staff")).await;
    member.done(send("staff", "there")).await;
}

#[tokio::test]
async fn ids_of_people_stand_in_paths_whatever_they_are() {
    let cluster = Cluster::start(1).await;
    let odd = "a/b c%20é?";
    let people = People::of(&cluster, &["owner", odd]).await;
    let mut owner = people.on(0, "owner").await;
    let made = json!({"type": "create_room", "kind": "private", "room": "r", "members": [odd]});
    owner.done(made).await;
    let path = "rooms/r/members/a%2Fb%20c%2520%C3%A9%3F";
    let node = &cluster.nodes[0];
    let (status, answer) = call_api(node, "owner", "DELETE", path, &Value::Null).await;
    assert_eq!(status, 200, "{answer}");
    let members = json!({"type": "members", "room": "r"});
    assert_eq!(owner.done(members).await["count"], 1);
}

#[tokio::test]
async fn a_room_has_so_many_bans_and_mutes() {
    let cluster = Cluster::start_with(1, &[("limits.restraints_per_room", "2")]).await;
    let people = People::of(&cluster, &["owner"]).await;
    let mut owner = people.on(0, "owner").await;
    let made = json!({"type": "create_room", "kind": "public", "room": "r"});
    owner.done(made).await;
    let of = |kind: &str, user: &str| json!({"type": kind, "room": "r", "user": user});
    owner.done(of("ban", "a")).await;
    owner.done(of("mute", "b")).await;
    let refused = owner.ask(of("ban", "c")).await;
    assert_eq!(refused["code"], "conflict");
    let words = refused["message"].as_str().unwrap();
    assert!(words.contains("limits.restraints_per_room"), "{words}");
    owner.done(of("unmute", "b")).await;
    owner.done(of("ban", "c")).await;
}

#[tokio::test]
async fn who_unfollows_a_room_hears_nothing_there_and_stays_a_member() {
    let cluster = Cluster::start_far_away(2, &[]).await;
    let people = People::of(&cluster, &["anna", "ben"]).await;
    let (mut anna, mut ben) = (people.on(0, "anna").await, people.on(1, "ben").await);
    let mut other_tab = people.on(1, "ben").await;
    let made = json!({"type": "create_room", "kind": "private", "room": "r", "members": ["ben"]});
    anna.done(made).await;
    for raw in [&mut anna, &mut ben, &mut other_tab] {
        raw.done(join("r")).await;
    }
    let unfollow = |id: &str| json!({"type": "unfollow", "room": id});
    let row = ben.done(unfollow("r")).await["row"].clone();
    assert_eq!(
        (&row["room"], &row["role"]),
        (&json!("r"), &json!("member"))
    );
    ben.unasked.clear();
    let sent = anna.done(send("r", "hi")).await["seq"].clone();
    assert_eq!(other_tab.next_of("message").await["seq"], sent);
    // What comes later on the shared channel.
    for raw in [&mut anna, &mut ben] {
        raw.done(join("lobby")).await;
    }
    anna.done(send("lobby", "hi")).await;
    assert_eq!(ben.next_of("message").await["room"], "lobby");
    // Twice is no fault, and one may come back; what one may not see is not there.
    assert_eq!(ben.done(unfollow("r")).await["row"]["seq"], sent);
    ben.done(send("r", "still here")).await;
    ben.done(join("r")).await;
    let direct = json!({"type": "open_direct", "user": "ben"});
    let direct = anna.done(direct).await["room"]["room"].clone();
    let row = ben.done(unfollow(direct.as_str().unwrap())).await;
    assert_eq!(row["row"]["with"]["id"], "anna");
    let mut stranger = people.on(0, "stranger").await;
    assert_eq!(stranger.refused(unfollow("r")).await, "not_found");
    // A join that is just being carried out is cancelled by it.
    ben.done(unfollow("r")).await;
    let joining = ben.say(join("r")).await;
    ben.done(unfollow("r")).await;
    assert_eq!(ben.answer(joining).await["code"], "conflict");
}

#[tokio::test]
async fn a_client_asks_whatever_there_is_and_asks_again_where_a_connection_is_lost() {
    let cluster = Cluster::start(2).await;
    let people = People::of(&cluster, &["anna", "ben"]).await;
    let near = rookery_testing::Proxy::start(cluster.nodes[0].address()).unwrap();
    let settings = rookery_client::ClientSettings {
        targets: vec![format!("ws://{}/ws", near.address())],
        ..client_settings([], "anna")
    };
    let (anna, _events) = rookery_client::Client::connect(settings).unwrap();
    let made = json!({"type": "create_room", "kind": "private", "room": "r", "members": ["ben"]});
    let made = anna.ask(made).await.unwrap();
    assert_eq!(made["room"]["role"], "owner");
    let members = json!({"type": "members", "room": "r"});
    near.hold();
    let asking = tokio::spawn({
        let (anna, members) = (anna.clone(), members.clone());
        async move { anna.ask(members).await }
    });
    near.cut();
    near.release();
    let answer = asking.await.unwrap().unwrap();
    assert_eq!((&answer["count"], answer.get("id")), (&json!(2), None));
    let mut ben = people.on(1, "ben").await;
    let code = json!({"type": "create_invite", "room": "r", "uses": 1});
    assert!(anna.ask(code).await.unwrap()["code"].is_string());
    let refused =
        anna.ask(json!({"type": "set_role", "room": "r", "user": "nobody", "role": "admin"}));
    let refused = refused.await.unwrap_err();
    assert_eq!(refused.code(), Some(rookery_protocol::ErrorCode::NotFound));
    for wrong in [json!(7), json!({}), json!({"type": "join", "room": "r"})] {
        assert!(anna.ask(wrong).await.is_err());
    }
    ben.done(members).await;
}

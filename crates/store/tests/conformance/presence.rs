//! Who is in a room.

use rookery_protocol::{
    User,
    server_frame::{ServerFrame, Status},
};
use rookery_store::{Lease, Online, PresenceChange};
use serde_json::json;

use crate::place::*;

/// What a line of presence says, its time apart.
fn told(line: &Line) -> (serde_json::Value, u64) {
    assert_eq!(
        (line.server_id.as_str(), line.kind.as_str()),
        ("store", "presence")
    );
    assert_eq!((line.seq, line.epoch.as_deref()), (None, None));
    let frame: ServerFrame = serde_json::from_str(&line.data).unwrap();
    assert!(matches!(frame, ServerFrame::Presence(_)));
    let mut data: serde_json::Value = serde_json::from_str(&line.data).unwrap();
    assert_eq!(line.room.as_deref(), data["room"].as_str());
    let at = data.as_object_mut().unwrap().remove("at").unwrap();
    (data, at.as_u64().unwrap())
}

fn presence(room: &str, user: &User, status: Status, online_count: u64) -> serde_json::Value {
    let status = match status {
        Status::Online => "online",
        Status::Offline => "offline",
    };
    json!({"type": "presence", "room": room, "user": {"id": user.id, "name": user.name},
        "status": status, "online_count": online_count})
}

pub(crate) async fn people_are_online_who_are_in_any_of_their_rooms(place: Place) {
    let node = place.node().await;
    let ids = ["1", "2", "3", "4"].map(user_id);
    for id in ["a", "b", "c"] {
        node.open(id).await;
    }
    for (user, rooms) in ids
        .iter()
        .zip([&["a", "b", "c"][..], &["a"], &["b", "c"], &[]])
    {
        for id in rooms {
            within(node.remember_member(user, &room(id), 0))
                .await
                .unwrap();
        }
    }
    let online = async || within(node.are_online(&ids)).await.unwrap();
    assert_eq!(online().await, [false; 4]);
    let [first, third] = [user("1", "One"), user("3", "Three")];
    node.presence("c", &first, true).await;
    node.presence("a", &third, true).await;
    assert_eq!(online().await, [true, false, false, false], "as a member");
    node.presence("b", &third, true).await;
    node.presence("c", &first, false).await;
    assert_eq!(online().await, [false, false, true, false]);
    assert!(within(node.are_online(&[])).await.unwrap().is_empty());
}

pub(crate) async fn all_told(node: &mut Node) -> Vec<serde_json::Value> {
    let lines = node.lines_so_far().await;
    lines.iter().map(|line| told(line).0).collect()
}

pub(crate) async fn nobody_is_in_an_empty_room(place: Place) {
    let node = place.node().await;
    let online = within(node.online(&room("nowhere"))).await.unwrap();
    assert_eq!((online.users, online.count), (vec![], 0));
}

pub(crate) async fn coming_and_going_is_told_once(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    node.open("a").await;
    let alex = user("u_7", "Alex \"A\" Ünal 👍");
    let bea = user("Bea {b} <b@example.org>", "Bea");
    for (user, online) in [
        (&alex, true),
        (&alex, true),
        (&bea, true),
        (&alex, false),
        (&alex, false),
        (&bea, true),
    ] {
        node.presence("a", user, online).await;
    }
    node.presence("b", &alex, false).await;
    assert_eq!(
        all_told(&mut node).await,
        [
            presence("a", &alex, Status::Online, 1),
            presence("a", &bea, Status::Online, 2),
            presence("a", &alex, Status::Offline, 1),
        ]
    );
    let online = within(node.online(&room("a"))).await.unwrap();
    assert_eq!((online.users, online.count), (vec![bea.clone()], 1));
    node.presence("a", &bea, false).await;
    assert_eq!(
        all_told(&mut node).await,
        [presence("a", &bea, Status::Offline, 0)]
    );
    assert_eq!(within(node.online(&room("a"))).await.unwrap().count, 0);
}

pub(crate) async fn another_name_is_told_once(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let (alex, alexandra) = (user("u_7", "Alex"), user("u_7", "Alexandra \"A\""));
    for user in [&alex, &alexandra, &alexandra] {
        node.presence("a", user, true).await;
    }
    let online = within(node.online(&room("a"))).await.unwrap();
    assert_eq!(online.users, std::slice::from_ref(&alexandra));
    // Whoever goes is told by the name that the others know.
    node.presence("a", &alex, false).await;
    assert_eq!(
        all_told(&mut node).await,
        [
            presence("a", &alex, Status::Online, 1),
            presence("a", &alexandra, Status::Online, 1),
            presence("a", &alexandra, Status::Offline, 0),
        ]
    );
}

pub(crate) async fn another_name_is_not_told_where_names_are_not(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let change = |number: usize, name: &str| PresenceChange {
        room: room("big"),
        user: user(&format!("u_{number}"), name),
        online: true,
    };
    let crowd: Vec<_> = (0..=Online::MOST_USERS)
        .map(|number| change(number, "Somebody"))
        .collect();
    within(node.change_presence(&crowd)).await.unwrap();
    node.lines_so_far().await;
    within(node.change_presence(&[change(7, "Else")]))
        .await
        .unwrap();
    assert_eq!(all_told(&mut node).await.len(), 0);
}

pub(crate) async fn many_changes_go_in_one_call(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let change = |room_id: String, number: usize, online| PresenceChange {
        room: room(&room_id),
        user: user(&format!("u_{number}"), &format!("User {number}")),
        online,
    };
    let mut changes = Vec::new();
    for number in 0..50 {
        for in_room in 0..5 {
            changes.push(change(format!("r_{in_room}"), number, true));
        }
    }
    // Somebody who comes and goes in the same call.
    changes.push(change("r_0".to_owned(), 99, true));
    changes.push(change("r_0".to_owned(), 99, false));
    within(node.change_presence(&changes)).await.unwrap();
    within(node.change_presence(&[])).await.unwrap();
    for in_room in 0..5 {
        let online = within(node.online(&room(&format!("r_{in_room}"))))
            .await
            .unwrap();
        assert_eq!((online.count, online.users.len()), (50, 50));
    }
    let told = all_told(&mut node).await;
    let of_first: Vec<_> = told.iter().filter(|told| told["room"] == "r_0").collect();
    let counts = of_first
        .iter()
        .map(|told| told["online_count"].as_u64().unwrap());
    let expected: Vec<u64> = (1..=51).chain([50]).collect();
    assert_eq!(counts.collect::<Vec<_>>(), expected);
    assert_eq!(told.len(), 5 * 50 + 2);
}

pub(crate) async fn big_rooms_tell_numbers_only(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let change = |number: usize, online| PresenceChange {
        room: room("big"),
        user: user(&format!("u_{number}"), "Somebody"),
        online,
    };
    let crowd: Vec<_> = (0..Online::MOST_USERS + 50)
        .map(|number| change(number, true))
        .collect();
    within(node.change_presence(&crowd)).await.unwrap();
    let online = within(node.online(&room("big"))).await.unwrap();
    assert_eq!((online.users.len(), online.count), (200, 250));

    // Beyond the most that are told by name, one line may stand for several changes.
    let told = all_told(&mut node).await;
    for (told, change) in told.iter().zip(&crowd).take(Online::MOST_USERS) {
        let count = told["online_count"].as_u64().unwrap();
        assert_eq!(*told, presence("big", &change.user, Status::Online, count));
    }
    let numbers_only = &told[Online::MOST_USERS..];
    assert_numbers_only(numbers_only);
    assert_eq!(numbers_only.last().unwrap()["online_count"], 250);

    let leaving: Vec<_> = (0..60).map(|number| change(number, false)).collect();
    within(node.change_presence(&leaving)).await.unwrap();
    let told = all_told(&mut node).await;
    let (numbers_only, by_name) = told.split_at(told.len() - 11);
    assert_numbers_only(numbers_only);
    let counts = (190..=200).rev();
    for ((told, change), count) in by_name.iter().zip(&leaving[49..]).zip(counts) {
        assert_eq!(*told, presence("big", &change.user, Status::Offline, count));
    }
}

fn assert_numbers_only(told: &[serde_json::Value]) {
    for told in told {
        let count = told["online_count"].as_u64().unwrap();
        assert!(count > 200);
        assert_eq!(
            *told,
            json!({"type": "presence", "room": "big", "online_count": count})
        );
    }
}

pub(crate) async fn presence_has_an_order_in_time(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let alex = user("u_1", "Alex");
    let mut moments = vec![now_ms() * 1000];
    for round in 0..20 {
        node.presence("a", &alex, round % 2 == 0).await;
        moments.push(told(&node.lines(1).await[0]).1);
        moments.push(within(node.online(&room("a"))).await.unwrap().at);
    }
    assert!(moments.is_sorted(), "{moments:?}");
    assert!(
        moments[40] <= (now_ms() + 1) * 1000,
        "microseconds since the Unix epoch, where the clock is right"
    );
}

pub(crate) async fn many_rooms_are_looked_at_in_a_few_calls(place: Place) {
    let node = place.node().await;
    node.renew_lease().await.unwrap();
    let sizes = [0, 1, 3, Online::MOST_USERS, Online::MOST_USERS + 9, 0, 7];
    let sizes: Vec<usize> = sizes.iter().copied().cycle().take(70).collect();
    let ids: Vec<_> = (0..sizes.len())
        .map(|at| room(&format!("r-{at}")))
        .collect();
    for (id, size) in ids.iter().zip(&sizes) {
        let coming = (0..*size).map(|number| PresenceChange {
            room: id.clone(),
            user: user(&format!("{id} {number}"), "Somebody"),
            online: true,
        });
        within(node.change_presence(&coming.collect::<Vec<_>>()))
            .await
            .unwrap();
    }
    let (mut seen, mut calls) = (Vec::new(), 0);
    while seen.len() < ids.len() {
        seen.extend(within(node.online_in(&ids[seen.len()..])).await.unwrap());
        calls += 1;
    }
    assert!(calls <= 4, "{calls} calls for 4,200 users in 70 rooms");
    for ((online, id), size) in seen.iter().zip(&ids).zip(sizes) {
        assert_eq!(online.count, size as u64, "{id}");
        assert_eq!(online.users.len(), size.min(Online::MOST_USERS), "{id}");
        let of_it = |user: &User| user.id.as_str().starts_with(&format!("{id} "));
        assert!(online.users.iter().all(of_it), "{id}");
    }
    assert_eq!(within(node.online_in(&[])).await.unwrap(), []);
}

/// Of an engine that is gone with its node: there is nowhere to come back to.
pub(crate) async fn giving_up_takes_everybody_out(place: Place) {
    let mut node = place.node().await;
    node.renew_lease().await.unwrap();
    let (alex, bea) = (user("u_1", "Alex"), user("u_2", "Bea"));
    node.presence("a", &alex, true).await;
    node.presence("a", &bea, true).await;
    node.presence("b", &alex, true).await;
    node.lines_so_far().await;
    within(node.give_up_lease()).await.unwrap();
    for id in ["a", "b"] {
        assert_eq!(within(node.online(&room(id))).await.unwrap().count, 0);
    }
    let told = all_told(&mut node).await;
    assert_eq!(told.len(), 3);
    assert!(
        told.iter().all(|told| told["status"] == "offline"),
        "{told:?}"
    );
    within(node.give_up_lease()).await.unwrap();
    assert_eq!(all_told(&mut node).await.len(), 0);
}

pub(crate) async fn a_renewed_lease_is_kept(place: Place) {
    let node = place.node().await;
    node.renew_lease().await.unwrap();
    assert_eq!(within(node.renew_lease()).await.unwrap(), Lease::Kept);
    assert_eq!(within(node.sweep_gone_nodes()).await.unwrap(), []);
    node.presence("a", &user("u_1", "Alex"), true).await;
    assert_eq!(within(node.sweep_gone_nodes()).await.unwrap(), []);
    assert_eq!(within(node.online(&room("a"))).await.unwrap().count, 1);
}

//! The public rooms, as somebody looks for one.

use std::collections::BTreeSet;

use rookery_protocol::{Role, server_frame::RoomKind};
use rookery_store::{
    DirectoryAsked, DirectoryPage, DirectoryPlace, ListedRoom, Restraint, RoomChange, Rule, Step,
    When,
};

use crate::place::*;

fn asked(reader: &str, words: &str, limit: usize) -> DirectoryAsked {
    DirectoryAsked {
        reader: user_id(reader),
        words: words.to_owned(),
        after: None,
        limit,
    }
}

/// One page behind a place, which is written down and read again.
async fn page(
    node: &Node,
    asked: &DirectoryAsked,
    after: Option<&DirectoryPlace>,
) -> DirectoryPage {
    let after = after.map(|place| DirectoryPlace::read(&place.to_string()).unwrap());
    let asked = DirectoryAsked {
        after,
        ..asked.clone()
    };
    within(node.directory(&asked)).await.unwrap()
}

/// Every page, one after the other; `between` is done behind each.
async fn all_with(
    node: &Node,
    asked: &DirectoryAsked,
    mut between: impl AsyncFnMut(&DirectoryPage),
) -> Vec<ListedRoom> {
    let (mut rooms, mut place) = (Vec::new(), None);
    loop {
        let page = page(node, asked, place.as_ref()).await;
        assert!(page.rooms.len() <= asked.limit);
        between(&page).await;
        rooms.extend(page.rooms);
        if page.next.is_none() {
            return rooms;
        }
        place = page.next;
    }
}

async fn all(node: &Node, asked: &DirectoryAsked) -> Vec<ListedRoom> {
    all_with(node, asked, async |_| {}).await
}

fn ids(rooms: &[ListedRoom]) -> BTreeSet<String> {
    rooms.iter().map(|row| row.room.to_string()).collect()
}

async fn made(node: &Node, id: &str, kind: RoomKind, name: &str, mut steps: Vec<Step>) {
    let owner = Step::Rank {
        user: user_id("owner"),
        role: Some(Role::Owner),
        when: When::Stranger,
    };
    let name = name.to_owned();
    let mut all = vec![Step::Make { kind, name }, owner];
    all.append(&mut steps);
    let change = RoomChange {
        room: room(id),
        by: user_id("owner"),
        least: None,
        known: None,
        steps: all,
    };
    within(node.change_room(&change)).await.unwrap();
}

pub(crate) async fn only_public_rooms_are_listed(place: Place) {
    let node = place.node().await;
    assert!(all(&node, &asked("x", "", 10)).await.is_empty());
    let said = Step::Rule {
        rule: Rule::Description,
        value: Some("words on it".to_owned()),
    };
    made(&node, "plans", RoomKind::Private, "", vec![]).await;
    made(&node, "dm:a:b", RoomKind::Direct, "", vec![]).await;
    made(&node, "open", RoomKind::Public, "The open room", vec![said]).await;
    node.open("general").await;
    let sent = node.send("open", "hi").await;
    node.presence("open", &user("anna", "Anna"), true).await;

    let rows = all(&node, &asked("x", "", 10)).await;
    assert_eq!(ids(&rows), ["general", "open"].map(String::from).into());
    let row = rows.iter().find(|row| row.room == room("open")).unwrap();
    let wanted = ListedRoom {
        room: room("open"),
        name: "The open room".to_owned(),
        description: Some("words on it".to_owned()),
        members: 1,
        online: 1,
        last_event_ms: sent.ts,
    };
    assert_eq!(*row, wanted);
    let general = rows.iter().find(|row| row.room == room("general"));
    let general = general.unwrap();
    assert_eq!(
        (general.name.as_str(), &general.description, general.online),
        ("General", &None, 0)
    );
    // Members of it neither.
    assert_eq!(all(&node, &asked("owner", "", 10)).await.len(), 2);
}

pub(crate) async fn rooms_are_found_by_words(place: Place) {
    let node = place.node().await;
    made(&node, "r_1", RoomKind::Public, "Die Große Küche", vec![]).await;
    made(&node, "r_2", RoomKind::Public, "Kitchen", vec![]).await;
    node.open("KITCHEN-2").await;
    made(&node, "kitchen-3", RoomKind::Private, "Kitchen", vec![]).await;
    let found = async |words| ids(&all(&node, &asked("x", words, 1)).await);
    assert_eq!(found("küche").await, ["r_1".to_owned()].into());
    let kitchens = ["KITCHEN-2", "r_2"].map(String::from);
    assert_eq!(found("kitchen").await, kitchens.into());
    assert_eq!(found("r_").await, ["r_1", "r_2"].map(String::from).into());
    assert!(found("cellar").await.is_empty());
}

pub(crate) async fn whoever_is_banned_does_not_find_the_room(place: Place) {
    let node = place.node().await;
    let ban = Step::Restrain {
        restraint: Restraint::Ban,
        user: user_id("x"),
        for_ms: None,
        note: "{}".to_owned(),
    };
    made(&node, "shut", RoomKind::Public, "", vec![ban]).await;
    made(&node, "open", RoomKind::Public, "", vec![]).await;
    let both = ["open", "shut"].map(String::from);
    assert_eq!(ids(&all(&node, &asked("y", "", 1)).await), both.into());
    assert_eq!(
        ids(&all(&node, &asked("x", "", 1)).await),
        ["open".to_owned()].into()
    );
}

pub(crate) async fn pages_stay_whatever_is_made_or_goes(place: Place) {
    let node = place.node().await;
    let name = |number: usize| format!("room-{number}");
    for number in 0..60 {
        node.open(&name(number)).await;
    }
    let rows = all(&node, &asked("x", "", 7)).await;
    assert_eq!((rows.len(), ids(&rows).len()), (60, 60), "each once");

    // What was on a page goes, others are made: all that stays is listed, once.
    let (mut gone, mut more) = (BTreeSet::new(), 60);
    let rows = all_with(&node, &asked("x", "", 7), async |page| {
        if let Some(last) = page.rooms.last() {
            let removed = within(node.remove_room(&last.room, None)).await;
            assert!(removed.unwrap());
            gone.insert(last.room.to_string());
        }
        if more < 70 {
            node.open(&name(more)).await;
            more += 1;
        }
    })
    .await;
    let listed = ids(&rows);
    assert_eq!(listed.len(), rows.len(), "each once");
    for number in 0..60 {
        assert!(listed.contains(&name(number)), "{}", name(number));
    }
    let left = ids(&all(&node, &asked("x", "", 50)).await);
    assert!(gone.is_disjoint(&left));
}

//! The future of each command dropped at each of its awaits: nothing is left behind,
//! nothing is lost, and the next one is served.

use std::{future::poll_fn, task::Poll, time::Duration};

use futures_util::FutureExt;
use rookery_chat::{
    Caller, Moment, Opening, Paid, Way,
    commands::{self, History, Join},
    delivery::{ConnectionKey, Endpoint, WorkerNumber},
};
use rookery_protocol::{
    RoomId,
    client_frame::{
        AcceptInvite, Ban, CreateInvite, CreateRoom, HistoryPage, OneMessage, React, Remove,
        Request,
    },
    server_frame::RoomKind,
};

use crate::support::{Client, LINES, Node, Surroundings, message, run, until, user};

/// More awaits than any command has.
const MANY: usize = 40;

/// Waits for a future until it is done, or was found undone so many times; then
/// it is dropped.
async fn poll_at_most<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut found_undone = 0;
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if found_undone == times => Poll::Ready(None),
        Poll::Pending => {
            found_undone += 1;
            Poll::Pending
        }
    })
    .await
}

/// Makes the command again and again and drops it one await later each time, until
/// it comes to its end; gives how often it was dropped.
async fn drop_at_each_await<T>(command: impl AsyncFn(usize, usize) -> Option<T>) -> usize {
    for times in 0..MANY {
        // The number makes each its own room.
        if command(times, times).await.is_some() {
            return times;
        }
    }
    panic!("it never comes to its end");
}

/// Waits until nothing is counted or held any more.
async fn nothing_is_left(node: &Node) {
    let chat = &node.chat;
    until("nothing is left", async || {
        chat.sends_in_flight() == 0
            && chat.reactions_waiting() == 0
            && chat.answers.bytes() == 0
            && chat.connected.counts() == (0, 0)
            && chat.metrics.rooms.get() == 0
    })
    .await;
}

fn room(name: &str, number: usize) -> RoomId {
    RoomId::new(format!("{name}-{number}")).unwrap()
}

#[test]
fn a_join_that_is_dropped_leaves_no_seat() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let dropped = drop_at_each_await(async |times, number| {
            let room = room("join", number);
            let mut client = Client::connect(&node, "anna", LINES).await;
            let joined = poll_at_most(client.join(&room, None), times).await;
            if joined.is_none() {
                client.join(&room, None).await.expect("the seat is free");
            }
            client.send(&room, "text").await.unwrap();
            assert_eq!(client.texts(1..=1).await, ["text"], "once");
            drop(client);
            let nobody = async || {
                let online = node.chat.store.online(&room).await;
                online.is_ok_and(|online| online.count == 0)
            };
            until("nobody is online", nobody).await;
            joined
        })
        .await;
        assert!(dropped >= 2, "it waits for the store: {dropped}");
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_message_that_nobody_waits_for_is_stored_and_delivered() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let mut reader = Client::connect(&node, "reader", LINES).await;
        let writer = Client::connect(&node, "writer", LINES).await;
        let room = room("send", 0);
        reader.join(&room, None).await.unwrap();
        let mut seq = 0;
        let dropped = drop_at_each_await(async |times, number| {
            let message = message(&room, &format!("message {number}"));
            let sending = commands::send(&node.chat, writer.caller(), message).unwrap();
            node.chat.store.send_appends();
            poll_at_most(sending, times).await
        })
        .await;
        for number in 0..=dropped {
            seq += 1;
            assert_eq!(reader.texts(seq..=seq).await, [format!("message {number}")]);
        }
        drop((reader, writer));
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_message_into_a_new_room_is_stored_once_or_not_at_all() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let anna = user("anna");
        drop_at_each_await(async |times, number| {
            let room = room("post", number);
            let paid = Paid::charge(&node.chat, &anna.id).unwrap();
            let caller = Caller::new(&anna, Way::Request, paid);
            let sending = commands::send_coming_in(&node.chat, caller, message(&room, "text"));
            let sent = poll_at_most(sending, times).await;
            until("it is done with", async || node.chat.sends_in_flight() == 0).await;
            let heads = node.chat.store.heads(&[room]).await.unwrap();
            let head = heads[0].as_ref().map_or(0, |head| head.seq);
            assert!(head <= 1, "stored once at most: {head}");
            sent
        })
        .await;
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_leave_that_is_dropped_is_carried_out_or_can_be_asked_again() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        drop_at_each_await(async |times, number| {
            let room = room("leave", number);
            let client = Client::connect(&node, "anna", LINES).await;
            client.join(&room, None).await.unwrap();
            let leave = || commands::leave(&node.chat, client.caller(), &client.session, &room);
            let left = poll_at_most(leave(), times).await;
            let gone = async || {
                let online = node.chat.store.online(&room).await;
                online.is_ok_and(|online| online.count == 0)
            };
            until("they have left", gone).await;
            leave().await.unwrap();
            let rooms = node.chat.store.rooms_of(&client.session.user().id).await;
            assert!(rooms.unwrap().iter().all(|row| row.room != room));
            left
        })
        .await;
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_page_that_is_dropped_gives_back_its_bytes() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let room = room("history", 0);
        client.join(&room, None).await.unwrap();
        client.send(&room, "text").await.unwrap();
        let arguments = History {
            room: room.clone(),
            page: HistoryPage::Before(9),
            limit: 10,
        };
        drop_at_each_await(async |times, _| {
            let page = commands::history(&node.chat, client.caller(), &arguments);
            poll_at_most(page, times).await.map(drop)
        })
        .await;
        let arguments = OneMessage { room, seq: 1 };
        drop_at_each_await(async |times, _| {
            let request = Request::OneMessage(arguments.clone());
            let found = commands::request(&node.chat, client.caller(), request);
            poll_at_most(found, times).await.map(drop)
        })
        .await;
        assert_eq!(node.chat.answers.bytes(), 0);
        drop(client);
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_room_whose_making_is_dropped_is_made_with_all_that_belongs_to_it() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let ben = Client::connect(&node, "ben", LINES).await;
        let anna = Client::connect(&node, "anna", LINES).await;
        ben.join(&room("lobby", 0), None).await.unwrap();
        let make = async |times: usize, number: usize| {
            let request = Request::CreateRoom(CreateRoom {
                kind: RoomKind::Private,
                name: None,
                room: Some(room("made", number)),
                description: None,
                members: vec![user("ben").id],
                ttl_ms: None,
            });
            let making = commands::request(&node.chat, anna.caller(), request);
            poll_at_most(making, times).await
        };
        let dropped = drop_at_each_await(make).await;
        assert!(dropped > 2, "{dropped}");
        // The first is never polled again where it is dropped before anything was begun.
        let wanted = dropped + 1;
        until("both have all of them in their lists", async || {
            let mut counts = Vec::new();
            for id in ["anna", "ben"] {
                let rooms = node.chat.store.rooms_of(&user(id).id).await.unwrap();
                let made = rooms
                    .iter()
                    .filter(|row| row.room.as_str().starts_with("made"));
                counts.push(made.count());
            }
            counts == [wanted, wanted]
        })
        .await;
    });
}

#[test]
fn a_removal_that_nobody_waits_for_is_carried_out() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let ben = Client::connect(&node, "ben", LINES).await;
        let anna = Client::connect(&node, "anna", LINES).await;
        ben.join(&room("lobby", 0), None).await.unwrap();
        let remove = async |times: usize, number: usize| {
            let id = room("made", number);
            let request = Request::CreateRoom(CreateRoom {
                kind: RoomKind::Private,
                name: None,
                room: Some(id.clone()),
                description: None,
                members: vec![user("ben").id],
                ttl_ms: None,
            });
            let made = commands::request(&node.chat, anna.caller(), request).await;
            made.unwrap();
            let user = user("ben").id;
            let request = Request::Remove(Remove { room: id, user });
            let removing = commands::request(&node.chat, anna.caller(), request);
            poll_at_most(removing, times).await
        };
        drop_at_each_await(remove).await;
        until("no list has any of them", async || {
            let rooms = node.chat.store.rooms_of(&user("ben").id).await.unwrap();
            !rooms
                .iter()
                .any(|row| row.room.as_str().starts_with("made"))
        })
        .await;
    });
}

#[test]
fn a_reaction_that_nobody_waits_for_is_counted() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let anna = Client::connect(&node, "anna", LINES).await;
        let react = async |times: usize, number: usize| {
            let id = room("made", number);
            anna.join(&id, None).await.unwrap();
            let target = anna.send(&id, "hi").await.unwrap().seq;
            let request = Request::React(React {
                room: id,
                target,
                emoji: "👍".to_owned(),
                on: true,
            });
            let reacting = commands::request(&node.chat, anna.caller(), request);
            poll_at_most(reacting, times).await
        };
        let dropped = drop_at_each_await(react).await;
        assert!(dropped > 0);
        for number in 0..=dropped {
            let id = room("made", number);
            until("it is counted", async || {
                let page = HistoryPage::Before(u64::MAX);
                let page = node.chat.store.history(&id, None, page, 1).await.unwrap();
                let reactions = rookery_protocol::tail::reactions_of(page.messages[0].json());
                reactions.len() == 1 && reactions[0].count == 1
            })
            .await;
        }
        drop(anna);
        nothing_is_left(&node).await;
    });
}

/// A private room of anna's with a code that one may come in by.
async fn room_with_a_code(
    node: &Node,
    anna: &Client<'_>,
    id: &RoomId,
) -> rookery_protocol::InviteCode {
    let request = Request::CreateRoom(CreateRoom {
        kind: RoomKind::Private,
        name: None,
        room: Some(id.clone()),
        description: None,
        members: Vec::new(),
        ttl_ms: None,
    });
    let made = commands::request(&node.chat, anna.caller(), request).await;
    made.unwrap();
    let request = Request::CreateInvite(CreateInvite {
        room: id.clone(),
        expires_ms: None,
        uses: Some(1),
    });
    let made = commands::request(&node.chat, anna.caller(), request).await;
    made.unwrap();
    let rows = node.chat.store.invites(id, &user("anna").id).await;
    rows.unwrap()[0].code.clone()
}

#[test]
fn an_invitation_whose_answer_nobody_waits_for_is_used_once_and_wholly() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let ben = Client::connect(&node, "ben", LINES).await;
        let anna = Client::connect(&node, "anna", LINES).await;
        let dropped = drop_at_each_await(async |times: usize, number: usize| {
            let id = room("invited", number);
            let code = room_with_a_code(&node, &anna, &id).await;
            let request = Request::AcceptInvite(AcceptInvite { code });
            let accepting = commands::request(&node.chat, ben.caller(), request);
            poll_at_most(accepting, times).await
        })
        .await;
        assert!(dropped > 2, "{dropped}");
        until(
            "ben is in all of them and has them in his list",
            async || {
                let rooms = node.chat.store.rooms_of(&user("ben").id).await.unwrap();
                let is_it = |row: &&rookery_protocol::server_frame::RoomRow| {
                    row.room.as_str().starts_with("invited")
                };
                rooms.iter().filter(is_it).count() == dropped + 1
            },
        )
        .await;
        for number in 0..=dropped {
            let id = room("invited", number);
            let left = node.chat.store.invites(&id, &user("anna").id).await;
            assert!(left.unwrap().is_empty(), "the one use is used");
        }
    });
}

#[test]
fn a_ban_that_nobody_waits_for_takes_along_what_was_written() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let ben = Client::connect(&node, "ben", LINES).await;
        let anna = Client::connect(&node, "anna", LINES).await;
        let dropped = drop_at_each_await(async |times: usize, number: usize| {
            let id = room("spam", number);
            let code = room_with_a_code(&node, &anna, &id).await;
            let request = Request::AcceptInvite(AcceptInvite { code });
            let accepted = commands::request(&node.chat, ben.caller(), request).await;
            accepted.unwrap();
            ben.join(&id, None).await.unwrap();
            for _ in 0..3 {
                ben.send(&id, "spam").await.unwrap();
            }
            anna.join(&id, None).await.unwrap();
            anna.send(&id, "fine").await.unwrap();
            let request = Request::Ban(Ban {
                room: id,
                user: user("ben").id,
                for_ms: None,
                reason: None,
                delete_since: Some(600_000),
            });
            let banning = commands::request(&node.chat, anna.caller(), request);
            poll_at_most(banning, times).await
        })
        .await;
        assert!(dropped > 1, "{dropped}");
        for number in 0..=dropped {
            let id = room("spam", number);
            until("what is fine is left", async || {
                let store = &node.chat.store;
                store.count_messages(&id, 0, u64::MAX).await.unwrap() == 1
            })
            .await;
        }
    });
}

#[test]
fn a_session_that_is_not_opened_counts_for_nothing() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let node = Node::start("n_one", &surroundings).await;
        let opening = || Opening {
            user: user("anna"),
            expires: Moment::now() + Duration::from_secs(60),
            at: Endpoint {
                worker: WorkerNumber(0),
                connection: ConnectionKey::default(),
                wire: LINES,
            },
            login: None,
            as_of: 0,
            follows_epochs: true,
        };
        drop_at_each_await(async |times, _| {
            let opened = commands::open_session(&node.chat, opening(), || false);
            let opened = poll_at_most(opened, times).await;
            assert_eq!(
                node.chat.connected.counts().0,
                usize::from(opened.is_some())
            );
            opened.map(drop)
        })
        .await;
        let gone = commands::open_session(&node.chat, opening(), || true).await;
        assert!(gone.unwrap().is_none());
        nothing_is_left(&node).await;
    });
}

#[test]
fn a_join_of_somebody_who_is_gone_comes_to_nothing() {
    run(async {
        let surroundings = Surroundings::far_away(10, 5);
        let node = Node::start("n_one", &surroundings).await;
        let client = Client::connect(&node, "anna", LINES).await;
        let join = Join {
            id: None,
            room: room("gone", 0),
            since: None,
            limit: None,
        };
        let session = std::rc::Rc::clone(&client.session);
        let caller = client.caller();
        let mut joining = Box::pin(commands::join(&node.chat, caller, &session, join));
        assert!(
            joining.as_mut().now_or_never().is_none(),
            "it waits for the store"
        );
        drop(client.session.end());
        assert!(joining.await.is_err());
        drop(client);
        drop(session);
        nothing_is_left(&node).await;
    });
}

//! Log-ins of accounts: none that ended slips through, whenever it did, and what is dropped
//! halfway is whole or was never there.

use std::{future::poll_fn, net::IpAddr, task::Poll};

use rookery_chat::{
    Caller, Paid, Way,
    commands::{self, LogIn, LoggedIn, Register},
};
use rookery_protocol::{
    CloseCode,
    client_frame::{Password, Request, RevokeSession},
};

use crate::support::{Client, LINES, Node, Surroundings, run, until};

fn arguments(name: &str) -> LogIn {
    LogIn {
        name: name.to_owned(),
        password: Password::new("correct horse"),
        client: "test".to_owned(),
        address: "192.0.2.1".to_owned(),
        from: "192.0.2.1".parse::<IpAddr>().unwrap().into(),
    }
}

async fn register(node: &Node, name: &str) -> LoggedIn {
    let (log_in, guest) = (arguments(name), None);
    let registered = commands::register(&node.chat, Register { log_in, guest }).await;
    registered.unwrap()
}

/// Ends all log-ins of a user.
async fn revoke(node: &Node, who: &LoggedIn) {
    let paid = Paid::charge(&node.chat, &who.user.id).unwrap();
    let caller = Caller::new(&who.user, Way::Request, paid);
    let all = Request::RevokeSession(RevokeSession { session: None });
    commands::request(&node.chat, caller, all).await.unwrap();
}

fn closed(client: &Client<'_>) -> Option<CloseCode> {
    *client.closed.borrow()
}

#[test]
fn a_log_in_that_ends_while_somebody_comes_in_with_it_does_not_let_them_stay() {
    run(async {
        let surroundings = Surroundings::far_away(3, 2);
        let (one, two) = (
            Node::start("n_one", &surroundings).await,
            Node::start("n_two", &surroundings).await,
        );
        let anna = register(&one, "Anna").await;
        let (user, login) = (anna.user.clone(), Some(anna.login));
        let stands = commands::may_come_in(&two.chat, &user.id, login).await;
        let as_of = stands.unwrap().as_of;
        let known = Client::connect_with(&two, user.clone(), LINES, login, as_of).await;
        assert_eq!(closed(&known), None);
        revoke(&one, &anna).await;
        until("who is known hears of it", async || {
            closed(&known) == Some(CloseCode::SessionRevoked)
        })
        .await;
        // The store was asked before, and the word of the end came when nobody was known yet.
        let late = Client::connect_with(&two, user, LINES, login, as_of).await;
        until("who comes late is looked at again", async || {
            closed(&late) == Some(CloseCode::SessionRevoked)
        })
        .await;
    });
}

#[test]
fn a_registration_that_is_dropped_is_whole_or_was_never_there() {
    run(async {
        let surroundings = Surroundings::far_away(2, 1);
        let node = Node::start("n_one", &surroundings).await;
        let mut dropped = 0;
        for times in 0..40 {
            let name = format!("Anna {times}");
            let (log_in, guest) = (arguments(&name), None);
            let mut registering =
                Box::pin(commands::register(&node.chat, Register { log_in, guest }));
            let mut left = times;
            let done = poll_fn(|context| match registering.as_mut().poll(context) {
                Poll::Ready(done) => Poll::Ready(Some(done)),
                Poll::Pending if left == 0 => Poll::Ready(None),
                Poll::Pending => {
                    left -= 1;
                    Poll::Pending
                }
            })
            .await;
            drop(registering);
            if let Some(done) = done {
                done.unwrap();
                break;
            }
            dropped += 1;
            // They come again: either as somebody new, or as who they have become meanwhile.
            until("they are let in", async || {
                let (log_in, guest) = (arguments(&name), None);
                let again = Register { log_in, guest };
                commands::register(&node.chat, again).await.is_ok()
                    || commands::log_in(&node.chat, arguments(&name)).await.is_ok()
            })
            .await;
        }
        assert!(
            dropped >= 3,
            "it waits for a thread and the store: {dropped}"
        );
    });
}

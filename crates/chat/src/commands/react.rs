//! `react` and `reactors`: what people think of a message.
//!
//! The first reaction to a message is told at once. Those that come within a moment of that,
//! on whatever node, are gathered and told together: ten thousand of them are a few events.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{Emoji, ErrorCode, RoomId, User, UserId, client_frame};
use rookery_store::{
    Denied, React, Reacted, Reaction, ReactionChange, Reactors, ReactorsAsked, StoreError,
};
use serde::Serialize;

use super::{members::page_limit, send::deliver};
use crate::{
    caller::Caller,
    chat::Chat,
    emoji,
    limits::{Gathered, Gathering, Given},
    refusal::{Refusal, Retry},
};

/// How long a reaction waits for its turn where many come at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Up to so much longer nodes wait that gather for the same message, so that each gets its turn.
const SPREAD_MS: u64 = 30;

/// How it stands with the emoji.
#[derive(Debug, Serialize)]
pub(super) struct ReactionTold {
    /// Of the event that tells of it; nothing where it was so.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ts: Option<u64>,
    count: u64,
}

/// A page of those who think so.
#[derive(Debug, Serialize)]
pub(super) struct ReactorsTold {
    users: Vec<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// Sets a reaction or takes it away; what is so already stays.
///
/// # Errors
///
/// Where there is no such message or emoji, or the caller may not write there.
pub(super) async fn react(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: client_frame::React,
) -> Result<ReactionTold, Refusal> {
    let emoji = emoji::accept(&arguments.emoji, &chat.settings.rooms.custom_reactions)?;
    let message = (arguments.room, arguments.target);
    let change = ReactionChange {
        user: caller.user.clone(),
        emoji,
        on: arguments.on,
    };
    let (answer, begins) = chat.reactions.enter(&message, change)?;
    if let Some(gathering) = begins {
        let work = tell_gathered(Arc::clone(chat), gathering);
        chat.background.start_soon("reactions", work);
    }
    // Whoever gathers answers everybody, unless the node ends.
    let answer = answer.await.map_err(|_| ended())?;
    let Given { count, event } = answer?;
    let (seq, ts) = event.unzip();
    Ok(ReactionTold { seq, ts, count })
}

fn ended() -> Refusal {
    let message = "the node is about to end; ask again";
    Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread)
}

/// Has the store take what was gathered for a message, until nothing more comes.
async fn tell_gathered(chat: Arc<Chat>, mut gathering: Gathering) {
    let (room, target) = gathering.message().clone();
    while let Some(gathered) = gathering.take(React::MOST) {
        let react = React {
            room: room.clone(),
            target,
            known: chat.rooms.followed(&room).and_then(|room| room.known()),
            changes: gathered.iter().map(|it| it.change.clone()).collect(),
            most_emoji: chat.settings.limits.reactions_per_message,
        };
        match chat.store.react(&react).await {
            Ok(Reacted::Wait(ms)) => {
                gathering.put_back(gathered, PATIENCE);
                let more = rand::random_range(0..=SPREAD_MS);
                tokio::time::sleep(Duration::from_millis(ms + more)).await;
            }
            Ok(Reacted::Done { told, outcomes }) => {
                let event = told.as_ref().map(|told| (told.seq, told.ts));
                if let Some(told) = told {
                    deliver(&chat, &room, told);
                }
                answer(&room, gathered, outcomes, event);
            }
            Err(error) => {
                for it in gathered {
                    it.answer(Err(error.clone().into()));
                }
            }
        }
    }
}

fn answer(
    room: &RoomId,
    gathered: Vec<Gathered>,
    outcomes: Vec<Result<Reaction, Denied>>,
    event: Option<(u64, u64)>,
) {
    for (it, outcome) in gathered.into_iter().zip(outcomes) {
        let room = room.clone();
        let refused = |denied| StoreError::Denied { room, denied }.into();
        let given = |Reaction { changed, count }| Given {
            count,
            event: event.filter(|_| changed),
        };
        it.answer(outcome.map(given).map_err(refused));
    }
}

/// Reads who thinks so, page by page.
///
/// # Errors
///
/// Where there is no such message.
pub(super) async fn reactors(
    chat: &Chat,
    caller: Caller<'_>,
    arguments: client_frame::Reactors,
) -> Result<ReactorsTold, Refusal> {
    let asked = ReactorsAsked {
        room: arguments.room,
        reader: caller.user.id.clone(),
        target: arguments.target,
        emoji: known(&arguments.emoji)?,
        after: arguments.after.map(|it| read_place(&it)).transpose()?,
        limit: page_limit(arguments.limit)?,
    };
    let Reactors { users, more } = chat.store.reactors(&asked).await?;
    let next = users.last().filter(|_| more).map(ToString::to_string);
    let names = chat.store.persons(&users).await?;
    let users = users.into_iter().zip(names);
    let users = users.map(|(id, name)| User {
        name: name.as_deref().unwrap_or(id.as_str()).into(),
        id,
    });
    Ok(ReactorsTold {
        users: users.collect(),
        next,
    })
}

/// An emoji in its full form, or any word: it may have been allowed once.
fn known(text: &str) -> Result<Emoji, Refusal> {
    let word = text.trim_matches(':').to_owned();
    emoji::accept(text, &[word])
}

fn read_place(text: &str) -> Result<UserId, Refusal> {
    let message = "after must be what an answer gave as its next";
    UserId::new(text).map_err(|_| Refusal::bad_request(message))
}

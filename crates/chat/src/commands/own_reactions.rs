//! Which reactions are those of whoever is shown messages: the one thing of a message that
//! is not the same for everybody.

use std::{collections::HashSet, sync::Arc};

use rookery_protocol::{Emoji, Event, RoomId, UserId, tail};

use crate::{chat::Chat, refusal::Refusal, snapshot::Snapshot};

/// Has messages say which reactions are this user's own.
///
/// # Errors
///
/// Where the store cannot be asked.
pub(super) async fn mark_own(
    chat: &Chat,
    room: &RoomId,
    user: &UserId,
    messages: &mut [Event],
) -> Result<(), Refusal> {
    let reactions = |event: &Event| {
        let seq = event.seq;
        let reactions = tail::reactions_of(event.json()).into_iter();
        reactions.map(move |it| (seq, it.emoji))
    };
    let given: Vec<_> = messages.iter().flat_map(reactions).collect();
    let own = own_of(chat, room, user, &given).await?;
    for message in messages {
        let seq = message.seq;
        if own.iter().any(|(of, _)| *of == seq) {
            let json = tail::with_mine(message.json(), |emoji| own.contains(&(seq, emoji.clone())));
            *message = Event::new(seq, message.expires_at, json);
        }
    }
    Ok(())
}

/// The same of what somebody is shown who comes in: the snapshot of all, where nothing in it
/// is their own.
///
/// # Errors
///
/// Where the store cannot be asked.
pub(super) async fn marked_own(
    chat: &Chat,
    room: &RoomId,
    user: &UserId,
    snapshot: Arc<Snapshot>,
) -> Result<Arc<Snapshot>, Refusal> {
    let given: Vec<_> = snapshot.reactions().collect();
    let own = own_of(chat, room, user, &given).await?;
    if own.is_empty() {
        return Ok(snapshot);
    }
    let marked = snapshot.with_mine(|seq, emoji| own.contains(&(seq, emoji.clone())));
    let share = chat.answers.of_node().take(marked.bytes());
    Ok(Arc::new(marked.carrying(share)))
}

async fn own_of(
    chat: &Chat,
    room: &RoomId,
    user: &UserId,
    given: &[(u64, Emoji)],
) -> Result<HashSet<(u64, Emoji)>, Refusal> {
    let own = chat.store.own_reactions(room, user, given).await?;
    let own = given.iter().zip(own).filter(|(_, is_own)| *is_own);
    Ok(own.map(|(given, _)| given.clone()).collect())
}

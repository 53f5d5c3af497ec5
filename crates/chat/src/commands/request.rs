//! What belongs to no connection: one function for all ways in.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use rookery_protocol::{
    Event,
    client_frame::{DEFAULT_PAGE, MAX_PAGE, Request},
};
use serde::Serialize;

use super::{
    blocks,
    create_room::create_room,
    delete::delete,
    delete_me::delete_me,
    delete_room::delete_room,
    directory,
    edit::edit,
    invitations,
    invite::invite,
    leave::leave_everywhere,
    me::me,
    members::members,
    message::message,
    my_rooms::my_rooms,
    open_direct::open_direct,
    pins::{pin, pins, unpin},
    presence_of::presence_of,
    react::{react, reactors},
    remove::remove,
    restrain,
    sessions::{revoke_session, sessions},
    set_role::set_role,
    update_me::update_me,
    update_room::update_room,
    users::{user, users},
};
use crate::{
    caller::Caller,
    chat::Chat,
    limits::{Claim, ROW_BYTES},
    refusal::Refusal,
};

/// What somebody is answered whose request was carried out.
#[derive(Debug)]
pub struct Reply {
    /// A JSON object.
    json: Vec<u8>,
    /// Whether something was made that had not been there.
    pub made: bool,
    /// What it takes of its user's and of the node's bytes.
    claim: Option<Claim>,
}

impl Reply {
    /// Nothing but that it was done.
    const DONE: &'static [u8] = b"{}";

    fn done((): ()) -> Self {
        Self {
            json: Self::DONE.to_vec(),
            made: false,
            claim: None,
        }
    }

    /// One field.
    pub(super) fn of(name: &str, value: &impl Serialize) -> Self {
        let mut fields = serde_json::Map::new();
        // Strings, numbers and lists of them, into memory: nothing here can fail.
        fields.insert(
            name.to_owned(),
            serde_json::to_value(value).unwrap_or_default(),
        );
        Self::with(&fields)
    }

    /// These fields.
    fn with(fields: &impl Serialize) -> Self {
        Self {
            json: serde_json::to_vec(fields).unwrap_or_else(|_| Self::DONE.to_vec()),
            ..Self::done(())
        }
    }

    fn made(self, made: bool) -> Self {
        Self { made, ..self }
    }

    /// The answer as whoever asked is told it, made of the JSON object; it counts for as long
    /// as anybody holds it.
    pub fn into_bytes(self, make: impl FnOnce(Vec<u8>) -> Bytes) -> Bytes {
        let bytes = make(self.json);
        match self.claim {
            Some(claim) => claim.carry(bytes),
            None => bytes,
        }
    }
}

/// What an answer without a list is taken to have.
const SMALL_BYTES: usize = 4 * 1024;

/// What one person in a list is: an id and a name of the greatest length, escaped, and numbers.
const PERSON_BYTES: usize = 1024;

/// What a ban is at most: two people and a reason. There are rarely more than so many.
const BAN_BYTES: usize = 4 * 1024;
const BANS_EXPECTED: usize = 200;

/// What a session of an account is at most.
const SESSION_BYTES: usize = 1024;
/// There are rarely more sessions, or people whom somebody has blocked.
const MANY_EXPECTED: usize = 100;

/// What somebody says of themselves beside their `meta`, escaped.
const PROFILE_BYTES: usize = 16 * 1024;

/// The most bytes that the reply is expected to have, where it may be large.
pub fn most_bytes(chat: &Chat, request: &Request) -> usize {
    match request {
        Request::OneMessage(_) => chat.answers.most_bytes(1),
        Request::Pins(_) => chat.answers.most_bytes(chat.settings.limits.pins_per_room),
        Request::Reactors(asked) => {
            let limit = asked.limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
            limit as usize * PERSON_BYTES
        }
        Request::Members(asked) => {
            let limit = asked.limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
            limit as usize * PERSON_BYTES
        }
        Request::Users(asked) => {
            let limit = asked.limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
            limit as usize * PERSON_BYTES
        }
        Request::PresenceOf(asked) => asked.users.len().min(MAX_PAGE as usize) * PERSON_BYTES,
        Request::Blocks(_) => MANY_EXPECTED * PERSON_BYTES,
        Request::Sessions(_) => MANY_EXPECTED * SESSION_BYTES,
        Request::Me(_) | Request::OneUser(_) => chat.settings.limits.meta_bytes + PROFILE_BYTES,
        Request::Bans(_) | Request::Mutes(_) => BANS_EXPECTED * BAN_BYTES,
        Request::Invites(_) => invitations::most_bytes(chat),
        Request::MyRooms(arguments) => {
            let rooms = arguments.limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
            ROW_BYTES * rooms as usize
        }
        Request::Directory(arguments) => {
            let rooms = arguments.limit.unwrap_or(DEFAULT_PAGE).min(MAX_PAGE);
            directory::ROOM_BYTES * rooms as usize
        }
        _ => SMALL_BYTES,
    }
}

/// Carries a request out; one that changes something wholly, whether or not anybody waits
/// for it. Its turn is that of the first poll.
///
/// # Errors
///
/// Why it is not carried out.
pub async fn request(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    request: Request,
) -> Result<Reply, Refusal> {
    if request.only_reads() {
        return read(chat, caller, request).await;
    }
    let (of_work, user) = (Arc::clone(chat), caller.user.clone());
    let Caller { way, login, .. } = caller;
    let work = async move {
        let caller = Caller {
            user: &user,
            way,
            login,
        };
        answer(&of_work, caller, request).await
    };
    chat.background.carry_out(work.boxed()).await
}

/// A JSON object with finished events.
fn listed(name: &str, events: &[Event]) -> Vec<u8> {
    let mut json = format!(r#"{{"{name}":["#).into_bytes();
    for (place, event) in events.iter().enumerate() {
        if place > 0 {
            json.push(b',');
        }
        json.extend_from_slice(event.json());
    }
    json.extend_from_slice(b"]}");
    json
}

/// Answers one that reads, after room was made for what that can be at most.
async fn read(chat: &Arc<Chat>, caller: Caller<'_>, request: Request) -> Result<Reply, Refusal> {
    let most = most_bytes(chat, &request);
    let claim = chat.answers.claim(&caller.user.id, most).await?;
    let reply = answer(chat, caller, request).await?;
    let claim = Some(claim);
    Ok(Reply { claim, ..reply })
}

async fn answer(chat: &Arc<Chat>, caller: Caller<'_>, request: Request) -> Result<Reply, Refusal> {
    match request {
        Request::OneMessage(arguments) => {
            let event = message(chat, caller, &arguments).await?;
            Ok(Reply {
                json: [br#"{"message":"#, event.json(), b"}"].concat(),
                ..Reply::done(())
            })
        }
        Request::Delete(arguments) => {
            let stored = delete(chat, caller, arguments).await?;
            Ok(Reply::with(&stored))
        }
        Request::Edit(arguments) => {
            let stored = edit(chat, caller, arguments).await?;
            Ok(Reply::with(&stored))
        }
        Request::React(arguments) => {
            let told = react(chat, caller, arguments).await?;
            Ok(Reply::with(&told))
        }
        Request::Reactors(arguments) => {
            let page = reactors(chat, caller, arguments).await?;
            Ok(Reply::with(&page))
        }
        Request::Pin(arguments) => Ok(Reply::with(&pin(chat, caller, arguments).await?)),
        Request::Unpin(arguments) => Ok(Reply::with(&unpin(chat, caller, arguments).await?)),
        Request::Pins(arguments) => {
            let messages = pins(chat, caller, &arguments).await?;
            Ok(Reply {
                json: listed("messages", &messages),
                ..Reply::done(())
            })
        }
        Request::CreateRoom(arguments) => {
            let row = create_room(chat, caller, arguments).await?;
            Ok(Reply::of("room", &row).made(true))
        }
        Request::OpenDirect(arguments) => {
            let (row, made) = open_direct(chat, caller, arguments).await?;
            Ok(Reply::of("room", &row).made(made))
        }
        Request::UpdateRoom(arguments) => {
            let row = update_room(chat, caller, arguments).await?;
            Ok(Reply::of("room", &row))
        }
        Request::DeleteRoom(arguments) => {
            delete_room(chat, caller, arguments).await.map(Reply::done)
        }
        Request::LeaveRoom(arguments) => {
            let left = leave_everywhere(chat, caller, arguments.room).await;
            left.map(Reply::done)
        }
        Request::Members(arguments) => {
            let page = members(chat, caller, arguments).await?;
            Ok(Reply::with(&page))
        }
        Request::Invite(arguments) => invite(chat, caller, arguments).await.map(Reply::done),
        Request::Directory(arguments) => {
            let page = directory::directory(chat, caller, arguments).await?;
            Ok(Reply::with(&page))
        }
        Request::MyRooms(arguments) => {
            let page = my_rooms(chat, caller, arguments).await?;
            Ok(Reply::with(&page))
        }
        Request::CreateInvite(arguments) => {
            let made = invitations::create_invite(chat, caller, arguments).await?;
            Ok(Reply::with(&made).made(true))
        }
        Request::Invites(arguments) => {
            let invites = invitations::invites(chat, caller, arguments).await?;
            Ok(Reply::of("invites", &invites))
        }
        Request::RevokeInvite(arguments) => invitations::revoke_invite(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::AcceptInvite(arguments) => {
            let row = invitations::accept_invite(chat, caller, arguments).await?;
            Ok(Reply::of("room", &row))
        }
        Request::SetRole(arguments) => set_role(chat, caller, arguments).await.map(Reply::done),
        Request::Remove(arguments) => remove(chat, caller, arguments).await.map(Reply::done),
        Request::Ban(arguments) => restrain::ban(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Unban(arguments) => restrain::unban(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Bans(arguments) => {
            let bans = restrain::bans(chat, caller, arguments).await?;
            Ok(Reply::of("bans", &bans))
        }
        Request::Mute(arguments) => restrain::mute(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Unmute(arguments) => restrain::unmute(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Sessions(_) => {
            let sessions = sessions(chat, caller).await?;
            Ok(Reply::of("sessions", &sessions))
        }
        Request::RevokeSession(arguments) => revoke_session(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Me(_) => Ok(Reply::with(&me(chat, caller).await?)),
        Request::UpdateMe(arguments) => {
            let me = update_me(chat, caller, arguments).await?;
            Ok(Reply::with(&me))
        }
        Request::DeleteMe(arguments) => delete_me(chat, caller, arguments).await.map(Reply::done),
        Request::Users(arguments) => Ok(Reply::with(&users(chat, arguments).await?)),
        Request::OneUser(arguments) => Ok(Reply::with(&user(chat, arguments).await?)),
        Request::PresenceOf(arguments) => {
            let users = presence_of(chat, caller, arguments).await?;
            Ok(Reply::of("users", &users))
        }
        Request::Blocks(_) => Ok(Reply::of("users", &blocks::blocks(chat, caller).await?)),
        Request::Block(arguments) => blocks::block(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Unblock(arguments) => blocks::unblock(chat, caller, arguments)
            .await
            .map(Reply::done),
        Request::Mutes(arguments) => {
            let mutes = restrain::mutes(chat, caller, arguments).await?;
            Ok(Reply::of("mutes", &mutes))
        }
    }
}

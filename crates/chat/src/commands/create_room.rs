//! `create_room`: a room that nobody has made, with its first people.

use std::sync::Arc;

use rand::{Rng, distr::Alphanumeric};
use rookery_protocol::{Role, RoomId, User, client_frame::CreateRoom, server_frame::RoomKind};
use rookery_store::{RoomChange, Rule, Step, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent, Row},
    membership,
    update_room::{accept_description, accept_name},
};
use crate::{caller::Caller, chat::Chat, policy, refusal::Refusal};

/// Random characters of a room's id: 95 bits, so that nobody guesses one.
const ID_CHARS: usize = 16;

/// Makes it; its maker owns it.
///
/// # Errors
///
/// Where there is a room with that id, somebody in it was never heard of, or the caller has
/// made, or is in, as many as they may.
pub(super) async fn create_room(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: CreateRoom,
) -> Result<Row, Refusal> {
    let CreateRoom {
        kind,
        name,
        room,
        description,
        mut members,
        ttl_ms,
    } = arguments;
    if kind == RoomKind::Direct {
        let message = "a direct room is made by open_direct";
        return Err(Refusal::bad_request(message));
    }
    if ttl_ms.is_some() {
        return Err(Refusal::not_served("ttl_ms of a room"));
    }
    let room = match room {
        Some(room) if policy::is_direct(&room) => {
            let message = "ids that begin with `dm:` are those of direct rooms";
            return Err(Refusal::bad_request(message));
        }
        Some(room) => room,
        None => made_up_id()?,
    };
    let name = name.map(|name| accept_name(&name)).transpose()?;
    let description = description.map(accept_description).transpose()?;
    let user = caller.user;
    members.sort_unstable();
    members.dedup();
    members.retain(|member| *member != user.id);
    policy::check_many(members.len())?;
    let members = known_people(chat, members).await?;
    let steps = steps(kind, name, description, user, &members);
    chat.store.note_person(user).await?;
    change::carry_out(
        chat,
        RoomChange {
            room: room.clone(),
            by: user.id.clone(),
            least: None,
            known: None,
            steps,
        },
    )
    .await?;
    let people = members.iter().chain([user]);
    membership::began(chat, &room, people.map(|person| &person.id)).await;
    change::row(chat, &room, &user.id, None).await
}

fn steps(
    kind: RoomKind,
    name: Option<String>,
    description: Option<String>,
    owner: &User,
    members: &[User],
) -> Vec<Step> {
    let mut steps = vec![Step::Make {
        kind,
        name: name.unwrap_or_default(),
    }];
    if let Some(description) = description {
        steps.push(Step::Rule {
            rule: Rule::Description,
            value: Some(description).filter(|words| !words.is_empty()),
        });
    }
    let people = members.iter().map(|member| (member, Role::Member));
    for (person, role) in [(owner, Role::Owner)].into_iter().chain(people) {
        steps.push(Step::Rank {
            user: person.id.clone(),
            role: Some(role),
            when: When::Stranger,
        });
        let joined = MemberEvent {
            user: person,
            change: MemberChange::Joined,
            role: Some(role),
            by: (person.id != owner.id).then_some(owner),
        };
        steps.push(Step::Tell {
            body: joined.body(),
            told: Told::InClosedRooms,
        });
    }
    steps
}

/// These people; who was never heard of goes by their id.
pub(super) async fn named(
    chat: &Chat,
    users: Vec<rookery_protocol::UserId>,
) -> Result<Vec<User>, Refusal> {
    let names = chat.store.persons(&users).await?;
    let people = users.into_iter().zip(names);
    let people = people.map(|(id, name)| User {
        name: name.as_deref().unwrap_or(id.as_str()).into(),
        id,
    });
    Ok(people.collect())
}

/// These people, all of whom were heard of.
pub(super) async fn known_people(
    chat: &Chat,
    users: Vec<rookery_protocol::UserId>,
) -> Result<Vec<User>, Refusal> {
    let names = chat.store.persons(&users).await?;
    let people = users.into_iter().zip(names);
    let people = people.map(|(id, name)| match name {
        Some(name) => Ok(User {
            id,
            name: name.into(),
        }),
        None => Err(Refusal::no_such_user(&id)),
    });
    people.collect()
}

fn made_up_id() -> Result<RoomId, Refusal> {
    let random = rand::rng().sample_iter(Alphanumeric).take(ID_CHARS);
    let id = format!("r_{}", random.map(char::from).collect::<String>());
    RoomId::new(id).map_err(|error| Refusal::bad_request(error.to_string()))
}

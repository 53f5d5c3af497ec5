//! `invite`: people become members at once.

use std::sync::Arc;

use rookery_protocol::{Role, client_frame::Invite};
use rookery_store::{Step, Told, When};

use super::{
    change::{self, MemberChange, MemberEvent},
    create_room::known_people,
    membership,
};
use crate::{
    caller::Caller,
    chat::Chat,
    policy::{self, Action},
    refusal::Refusal,
};

/// Makes them members; who is one stays what they are.
///
/// # Errors
///
/// Where the caller may not, or one of them was never heard of or is banned: then nobody
/// becomes one.
pub(super) async fn invite(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    Invite { room, mut users }: Invite,
) -> Result<(), Refusal> {
    change::forbid_in_direct(&room)?;
    users.sort_unstable();
    users.dedup();
    policy::check_many(users.len())?;
    let by = caller.user;
    // To somebody who may not look into the room it is not told who there is.
    chat.store.room(&room, &by.id).await?;
    let people = known_people(chat, users).await?;
    let mut steps = Vec::new();
    for person in &people {
        steps.push(Step::Rank {
            user: person.id.clone(),
            role: Some(Role::Member),
            when: When::Stranger,
        });
        let joined = MemberEvent {
            user: person,
            change: MemberChange::Joined,
            role: None,
            by: Some(by),
        };
        steps.push(Step::Tell {
            body: joined.body(),
            told: Told::InClosedRooms,
        });
    }
    if steps.is_empty() {
        return Ok(());
    }
    let wanted = change::change(&room, &by.id, Action::Invite, steps);
    change::carry_out(chat, wanted).await?;
    membership::began(chat, &room, people.iter().map(|person| &person.id)).await;
    Ok(())
}

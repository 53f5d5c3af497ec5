//! `delete_me`: the end of one's account. What one wrote stays.

use rookery_protocol::client_frame::DeleteMe;

use super::{
    log_in::tell_ended,
    update_me::{check_password, own_account},
};
use crate::{caller::Caller, chat::Chat, refusal::Refusal};

/// Ends it, where the password is right.
pub(super) async fn delete_me(
    chat: &Chat,
    caller: Caller<'_>,
    DeleteMe { password }: DeleteMe,
) -> Result<(), Refusal> {
    let account = own_account(chat, caller).await?;
    check_password(chat, &account, &password).await?;
    let ended = chat.store.delete_account(&account.user).await?;
    tell_ended(chat, &account.user, ended).await;
    Ok(())
}

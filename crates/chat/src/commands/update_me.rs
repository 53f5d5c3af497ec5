//! `update_me`: what is kept of oneself becomes otherwise.

use std::{sync::Arc, time::Duration};

use rookery_protocol::{
    Control, ErrorCode, UserId,
    client_frame::{Meta, Password, UpdateMe},
    text,
};
use rookery_store::{Account, NewPassword, PasswordChange, ProfileChange, Whose};

use super::{
    log_in::tell_ended,
    me::{MeTold, me},
};
use crate::{
    accounts::{AccountName, Verdict},
    caller::Caller,
    chat::Chat,
    refusal::Refusal,
};

/// The most characters of what others may be shown instead of the name.
const DISPLAY_CHARS: usize = 64;
/// How long whoever changed their name has to hear that it is so, before they are sent to come
/// back under it.
const HEARD_AFTER: Duration = Duration::from_millis(200);

/// The most characters of where a picture is.
const AVATAR_CHARS: usize = 2_048;

/// Looks at everything first, then changes it; gives what is so then.
pub(super) async fn update_me(
    chat: &Arc<Chat>,
    caller: Caller<'_>,
    arguments: UpdateMe,
) -> Result<MeTold, Refusal> {
    let UpdateMe {
        name,
        display,
        avatar,
        meta,
        hide_receipts,
        password,
        current_password,
    } = arguments;
    let profile = ProfileChange {
        display: display
            .map(|text| line(text, "display", DISPLAY_CHARS))
            .transpose()?,
        avatar: avatar
            .map(|text| line(text, "avatar", AVATAR_CHARS))
            .transpose()?,
        meta: meta.map(|meta| accept_meta(chat, meta)).transpose()?,
        hide_receipts,
    };
    let name = name.as_deref().map(AccountName::read).transpose();
    let name = name.map_err(|error| Refusal::bad_request(error.to_string()))?;
    let account = match name.is_some() || password.is_some() {
        true => Some(own_account(chat, caller).await?),
        false => None,
    };
    if let (Some(account), Some(password)) = (&account, password) {
        change_password(chat, caller, account, password, current_password).await?;
    }
    if let Some(name) = name {
        rename(chat, caller, name).await?;
    }
    if profile != ProfileChange::default() {
        chat.store.change_profile(&caller.user.id, profile).await?;
    }
    me(chat, caller).await
}

/// One line of text; none where it is empty.
fn line(text: Option<String>, what: &str, most: usize) -> Result<Option<String>, Refusal> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let text = text::accept(text, most);
    let text = text.map_err(|error| Refusal::bad_request(format!("{what}: {error}")))?;
    match text.contains(['\n', '\t']) {
        true => Err(Refusal::bad_request(format!("{what} is one line of text"))),
        false => Ok(Some(text)),
    }
}

fn accept_meta(chat: &Chat, meta: Option<Meta>) -> Result<Option<String>, Refusal> {
    let most = chat.settings.limits.meta_bytes;
    let Some(meta) = meta else { return Ok(None) };
    let bytes = meta.as_str().len();
    if most != 0 && bytes > most {
        let message =
            format!("meta has {bytes} bytes; at most {most} are allowed (limits.meta_bytes)");
        return Err(Refusal::new(ErrorCode::TooLarge, message));
    }
    Ok(Some(meta.as_str().to_owned()))
}

pub(super) async fn own_account(chat: &Chat, caller: Caller<'_>) -> Result<Account, Refusal> {
    let account = chat.store.account(&caller.user.id).await?;
    account.ok_or_else(Refusal::no_account)
}

/// Sees that whoever asks knows the password; a failure counts as one to log in.
pub(super) async fn check_password(
    chat: &Chat,
    account: &Account,
    password: &Password,
) -> Result<(), Refusal> {
    chat.allowances.charge_log_in(&account.skeleton, None)?;
    let kept = Some(account.password.clone());
    let verdict = chat.passwords.verify(password, kept).await;
    if !matches!(verdict, Ok(Verdict::Wrong)) {
        chat.allowances.forgive_log_in(&account.skeleton, None);
    }
    match verdict? {
        Verdict::Wrong => Err(Refusal::new(ErrorCode::Forbidden, "the password is wrong")),
        Verdict::Right | Verdict::Outdated(_) => Ok(()),
    }
}

/// All other log-ins end with the old password.
async fn change_password(
    chat: &Chat,
    caller: Caller<'_>,
    account: &Account,
    password: Password,
    current: Option<Password>,
) -> Result<(), Refusal> {
    let current = current.ok_or_else(|| {
        Refusal::bad_request("a new password needs the old one, as current_password")
    })?;
    check_password(chat, account, &current).await?;
    let password = chat.passwords.hash(&password).await?;
    let change = PasswordChange {
        was: Some(account.password.clone()),
        password,
        ends: Some(caller.login.map_or(Whose::All, Whose::AllBut)),
    };
    let user = &account.user;
    match chat.store.change_password(user, &change).await? {
        NewPassword::Set(ended) => {
            tell_ended(chat, user, ended).await;
            Ok(())
        }
        NewPassword::Changed => Err(Refusal::new(
            ErrorCode::Conflict,
            "the password was changed meanwhile; log in with the new one",
        )),
    }
}

async fn rename(chat: &Arc<Chat>, caller: Caller<'_>, name: AccountName) -> Result<(), Refusal> {
    let user = &caller.user.id;
    chat.allowances.charge_name_change(user)?;
    let renamed = chat
        .store
        .rename_account(user, name.shown(), name.skeleton())
        .await;
    match renamed {
        Ok(()) => tell_renamed(chat, user.clone()),
        Err(error) => {
            chat.allowances.forgive_name_change(user);
            return Err(error.into());
        }
    }
    Ok(())
}

/// Has all connections of a user come back under their new name.
fn tell_renamed(chat: &Arc<Chat>, user: UserId) {
    let of_work = Arc::clone(chat);
    chat.background.start_soon("a new name", async move {
        tokio::time::sleep(HEARD_AFTER).await;
        of_work.command_all(Control::Renamed { user }).await;
    });
}

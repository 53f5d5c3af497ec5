//! Registering: an account, and the first log-in with it.

use std::sync::Arc;

use futures_util::FutureExt;
use rand::{Rng, distr::Alphanumeric};
use rookery_protocol::{Control, User, UserId};
use rookery_store::NewAccount;

use super::log_in::{LogIn, LoggedIn, new_login};
use crate::{
    accounts::{ACCOUNT_PREFIX, AccountName, RefreshToken},
    chat::Chat,
    refusal::Refusal,
};

/// Random characters of a user's id: 95 bits, so that nobody meets another by chance.
const ID_CHARS: usize = 16;

/// Who registers.
#[derive(Debug, Clone)]
pub struct Register {
    /// Their name and password, and from where.
    pub log_in: LogIn,
    /// Who they were as a guest, whose id they keep.
    pub guest: Option<UserId>,
}

/// Makes an account.
///
/// # Errors
///
/// Why there is none: the name will not do or is taken, the password will not do, or
/// somebody has registered too often.
pub async fn register(chat: &Arc<Chat>, arguments: Register) -> Result<LoggedIn, Refusal> {
    let Register { log_in, guest } = arguments;
    let name = AccountName::read(&log_in.name);
    let name = name.map_err(|error| Refusal::bad_request(error.to_string()))?;
    chat.allowances.charge_registration(log_in.from)?;
    // Looked at first, since a password costs more than that.
    if chat.store.account_named(name.skeleton()).await?.is_some() {
        return Err(rookery_store::StoreError::NameTaken.into());
    }
    let password = chat.passwords.hash(&log_in.password).await?;
    let was_guest = guest.is_some();
    let user = guest.map_or_else(made_up_id, Ok)?;
    let refresh = RefreshToken::first(user.clone());
    let login = new_login(chat, &refresh, &log_in);
    let account = NewAccount {
        user: user.clone(),
        name: name.shown().to_owned(),
        skeleton: name.skeleton().clone(),
        password,
    };
    let of_work = Arc::clone(chat);
    let work = async move {
        let begun = of_work.store.make_account(&account, Some(login)).await?;
        if was_guest {
            let user = user.clone();
            of_work.command_all(Control::Registered { user }).await;
        }
        let name = begun.name.into();
        Ok(LoggedIn {
            user: User { id: user, name },
            login: refresh.login,
            refresh,
        })
    };
    chat.background.carry_out(work.boxed()).await
}

fn made_up_id() -> Result<UserId, Refusal> {
    let random = rand::rng().sample_iter(Alphanumeric).take(ID_CHARS);
    let id = format!(
        "{ACCOUNT_PREFIX}{}",
        random.map(char::from).collect::<String>()
    );
    UserId::new(id).map_err(|error| Refusal::fault(error.to_string()))
}

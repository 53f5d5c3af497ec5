//! Logging in with a name and a password.

use std::sync::Arc;

use futures_util::FutureExt;
use rookery_protocol::{Control, ErrorCode, LoginId, User, UserId, client_frame::Password};
use rookery_store::{Account, NewLogin, NewPassword, PasswordChange, StoreError};

use crate::{
    accounts::{AccountName, RefreshToken, Verdict},
    chat::Chat,
    limits::AddressBlock,
    refusal::Refusal,
};

/// The most characters of what a program calls itself.
const CLIENT_CHARS: usize = 120;

/// Who logs in, or registers, and from where.
#[derive(Debug, Clone)]
pub struct LogIn {
    /// What they say that they are called.
    pub name: String,
    /// Their password.
    pub password: Password,
    /// What the program calls itself.
    pub client: String,
    /// From where, as the user is shown it.
    pub address: String,
    /// From where, as it is counted.
    pub from: AddressBlock,
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// With what.
    pub login: LoginId,
    /// What they get the next token with.
    pub refresh: RefreshToken,
}

/// Logs somebody in.
///
/// # Errors
///
/// Why they are not let in. A wrong name and a wrong password have the same answer, which
/// takes as long.
pub async fn log_in(chat: &Arc<Chat>, arguments: LogIn) -> Result<LoggedIn, Refusal> {
    let name = AccountName::skeleton_of(&arguments.name);
    let from = Some(arguments.from);
    chat.allowances.charge_log_in(&name, from)?;
    let checked = check(chat, &name, &arguments).await;
    // What was not the client's fault is no failure of theirs.
    let is_failure = matches!(&checked, Err(refusal) if refusal.code == ErrorCode::Unauthenticated);
    if !is_failure {
        chat.allowances.forgive_log_in(&name, from);
    }
    let account = checked?;
    begin(chat, account, arguments).await
}

fn wrong() -> Refusal {
    let message = "the name or the password is wrong";
    Refusal::new(ErrorCode::Unauthenticated, message)
}

/// The account that the name and the password are of.
async fn check(
    chat: &Chat,
    name: &rookery_store::Skeleton,
    arguments: &LogIn,
) -> Result<Account, Refusal> {
    let account = chat.store.account_named(name).await?;
    let kept = account.as_ref().map(|account| account.password.clone());
    let verdict = chat.passwords.verify(&arguments.password, kept).await?;
    let mut account = account
        .filter(|_| verdict != Verdict::Wrong)
        .ok_or_else(wrong)?;
    if account.disabled {
        let message = "this account is disabled; whoever runs this server can say why";
        return Err(Refusal::new(ErrorCode::Forbidden, message));
    }
    if let Verdict::Outdated(password) = verdict {
        account.password = replace_kept(chat, &account, password).await?;
    }
    Ok(account)
}

/// What is kept of the password is made anew; gives what is kept now.
async fn replace_kept(chat: &Chat, account: &Account, password: String) -> Result<String, Refusal> {
    let change = PasswordChange {
        was: Some(account.password.clone()),
        password: password.clone(),
        ends: None,
    };
    match chat.store.change_password(&account.user, &change).await? {
        NewPassword::Set(_) => Ok(password),
        // Somebody else did that, or it is another password by now.
        NewPassword::Changed => {
            let held = chat.store.account(&account.user).await?;
            Ok(held.ok_or_else(wrong)?.password)
        }
    }
}

async fn begin(chat: &Arc<Chat>, account: Account, arguments: LogIn) -> Result<LoggedIn, Refusal> {
    let refresh = RefreshToken::first(account.user.clone());
    let login = new_login(chat, &refresh, &arguments);
    let of_work = Arc::clone(chat);
    let work = async move {
        let begun = of_work
            .store
            .log_in(&account.user, &account.password, login)
            .await;
        let begun = begun.map_err(|error| match error {
            // The password was changed since it was looked at.
            StoreError::NoAccount(_) => wrong(),
            other => other.into(),
        })?;
        tell_ended(&of_work, &account.user, begun.ended).await;
        Ok(LoggedIn {
            user: User {
                id: account.user,
                name: begun.name.into(),
            },
            login: refresh.login,
            refresh,
        })
    };
    chat.background.carry_out(work.boxed()).await
}

pub(super) fn new_login(chat: &Chat, refresh: &RefreshToken, arguments: &LogIn) -> NewLogin {
    let client = arguments.client.chars().filter(|c| !c.is_control());
    NewLogin {
        id: refresh.login,
        client: client.take(CLIENT_CHARS).collect(),
        address: arguments.address.clone(),
        refresh: refresh.hash(),
        most: chat.settings.limits.sessions_per_user,
    }
}

/// Has what came with log-ins that ended closed, on every node.
pub(super) async fn tell_ended(chat: &Chat, user: &UserId, logins: Vec<LoginId>) {
    if !logins.is_empty() {
        let user = user.clone();
        chat.command_all(Control::EndLogins { user, logins }).await;
    }
}

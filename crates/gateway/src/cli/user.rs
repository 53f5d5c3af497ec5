//! `rookery user`: accounts beside the nodes that serve them.
//!
//! What ends by it is told to all nodes, so that it is over at once. A password is never an
//! argument, which others on the machine could read.

use std::{
    io::{self, BufRead},
    process::ExitCode,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use rand::{Rng, distr::Alphanumeric};
use rookery_chat::accounts::{ACCOUNT_PREFIX, AccountName, GUEST_PREFIX, Passwords};
use rookery_protocol::{Control, Envelope, LoginId, UserId, bus_message, client_frame::Password};
use rookery_store::{Account, NewAccount, PasswordChange, Store, Whose};
use serde::Serialize;
use tokio::runtime::Handle;

use super::{flags::Flags, say, store};

/// Random characters of an id, and of a password that is made up.
const RANDOM_CHARS: usize = 16;

/// How many people are read in one call.
const PER_CALL: usize = 500;

#[derive(Debug, Args)]
pub(super) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// List all accounts, in the order of their names.
    List {
        /// A line of JSON for each
        #[arg(long)]
        json: bool,
    },
    /// Make an account.
    Add {
        /// What people call its user
        name: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Show one account, and where it is logged in.
    Show {
        /// The name, or the id
        user: String,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Give an account another password; it is logged out everywhere.
    ResetPassword {
        /// The name, or the id
        user: String,
        #[command(flatten)]
        password: PasswordArgs,
    },
    /// Let nobody in with an account, and close its connections, until it is enabled.
    Disable {
        /// The name, or the id
        user: String,
    },
    /// Let people in with an account that was disabled.
    Enable {
        /// The name, or the id
        user: String,
    },
    /// Delete an account. What its user wrote stays; the name is free after 30 days.
    Delete {
        /// The name, or the id
        user: String,
    },
}

#[derive(Debug, Args)]
struct PasswordArgs {
    /// Read the password from standard input; without it one is made up and shown
    #[arg(long, conflicts_with = "hash")]
    stdin: bool,
    /// What another program kept of the password: argon2 ($argon2id$…) or bcrypt ($2b$…)
    #[arg(long, value_name = "HASH")]
    hash: Option<String>,
}

/// An account as it is shown.
#[derive(Debug, Serialize)]
struct Shown {
    id: UserId,
    name: String,
    created_at: u64,
    disabled: bool,
    sessions: Vec<ShownSession>,
}

/// The same in a list.
#[derive(Debug, Serialize)]
struct Listed<'a> {
    id: &'a UserId,
    name: &'a str,
    created_at: u64,
    disabled: bool,
}

impl<'a> Listed<'a> {
    fn of(account: &'a Account) -> Self {
        Self {
            id: &account.user,
            name: &account.name,
            created_at: account.created_at,
            disabled: account.disabled,
        }
    }
}

#[derive(Debug, Serialize)]
struct ShownSession {
    id: LoginId,
    client: String,
    address: String,
    used_at: u64,
}

/// Carries out what is said of accounts.
pub(super) fn user(flags: &Flags, args: &UserArgs) -> anyhow::Result<ExitCode> {
    let (runtime, store) = store::connect(flags)?;
    let done = runtime.block_on(carry_out(&store, &args.command));
    // What was changed in a data folder is written.
    runtime.block_on(store.close());
    done
}

async fn carry_out(store: &Store, command: &UserCommand) -> anyhow::Result<ExitCode> {
    match command {
        UserCommand::List { json } => list(store, *json).await?,
        UserCommand::Add { name, password } => add(store, name, password).await?,
        UserCommand::Show { user, json } => show(store, &find(store, user).await?, *json).await?,
        UserCommand::ResetPassword { user, password } => {
            reset_password(store, &find(store, user).await?, password).await?;
        }
        UserCommand::Disable { user } => {
            let Account { user, name, .. } = find(store, user).await?;
            store.set_disabled(&user, true).await?;
            tell(store, &Control::ShutOut { user: user.clone() }).await?;
            say(&format!("nobody comes in as {name} ({user})"))?;
        }
        UserCommand::Enable { user } => {
            let Account { user, name, .. } = find(store, user).await?;
            store.set_disabled(&user, false).await?;
            say(&format!("{name} ({user}) may log in"))?;
        }
        UserCommand::Delete { user } => {
            let Account { user, name, .. } = find(store, user).await?;
            let logins = store.delete_account(&user).await?;
            end(store, &user, logins).await?;
            say(&format!("the account of {name} ({user}) is gone"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The account of a name or an id.
async fn find(store: &Store, text: &str) -> anyhow::Result<Account> {
    let is_id = [ACCOUNT_PREFIX, GUEST_PREFIX];
    let mut found = None;
    if is_id.iter().any(|prefix| text.starts_with(prefix)) {
        found = store.account(&UserId::new(text)?).await?;
    }
    // A name may begin like an id.
    if found.is_none() {
        found = store.account_named(&AccountName::skeleton_of(text)).await?;
    }
    found.with_context(|| format!("there is no account of {text:?}"))
}

/// All accounts, of all people who were heard of.
async fn list(store: &Store, json: bool) -> anyhow::Result<()> {
    let mut after = None;
    loop {
        let found = store.find_people("", after, PER_CALL).await?;
        for user in found.people {
            let Some(account) = store.account(&user.id).await? else {
                continue;
            };
            let disabled = if account.disabled { ", disabled" } else { "" };
            say(&match json {
                true => serde_json::to_string(&Listed::of(&account))?,
                false => format!("{} ({}){disabled}", account.name, account.user),
            })?;
        }
        after = found.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn add(store: &Store, name: &str, password: &PasswordArgs) -> anyhow::Result<()> {
    let name = AccountName::read(name).context("that is no name of an account")?;
    let (kept, shown) = kept(password).await?;
    let id = format!("{ACCOUNT_PREFIX}{}", random());
    let account = NewAccount {
        user: UserId::new(id)?,
        name: name.shown().to_owned(),
        skeleton: name.skeleton().clone(),
        password: kept,
    };
    store.make_account(&account, None).await?;
    say(&format!(
        "{} ({}) may log in{shown}",
        account.name, account.user
    ))?;
    Ok(())
}

async fn show(store: &Store, account: &Account, json: bool) -> anyhow::Result<()> {
    let sessions = store.logins(&account.user).await?.into_iter();
    let sessions = sessions.map(|row| ShownSession {
        id: row.id,
        client: row.client,
        address: row.address,
        used_at: row.used_at,
    });
    let shown = Shown {
        id: account.user.clone(),
        name: account.name.clone(),
        created_at: account.created_at,
        disabled: account.disabled,
        sessions: sessions.collect(),
    };
    if json {
        say(&serde_json::to_string(&shown)?)?;
        return Ok(());
    }
    let disabled = if shown.disabled { ", disabled" } else { "" };
    say(&format!("{} ({}){disabled}", shown.name, shown.id))?;
    say(&format!("since {}", time(shown.created_at)))?;
    for session in &shown.sessions {
        say(&format!(
            "{}  {}  {:15}  {}",
            session.id,
            time(session.used_at),
            session.address,
            session.client
        ))?;
    }
    Ok(())
}

async fn reset_password(
    store: &Store,
    account: &Account,
    password: &PasswordArgs,
) -> anyhow::Result<()> {
    let (password, shown) = kept(password).await?;
    let change = PasswordChange {
        was: None,
        password,
        ends: Some(Whose::All),
    };
    let changed = store.change_password(&account.user, &change).await?;
    if let rookery_store::NewPassword::Set(logins) = changed {
        end(store, &account.user, logins).await?;
    }
    say(&format!(
        "{} ({}) has another password{shown}",
        account.name, account.user
    ))?;
    Ok(())
}

/// What is kept of the password, and what is said of it.
async fn kept(args: &PasswordArgs) -> anyhow::Result<(String, String)> {
    if let Some(hash) = &args.hash {
        if !["$argon2", "$2"]
            .iter()
            .any(|start| hash.starts_with(start))
        {
            bail!("--hash: neither of argon2 nor of bcrypt");
        }
        return Ok((hash.clone(), String::new()));
    }
    let (password, shown) = match args.stdin {
        true => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            (
                line.trim_end_matches(['\r', '\n']).to_owned(),
                String::new(),
            )
        }
        false => {
            let made_up = random();
            (made_up.clone(), format!(": {made_up}"))
        }
    };
    let (passwords, password) = (
        Passwords::new(0, Handle::current()),
        Password::new(password),
    );
    match passwords.hash(&password).await {
        Ok(kept) => Ok((kept, shown)),
        Err(refusal) => bail!("{}", refusal.message),
    }
}

fn random() -> String {
    let random = rand::rng().sample_iter(Alphanumeric).take(RANDOM_CHARS);
    random.map(char::from).collect()
}

async fn end(store: &Store, user: &UserId, logins: Vec<LoginId>) -> anyhow::Result<()> {
    if logins.is_empty() {
        return Ok(());
    }
    let user = user.clone();
    tell(store, &Control::EndLogins { user, logins }).await
}

/// Has all nodes do something.
async fn tell(store: &Store, control: &Control) -> anyhow::Result<()> {
    let line = bus_message::control_line(Envelope::OPERATOR, control);
    let told = store.publish(line).await;
    told.context("it is done, but the nodes could not be told: connections stay for now")
}

fn time(ms: u64) -> humantime::Rfc3339Timestamp {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(ms))
}

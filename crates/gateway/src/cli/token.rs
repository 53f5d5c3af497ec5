//! `rookery token`: a token for trying and for load tests.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use rookery_chat::accounts::ACCOUNT_PREFIX;
use rookery_protocol::{User, UserId};

use super::{flags::Flags, say};
use crate::{
    identity::{Identity, accept_name, own_secret},
    settings::{MAKE_SECRET, parse_span},
};

#[derive(Debug, Args)]
pub(super) struct TokenArgs {
    /// The user's id, by which rooms know them.
    #[arg(long, value_name = "ID")]
    user: String,
    /// What people call them; the id where nothing is said.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// How long the token is good: 30s, 15m, 1h, 7d.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_span)]
    ttl: u64,
}

/// Prints the token alone, so that a script can take it.
pub(super) fn token(flags: &Flags, args: &TokenArgs) -> anyhow::Result<ExitCode> {
    let mut settings = flags.load()?.settings;
    if let Some(secret) = own_secret::find(&settings)? {
        settings.auth.jwt_secret = Some(secret);
    }
    if settings.auth.jwt_secret.is_none() {
        bail!(
            "there is no auth.jwt_secret to sign with. A node on the embedded engine without one signs with a random \
             secret that nobody else knows, or with that of its data folder (--data DIR). Set it for the node and for this command ({MAKE_SECRET}; \
             ROOKERY__AUTH__JWT_SECRET or [auth] in rookery.toml), or get a guest's token from POST /api/v1/guest"
        );
    }
    let id = UserId::new(&args.user).context("--user")?;
    if args.user.starts_with(ACCOUNT_PREFIX) {
        bail!(
            "--user: ids that begin with {ACCOUNT_PREFIX} are those of accounts, whose tokens are given by POST /api/v1/sessions"
        );
    }
    let name = match &args.name {
        Some(name) => accept_name(name).context("--name")?,
        None => args.user.chars().take(User::NAME_CHARS).collect(),
    };
    let user = User {
        id,
        name: name.into(),
    };
    let minted = Identity::new(&settings).mint(user, Duration::from_millis(args.ttl))?;
    say(&minted.token)?;
    Ok(ExitCode::SUCCESS)
}

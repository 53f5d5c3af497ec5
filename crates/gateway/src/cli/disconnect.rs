//! `rookery disconnect`: ends the sessions of a user on all nodes.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use rookery_protocol::{Control, Envelope, ServerId, UserId, bus_message};

use super::{flags::Flags, say};

/// Whose sessions end.
#[derive(Debug, Args)]
pub(super) struct DisconnectArgs {
    /// The user's id, the `sub` of their tokens
    #[arg(long, value_name = "USER")]
    user: String,
}

/// Has all nodes close the user's connections with 4503; ends with 1 where no node
/// heard of it. A token that is still good opens another session.
pub(super) fn disconnect(flags: &Flags, args: &DisconnectArgs) -> anyhow::Result<ExitCode> {
    let user = UserId::new(&args.user).context("--user is no id of a user")?;
    let settings = flags.load()?.settings;
    let server_id = ServerId::new(format!("n_cli_{:08x}", rand::random::<u32>()))?;
    let store = settings.store_settings(server_id);
    let session = None;
    let control = Control::RevokeSession { user, session };
    let line = bus_message::control_line(Envelope::OPERATOR, &control);
    let line = String::from_utf8(line).context("an envelope is text")?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let nodes = runtime
        .block_on(rookery_store::announce(&store, line))
        .context("the nodes could not be told")?;
    match nodes {
        0 => {
            say("no node listens: nobody was disconnected")?;
            Ok(ExitCode::FAILURE)
        }
        nodes => {
            say(&format!(
                "told {nodes} {} to close the connections of {}",
                if nodes == 1 { "node" } else { "nodes" },
                args.user
            ))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

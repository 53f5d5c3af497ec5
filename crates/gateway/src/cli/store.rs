//! The store of a running cluster, for commands that work on it beside the nodes, or a data
//! folder that no node uses just now.

use anyhow::{Context, bail};
use rookery_protocol::ServerId;
use rookery_store::Store;
use tokio::runtime::Runtime;

use super::flags::Flags;
use crate::settings::Engine;

/// Connects to the store that the settings name, and gives what runs its work.
pub(super) fn connect(flags: &Flags) -> anyhow::Result<(Runtime, Store)> {
    let settings = flags.load()?.settings;
    if settings.store != Engine::Redis && settings.data_settings().is_none() {
        bail!(
            "the embedded engine is reached in its own process alone; this needs store = \"redis\", or a data folder that no node uses (--data DIR)"
        );
    }
    let server_id = ServerId::new(format!("n_cli_{:08x}", rand::random::<u32>()))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let connecting = Store::connect(settings.store_settings(server_id));
    let (store, _bus) = runtime
        .block_on(connecting)
        .context("the store cannot be used")?;
    Ok((runtime, store))
}

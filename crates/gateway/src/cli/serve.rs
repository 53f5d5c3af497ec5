//! `rookery serve`.

use std::process::ExitCode;

use super::flags::Flags;
use crate::{logging, run};

/// Runs a node until it is told to stop.
pub(super) fn serve(flags: &Flags) -> anyhow::Result<ExitCode> {
    let loaded = flags.load()?;
    let server_id = run::new_server_id()?;
    let _log = logging::start(&loaded.settings.log, &server_id)?;
    if let Some(file) = &loaded.file {
        tracing::info!("settings from {}", file.display());
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    run::run(loaded.settings, server_id)
}

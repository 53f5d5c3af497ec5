//! `rookery serve`.

use std::process::ExitCode;

use super::flags::Flags;
use crate::logging;

/// Runs a node until it is told to stop.
pub(super) fn serve(flags: &Flags) -> anyhow::Result<ExitCode> {
    let loaded = flags.load()?;
    let _log = logging::start(&loaded.settings.log)?;
    if let Some(file) = &loaded.file {
        tracing::info!("settings from {}", file.display());
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    crate::run(loaded.settings)
}

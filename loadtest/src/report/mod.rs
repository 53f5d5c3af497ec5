//! What a person or a program gets to see of a run: progress while it lasts,
//! then a table, a JSON file and a page. Reads `Outcome`s and measures nothing.

pub(crate) mod commands;
mod compare;
mod html;
pub(crate) mod progress;
mod table;

use std::io::Write;

use console::Term;

use crate::flags::Output;
use crate::outcome::Outcome;
use crate::recording::json::Recording;

/// Writes to stdout. Whoever closed it does not want to read on.
pub(crate) fn print(text: &str) {
    let _ = Term::stdout().write_all(text.as_bytes());
}

/// Shows the outcome of one run: the table on stdout unless it shall be quiet, and the
/// files that were asked for.
pub(crate) fn show(outcome: &Outcome, output: &Output) -> anyhow::Result<()> {
    if !output.quiet {
        print(&table::text(outcome));
    }
    let recording = Recording::of(outcome.clone());
    if let Some(path) = &output.json {
        recording.write(path)?;
    }
    if let Some(path) = &output.html {
        commands::write_page(&recording, path)?;
    }
    Ok(())
}

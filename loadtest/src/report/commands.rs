//! The commands that only read results: `compare` and `show`.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

pub(crate) use super::html::svg::write as write_plots;
use super::{compare, html, print, table};
use crate::goals;
use crate::recording::json::Recording;

/// Put two results side by side
#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// The first result, as --json wrote it
    before: PathBuf,
    /// The second one: its figures are divided by those of the first
    after: PathBuf,
}

/// Show a result again, or make a page of it
#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    /// A result, as --json wrote it
    result: PathBuf,
    /// Write a page with everything here, instead of a table
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write each plot as a file into this folder, instead of a table
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
}

/// Prints the comparison.
///
/// # Errors
///
/// Where a file cannot be read or is no result.
pub(crate) fn compare(options: &CompareOptions) -> anyhow::Result<()> {
    let (before, after) = (
        Recording::read(&options.before)?,
        Recording::read(&options.after)?,
    );
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    let names = [name(&options.before), name(&options.after)];
    print(&compare::text(&before, &after, [&names[0], &names[1]]));
    Ok(())
}

/// Prints the tables, or writes the page.
///
/// # Errors
///
/// Where the file cannot be read or is no result, or the page cannot be written.
pub(crate) fn show(options: &ShowOptions) -> anyhow::Result<()> {
    let recording = Recording::read(&options.result)?;
    if let Some(path) = &options.html {
        write_page(&recording, path)?;
    }
    if let Some(folder) = &options.svg {
        write_plots(&recording, folder)?;
    }
    if options.html.is_some() || options.svg.is_some() {
        return Ok(());
    }
    if recording.is_bench() {
        print(&goals::results::text(&recording.runs));
    } else {
        for run in &recording.runs {
            print(&table::text(&run.outcome));
        }
    }
    Ok(())
}

/// Writes the page of a recording.
///
/// # Errors
///
/// Where the file cannot be written.
pub(crate) fn write_page(recording: &Recording, path: &Path) -> anyhow::Result<()> {
    std::fs::write(path, html::page(recording))
        .with_context(|| format!("cannot write the page {}", path.display()))
}

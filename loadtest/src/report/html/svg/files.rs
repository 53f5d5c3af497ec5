//! Which plots of a result become files, and their names.

use std::path::Path;

use anyhow::Context;
use maud::Markup;

use super::super::{bench, plots};
use crate::recording::json::Recording;

/// Writes every plot of a result into a folder, which is made where there is none.
///
/// # Errors
///
/// Where a file cannot be written.
pub(crate) fn write(recording: &Recording, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (name, drawing) in all(recording) {
        let path = folder.join(name).with_extension("svg");
        std::fs::write(&path, drawing.into_string())
            .with_context(|| format!("cannot write the plot {}", path.display()))?;
    }
    Ok(())
}

/// Names without the ending, and drawings.
pub(super) fn all(recording: &Recording) -> Vec<(String, Markup)> {
    if recording.is_bench() {
        return bench::drawings(&recording.runs);
    }
    let runs = recording.runs.iter();
    let named = runs.flat_map(|run| {
        let outcome = &run.outcome;
        let plots = plots::of(outcome).into_iter();
        plots.map(move |plot| {
            let name = format!("{} {} {}", outcome.scenario, outcome.system, plot.title);
            (file_name(&name), plot.svg())
        })
    });
    named.collect()
}

/// Small letters and digits, with dashes between the words.
fn file_name(words: &str) -> String {
    let words = words.to_lowercase();
    let words = words.split(|letter: char| !letter.is_ascii_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    #[test]
    fn every_plot_of_a_bench_is_a_file_of_its_own() {
        let kept = std::env::var_os("ROOKERY_EXAMPLE_PAGES").map(std::path::PathBuf::from);
        let temporary = tempfile::tempdir().unwrap();
        let folder = kept.unwrap_or_else(|| temporary.path().to_owned());
        write(&Recording::of_runs(example::bench()), &folder).unwrap();
        let bars = folder.join("fanout-steady-cpu-us-per-delivery.svg");
        let bars = std::fs::read_to_string(bars).unwrap();
        assert!(bars.starts_with("<svg xmlns") && bars.contains(">bun</text>"));
        let curve = folder.join("fanout-steady-latency.svg");
        assert!(
            std::fs::read_to_string(curve)
                .unwrap()
                .contains("<path class=\"line c0\"")
        );
    }

    #[test]
    fn plots_of_one_run_are_named_for_what_they_show() {
        let names = all(&Recording::of(example::sweep("rookery", 1.0)));
        let names: Vec<_> = names.into_iter().map(|(name, _)| name).collect();
        assert!(
            names.contains(&"fanout-rookery-latency-over-time".to_owned()),
            "{names:?}"
        );
    }
}

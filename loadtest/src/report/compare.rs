//! Two results side by side: what became better, what worse, and what only
//! differs as much as repetitions of the same do.

use std::collections::BTreeMap;

use console::style;

use crate::outcome::{Better, Counts, Figure, Outcome};
use crate::recording::grid::Grid;
use crate::recording::json::{Recording, Run};
use crate::recording::spread::Spread;
use crate::recording::units::ratio;

/// A single measurement has to differ by more than this to mean anything.
const NOISE_OF_ONE: f64 = 0.05;
/// Less than this is of no interest, however sure it is.
const NEGLIGIBLE: f64 = 0.01;

/// The quantiles that are put side by side.
const COMPARED: [&str; 3] = ["p50", "p99", "p99.9"];

/// Runs of the same thing: a case or a scenario, and who was measured.
type Key = (String, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Better,
    Worse,
    /// Within what repetitions differ by.
    Same,
}

/// The comparison as text for a terminal. `names` are those of the files.
pub(crate) fn text(before: &Recording, after: &Recording, names: [&str; 2]) -> String {
    let (old, new) = (grouped(before), grouped(after));
    let mut text = String::new();
    for (key, old_runs, new_runs) in matched(&old, &new) {
        text += &format!("\n{}\n", style(title(&key, old_runs, new_runs)).bold());
        text += &settings_that_differ(&old_runs[0].outcome, &new_runs[0].outcome);
        let mut grid = Grid::new(&["", names[0], names[1], "ratio", ""]);
        for figure in figures(&old_runs[0].outcome) {
            if let Some(row) = row(&figure, old_runs, new_runs) {
                grid.row(row);
            }
        }
        text += &grid.text();
        text += &faults(names, [old_runs, new_runs]);
    }
    text + &only_in_one(&old, &new, names)
}

fn grouped(recording: &Recording) -> BTreeMap<Key, Vec<&Run>> {
    let mut groups: BTreeMap<Key, Vec<&Run>> = BTreeMap::new();
    for run in &recording.runs {
        let what = run
            .case
            .clone()
            .unwrap_or_else(|| run.outcome.scenario.clone());
        groups
            .entry((what, run.contender.clone()))
            .or_default()
            .push(run);
    }
    groups
}

/// What is in both. A file with one group each is compared whatever it was of.
fn matched<'a>(
    old: &'a BTreeMap<Key, Vec<&'a Run>>,
    new: &'a BTreeMap<Key, Vec<&'a Run>>,
) -> Vec<(Key, &'a [&'a Run], &'a [&'a Run])> {
    if let (1, 1, Some((key, old)), Some(new)) =
        (old.len(), new.len(), old.iter().next(), new.values().next())
    {
        return vec![(key.clone(), old.as_slice(), new.as_slice())];
    }
    let both = old
        .iter()
        .filter_map(|(key, old)| Some((key, old, new.get(key)?)));
    both.map(|(key, old, new)| (key.clone(), old.as_slice(), new.as_slice()))
        .collect()
}

fn title((what, who): &Key, old: &[&Run], new: &[&Run]) -> String {
    let name = |run: &Run| format!("{} · {}", run.outcome.scenario, run.contender);
    let (first, second) = (name(old[0]), name(new[0]));
    if first == second {
        format!("{what} · {who}")
    } else {
        format!("{first} against {second}")
    }
}

fn settings_that_differ(old: &Outcome, new: &Outcome) -> String {
    let none = "–".to_owned();
    let mut names: Vec<_> = old.settings.keys().chain(new.settings.keys()).collect();
    names.sort();
    names.dedup();
    names
        .into_iter()
        .map(|name| (name, old.settings.get(name), new.settings.get(name)))
        .filter(|(_, old, new)| old != new)
        .map(|(name, old, new)| {
            let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
            let words = format!("not the same setting: {name} {old}, then {new}");
            format!("  {} {words}\n", style("!").yellow())
        })
        .collect()
}

/// A figure on both sides.
fn row(figure: &Figure, old: &[&Run], new: &[&Run]) -> Option<Vec<String>> {
    let spread = |runs: &[&Run]| {
        let figures = runs.iter().flat_map(|run| figures(&run.outcome));
        let same = figures.filter(|other| other.key == figure.key);
        Spread::of(same.map(|other| other.value))
    };
    let (before, after) = (spread(old)?, spread(new)?);
    Some(vec![
        figure.name.clone(),
        before.quantity(&figure.unit),
        after.quantity(&figure.unit),
        ratio(after.median / before.median),
        verdict(&before, &after, figure.better).words(),
    ])
}

/// Those of an outcome, and quantiles.
fn figures(outcome: &Outcome) -> Vec<Figure> {
    let quantiles = outcome.latencies.iter().flat_map(|(what, quantiles)| {
        let levels = quantiles.levels();
        let levels = levels.filter(|(level, _)| COMPARED.contains(level));
        levels.map(move |(level, us)| {
            let name = format!("{what} {level}");
            Figure::new(&name, &name, "µs", us as f64, Better::Lower)
        })
    });
    outcome.figures.iter().cloned().chain(quantiles).collect()
}

fn verdict(before: &Spread, after: &Spread, better: Better) -> Verdict {
    let change = (after.median / before.median - 1.0).abs();
    let repeated = before.count > 1 && after.count > 1;
    let differs = match repeated {
        true => before.is_apart_from(after) && change > NEGLIGIBLE,
        false => change > NOISE_OF_ONE,
    };
    match (differs, after.median < before.median, better) {
        (false, ..) => Verdict::Same,
        (true, true, Better::Lower) | (true, false, Better::Higher) => Verdict::Better,
        (true, ..) => Verdict::Worse,
    }
}

impl Verdict {
    fn words(self) -> String {
        match self {
            Self::Better => style("better").green().to_string(),
            Self::Worse => style("worse").red().to_string(),
            Self::Same => style("≈").dim().to_string(),
        }
    }
}

/// A result with faults is no better, however fast.
fn faults(names: [&str; 2], sides: [&[&Run]; 2]) -> String {
    let mut text = String::new();
    for (name, runs) in names.into_iter().zip(sides) {
        for counts in runs
            .iter()
            .map(|run| &run.outcome.counts)
            .filter(|c| !Counts::whole(c))
        {
            text += &format!("  {} {name}: {}\n", style("✗").red(), counts.verdict());
        }
    }
    text
}

fn only_in_one(
    old: &BTreeMap<Key, Vec<&Run>>,
    new: &BTreeMap<Key, Vec<&Run>>,
    names: [&str; 2],
) -> String {
    if old.len() == 1 && new.len() == 1 {
        return String::new();
    }
    let missing =
        |from: &BTreeMap<Key, Vec<&Run>>, other: &BTreeMap<Key, Vec<&Run>>, name: &str| {
            let keys = from.keys().filter(|key| !other.contains_key(*key));
            let keys: Vec<_> = keys.map(|(what, who)| format!("{what} · {who}")).collect();
            match keys.is_empty() {
                true => String::new(),
                false => format!("\nonly in {name}: {}\n", keys.join(", ")),
            }
        };
    missing(old, new, names[0]) + &missing(new, old, names[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    fn spread(values: &[f64]) -> Spread {
        Spread::of(values.iter().copied()).unwrap()
    }

    #[test]
    fn what_lies_within_the_noise_is_the_same() {
        let lower =
            |before: &[f64], after: &[f64]| verdict(&spread(before), &spread(after), Better::Lower);
        assert_eq!(lower(&[7.0, 7.2, 7.4], &[7.3, 7.5, 7.6]), Verdict::Same);
        assert_eq!(lower(&[7.0, 7.2, 7.4], &[6.5, 6.6, 6.7]), Verdict::Better);
        assert_eq!(lower(&[7.0, 7.01], &[7.02, 7.03]), Verdict::Same);
        assert_eq!(lower(&[7.0], &[7.3]), Verdict::Same);
        assert_eq!(lower(&[7.0], &[7.4]), Verdict::Worse);
        let higher = verdict(&spread(&[100.0]), &spread(&[120.0]), Better::Higher);
        assert_eq!(higher, Verdict::Better);
    }

    #[test]
    fn two_runs_are_shown_side_by_side() {
        let before = Recording::of(example::fanout("rookery", 1.0));
        let mut slower = example::fanout("rookery", 2.0);
        slower.settings.insert("members".into(), "2000".into());
        slower.counts.missing = 3;
        let text = text(&before, &Recording::of(slower), ["a.json", "b.json"]);
        let text = console::strip_ansi_codes(&text);
        let line = |start: &str| {
            let line = text
                .lines()
                .find(|line| line.trim_start().starts_with(start));
            line.unwrap_or_else(|| panic!("no {start:?} in\n{text}"))
                .to_owned()
        };
        assert!(line("CPU per delivery").contains("7.10 µs"));
        assert!(line("CPU per delivery").contains("2.00 ×"));
        assert!(line("CPU per delivery").ends_with("worse"));
        assert!(line("Deliveries").ends_with('≈'));
        assert!(line("! not the same setting").contains("members 1000, then 2000"));
        assert!(line("✗ b.json").contains("3 missing"));
    }

    #[test]
    fn a_bench_is_compared_case_by_case() {
        let before = Recording::of_runs(example::bench());
        let mut runs = example::bench();
        runs.retain(|run| run.contender != "bun");
        let text = text(&before, &Recording::of_runs(runs), ["a.json", "b.json"]);
        assert!(text.contains("fanout-steady · rookery"));
        assert!(text.contains("only in a.json: fanout-steady · bun, fanout-sweep · bun"));
        assert!(!text.contains("worse"));
    }
}

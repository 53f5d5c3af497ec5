//! The plots of a case: on the page, and as drawings for files.

use maud::Markup;

use super::super::plot::Plot;
use super::super::svg::{self, Bar};
use super::super::{growth, plots};
use super::case_keys;
use super::colour;
use crate::goals::{
    case::Case,
    cases::case_named,
    findings::{Findings, figures, findings},
};
use crate::outcome::Better;
use crate::recording::json::Run;

/// Each with a word for its file; empty where that of the case says it.
pub(super) fn case_plots(
    case: Option<&Case>,
    figure: &str,
    found: &[Findings<'_>],
) -> Vec<(&'static str, Plot)> {
    if let Some(case) = case.filter(|case| case.growth.is_some()) {
        let plot = growth::plot(case, |contender, key| {
            let one = found.iter().find(|one| one.name == contender)?;
            let (figure, spread) = one.figure(key)?;
            Some((figure.clone(), spread))
        });
        return plot.into_iter().map(|plot| ("", plot)).collect();
    }
    let typical: Vec<_> = found
        .iter()
        .map(|one| (one.name, colour(one.name), one.typical(figure)))
        .collect();
    let deliveries: Vec<_> = typical
        .iter()
        .filter_map(|(name, colour, outcome)| {
            Some((*name, *colour, outcome.latencies.get("delivery")?))
        })
        .collect();
    let quantiles = plots::quantiles("Delivery latency by quantile", &deliveries);
    let plots = [("sweep", plots::sweep(&typical)), ("latency", quantiles)];
    let there = plots.into_iter();
    there
        .filter_map(|(word, plot)| Some((word, plot?)))
        .collect()
}

/// Every plot as a drawing of its own, with a name for its file.
pub(in crate::report::html) fn drawings(runs: &[Run]) -> Vec<(String, Markup)> {
    let keys = case_keys(runs).into_iter();
    keys.flat_map(|key| {
        let of_case = runs.iter().filter(|run| run.case.as_deref() == Some(key));
        case_drawings(key, &of_case.collect::<Vec<_>>())
    })
    .collect()
}

fn case_drawings(key: &str, runs: &[&Run]) -> Vec<(String, Markup)> {
    let known = case_named(key);
    let title = known.map_or(key, |case| case.title);
    let found = findings(runs, known);
    let figures = figures(known, &found);
    let first = figures.first().map_or("", String::as_str);
    let grows = known.is_some_and(|case| case.growth.is_some());
    let mut drawings = Vec::new();
    for figure in figures.iter().filter(|_| found.len() > 1 && !grows) {
        if let Some(drawing) = bar_drawing(title, figure, &found) {
            let name = format!("{key}-{}", figure.replace('_', "-"));
            drawings.push((name, drawing));
        }
    }
    for (word, mut plot) in case_plots(known, first, &found) {
        if word == "latency" {
            plot.title = format!("{title}: {}", plot.title);
        }
        let name = format!("{key}-{word}");
        drawings.push((name.trim_end_matches('-').to_owned(), plot.svg()));
    }
    drawings
}

fn bar_drawing(title: &str, key: &str, found: &[Findings<'_>]) -> Option<Markup> {
    let found = found.iter().filter_map(|one| Some((one, one.figure(key)?)));
    let found: Vec<_> = found.collect();
    let (_, (figure, _)) = found.first()?;
    let rows = found.iter().map(|(one, (_, spread))| Bar {
        name: one.name,
        colour: colour(one.name),
        spread: *spread,
    });
    let note = match figure.better {
        Better::Lower => "less is better",
        Better::Higher => "more is better",
    };
    let title = format!("{}: {title}", figure.name);
    Some(svg::bars(
        &title,
        note,
        &figure.unit,
        &rows.collect::<Vec<_>>(),
    ))
}

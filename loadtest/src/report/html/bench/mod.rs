//! A whole bench: the goals first, then each case with a bar for everybody
//! that was measured in it, and all numbers at the end.

mod drawings;

use std::iter;

use maud::{Markup, html};

use self::drawings::case_plots;
pub(super) use self::drawings::drawings;
use super::{gauge, place, table};
use crate::goals::cases::case_named;
use crate::goals::findings::{Findings, all_figures, figures, findings};
use crate::goals::judge::{Judged, Verdict, judge};
use crate::outcome::Better;
use crate::recording::json::Run;
use crate::recording::spread::Spread;
use crate::recording::units::{quantity, ratio, short};

/// Everything about a bench, from its title on.
pub(super) fn content(runs: &[Run]) -> Markup {
    let judged = judge(runs);
    html! {
        @if let Some(first) = runs.first() {
            header {
                p.kicker { "Rookery load test" }
                h1 { "Bench" }
                p.place { (place(first.outcome.started_at_ms, &first.outcome.machine)) }
            }
        }
        (summary(&judged, runs))
        @if !judged.is_empty() { (goals(&judged)) }
        @for key in case_keys(runs) {
            (case(key, runs.iter().filter(|run| run.case.as_deref() == Some(key)).collect()))
        }
    }
}

fn summary(judged: &[Judged], runs: &[Run]) -> Markup {
    let met = |verdict| {
        judged
            .iter()
            .filter(|judged| judged.verdict == verdict)
            .count()
    };
    let repetitions = runs.iter().map(|run| run.repetition).max().unwrap_or(0);
    let deliveries: u64 = runs.iter().map(|run| run.outcome.counts.received).sum();
    html! {
        section.cards {
            (card("Goals met in every repetition", met(Verdict::Met), &format!("of {}", judged.len())))
            (card("Met in the median only", met(Verdict::MetInTheMedian), ""))
            (card("Missed", met(Verdict::Missed), ""))
            (card("Runs", runs.len(), &format!("in {repetitions} repetitions")))
            (card("Deliveries", short(deliveries as f64), ""))
        }
    }
}

fn card(name: &str, value: impl maud::Render, beside: &str) -> Markup {
    html! {
        div.card { p.name { (name) } p.value { (value) span.unit { " " (beside) } } }
    }
}

fn goals(judged: &[Judged]) -> Markup {
    html! {
        section {
            h2 { "Goals" }
            p.note {
                "The least, the median and the most of all repetitions. The line in the middle is the goal; "
                "further right is better, and each mark is twice as good as the one before."
            }
            div.goals {
                @for judged in judged {
                    div.goal {
                        div.what { b { (judged.figure) } span { (judged.case.title) } }
                        div.wanted { (judged.goal_words()) }
                        (gauge::markup(judged))
                        div.found { (judged.found_words()) }
                        div.chip.(judged.verdict.class()) { (judged.verdict.words()) }
                    }
                }
            }
        }
    }
}

impl Verdict {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::MetInTheMedian => "close",
            Self::Missed => "missed",
            Self::NotMeasured => "unknown",
        }
    }
}

/// Everybody keeps a colour on the whole page.
fn colour(contender: &str) -> usize {
    match contender {
        "rookery" => 0,
        "bun" => 1,
        "uwebsockets" => 2,
        "socketio" => 3,
        "socketioxide" => 4,
        "ws" => 5,
        "floor" | "redis-baseline" => 7,
        _ => 6,
    }
}

fn case_keys(runs: &[Run]) -> Vec<&str> {
    let mut keys = Vec::new();
    for key in runs.iter().filter_map(|run| run.case.as_deref()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

fn case(key: &str, runs: Vec<&Run>) -> Markup {
    let known = case_named(key);
    let found = findings(&runs, known);
    let figures = figures(known, &found);
    let first = figures.first().map_or("", String::as_str);
    html! {
        section.case-section {
            h2 { (known.map_or(key, |case| case.title)) }
            (faults(&runs))
            @if let [alone] = found.as_slice() { (figure_cards(alone)) }
            div.plots {
                @if found.len() > 1 { @for figure in &figures { (bars(figure, &found)) } }
                @for (_, plot) in case_plots(known, first, &found) { (plot.markup()) }
            }
            details {
                summary { "All numbers, and the commands" }
                (numbers(&found))
                @for one in &found { pre { code { (one.typical(first).command) } } }
            }
        }
    }
}

/// All figures of one that is compared with nobody.
fn figure_cards(alone: &Findings<'_>) -> Markup {
    let keys = all_figures(std::slice::from_ref(alone));
    html! {
        div.cards {
            @for (figure, spread) in keys.iter().filter_map(|key| alone.figure(key)) {
                div.card {
                    p.name { (figure.name) }
                    p.value { (quantity(spread.median, &figure.unit)) }
                    p.note { (range(&figure.unit, &spread)) }
                }
            }
        }
    }
}

/// The least and the most of several repetitions.
fn range(unit: &str, spread: &Spread) -> String {
    match spread.count {
        1 => String::new(),
        _ => format!(
            "{} – {}",
            quantity(spread.min, unit),
            quantity(spread.max, unit)
        ),
    }
}

fn faults(runs: &[&Run]) -> Markup {
    html! {
        @for run in runs.iter().filter(|run| !run.outcome.counts.whole()) {
            div.verdict.bad {
                p { b { "✗" } " " (run.contender) ", repetition " (run.repetition) ": " (run.outcome.counts.verdict()) "." }
            }
        }
    }
}

/// One bar for each contender, with a whisker from the least to the most.
fn bars(key: &str, measured: &[Findings<'_>]) -> Markup {
    let rows: Vec<_> = measured
        .iter()
        .filter_map(|one| Some((one, one.figure(key)?)))
        .collect();
    let most = rows
        .iter()
        .map(|(_, (_, spread))| spread.max)
        .fold(0.0, f64::max)
        .max(1e-12);
    let subject = rows.first().map_or(1.0, |(_, (_, spread))| spread.median);
    html! {
        @if let Some((_, (figure, _))) = rows.first() {
            figure.plot {
                figcaption {
                    h3 { (figure.name) }
                    p.note { @if figure.better == Better::Lower { "less is better" } @else { "more is better" } }
                }
                div.bars {
                    @for (index, (one, (figure, spread))) in rows.iter().enumerate() {
                        div.bar.first[index == 0] {
                            span.who { (one.name) }
                            div.track {
                                i.fill.(format!("c{}", colour(one.name))) style=(format!("width:{:.2}%", spread.median / most * 100.0)) {}
                                @if spread.count > 1 {
                                    i.whisker style=(format!("left:{:.2}%;width:{:.2}%", spread.min / most * 100.0, (spread.max - spread.min) / most * 100.0)) {}
                                }
                            }
                            span.value { (quantity(spread.median, &figure.unit)) }
                            span.times { @if index > 0 { (ratio(spread.median / subject)) } }
                        }
                    }
                }
            }
        }
    }
}

fn numbers(measured: &[Findings<'_>]) -> Markup {
    let keys = all_figures(measured);
    let name = |key: &String| {
        let figure = measured.iter().find_map(|one| one.figure(key));
        figure.map_or_else(String::new, |(figure, _)| figure.name.clone())
    };
    let cell = |one: &Findings<'_>, key: &String| match one.figure(key) {
        Some((figure, spread)) => spread.quantity(&figure.unit),
        None => "–".to_owned(),
    };
    let names: Vec<_> = keys.iter().map(name).collect();
    let rows = measured.iter().map(|one| {
        let cells = keys.iter().map(|key| cell(one, key));
        iter::once(one.name.to_owned()).chain(cells).collect()
    });
    table(&names, rows)
}

//! One run: verdict, figures, plots, tables, and how to repeat it.

use std::iter;

use maud::{Markup, html};

use super::{place, plots, table};
use crate::outcome::{Outcome, Quantiles};
use crate::recording::units::{duration, grouped, micros};
use crate::report::table::{PROCESS_HEAD, process_cells};

/// Everything about one run, from its title on.
pub(super) fn content(outcome: &Outcome) -> Markup {
    html! {
        header {
            p.kicker { "Rookery load test" }
            h1 { (outcome.scenario) " " span.system { (outcome.system) } }
            p.place { (place(outcome.started_at_ms, &outcome.machine)) }
        }
        (verdict(outcome))
        (cards(outcome))
        section.plots {
            @for plot in plots::of(outcome) { (plot.markup()) }
        }
        (tables(outcome))
        (repeat(outcome))
    }
}

/// Whether everything came, and what must be known of it.
pub(super) fn verdict(outcome: &Outcome) -> Markup {
    let whole = outcome.counts.whole();
    html! {
        div.verdict.good[whole].bad[!whole] {
            p { b { @if whole { "✓" } @else { "✗" } } " " (outcome.counts.verdict()) "." }
            @for remark in &outcome.remarks { p.remark { (remark) } }
        }
    }
}

fn cards(outcome: &Outcome) -> Markup {
    html! {
        section.cards {
            @for figure in &outcome.figures {
                @let shown = figure.shown();
                // The number large, its unit small.
                @let (value, unit) = shown.split_once(' ').unwrap_or((&shown, ""));
                div.card {
                    p.name { (figure.name) }
                    p.value { (value) @if !unit.is_empty() { span.unit { " " (unit) } } }
                }
            }
        }
    }
}

fn tables(outcome: &Outcome) -> Markup {
    let levels = Quantiles::default();
    let levels = levels.levels().map(|(level, _)| level);
    let latency_head: Vec<_> = levels.chain(["mean", "count"]).collect();
    let latencies = outcome.latencies.iter().map(|(name, quantiles)| {
        let levels = quantiles.levels().map(|(_, us)| micros(us as f64));
        let others = [micros(quantiles.mean_us), grouped(quantiles.count)];
        iter::once(name.clone())
            .chain(levels)
            .chain(others)
            .collect()
    });
    let processes = outcome.processes.iter();
    let processes = processes.map(|process| process_cells(process, outcome));
    html! {
        @if !outcome.latencies.is_empty() {
            section { h2 { "Latencies" } (table(&latency_head, latencies)) }
        }
        @if !outcome.processes.is_empty() {
            section { h2 { "Processes" } (table(&PROCESS_HEAD[1..], processes)) }
        }
    }
}

/// The settings, and the command that does it again.
pub(super) fn repeat(outcome: &Outcome) -> Markup {
    html! {
        section {
            h2 { "Settings" }
            dl.settings {
                @for (name, value) in &outcome.settings { div { dt { (name) } dd { (value) } } }
                div { dt { "measured for" } dd { (duration(outcome.seconds)) } }
                @if !outcome.settings.contains_key("connections") {
                    div { dt { "connections" } dd { (grouped(outcome.counts.connections)) } }
                }
            }
            pre { code { (outcome.command) } }
        }
    }
}

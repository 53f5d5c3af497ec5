//! One run: verdict, figures, plots, tables, and how to repeat it.

use maud::{Markup, html};

use super::{place, plots};
use crate::outcome::{Outcome, Quantiles};
use crate::recording::units::{bytes, duration, grouped, micros, number};

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
    let latencies: Vec<_> = outcome.latencies.iter().collect();
    html! {
        @if !latencies.is_empty() {
            section { h2 { "Latencies" } (latency_table("", &latencies)) }
        }
        @if !outcome.processes.is_empty() {
            section { h2 { "Processes" } (process_table(outcome)) }
        }
    }
}

fn latency_table(what: &str, latencies: &[(&String, &Quantiles)]) -> Markup {
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { (what) }
                        @for (level, _) in Quantiles::default().levels() { th { (level) } }
                        th { "mean" } th { "count" }
                    }
                }
                tbody {
                    @for (name, quantiles) in latencies {
                        tr {
                            th { (name) }
                            @for (_, us) in quantiles.levels() { td { (micros(us as f64)) } }
                            td { (micros(quantiles.mean_us)) }
                            td { (grouped(quantiles.count)) }
                        }
                    }
                }
            }
        }
    }
}

fn process_table(outcome: &Outcome) -> Markup {
    let dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    html! {
        div.scroll {
            table {
                thead {
                    tr {
                        th { } th { "CPU" } th { "of a core" } th { "a delivery" }
                        th { "memory before" } th { "after" } th { "peak" } th { "a connection" }
                    }
                }
                tbody {
                    @for process in &outcome.processes {
                        tr {
                            th { (process.title()) }
                            td { (number(process.cpu_us as f64 / 1e6)) " s" }
                            td { (format!("{:.0} %", process.share(outcome.seconds) * 100.0)) }
                            td { (dash(process.us_per_delivery(&outcome.counts).map(micros))) }
                            td { (bytes(process.memory_before_bytes as f64)) }
                            td { (bytes(process.memory_after_bytes as f64)) }
                            td { (bytes(process.memory_peak_bytes as f64)) }
                            td { (dash(process.bytes_per_connection(&outcome.counts).map(bytes))) }
                        }
                    }
                }
            }
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

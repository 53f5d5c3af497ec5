//! A whole bench: the goals first, then each case with a bar for everybody
//! that was measured in it, and all numbers at the end.

use maud::{Markup, html};

use super::plot::Plot;
use super::svg::{self, Bar};
use super::{gauge, growth, place, plots};
use crate::bench::cases::Case;
use crate::bench::judge::{Judged, Verdict, judge};
use crate::outcome::{Better, Figure, Outcome};
use crate::report::json::Run;
use crate::report::spread::Spread;
use crate::report::units::{quantity, ratio, short};

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

fn case_keys(runs: &[Run]) -> Vec<&str> {
    let mut keys = Vec::new();
    for key in runs.iter().filter_map(|run| run.case.as_deref()) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// All runs of one contender in a case.
struct Measured<'a> {
    name: &'a str,
    colour: usize,
    outcomes: Vec<&'a Outcome>,
}

impl Measured<'_> {
    fn figure(&self, key: &str) -> Option<(&Figure, Spread)> {
        let figures = || {
            let figures = self.outcomes.iter().flat_map(|outcome| &outcome.figures);
            figures.filter(|figure| figure.key == key)
        };
        Some((
            figures().next()?,
            Spread::of(figures().map(|figure| figure.value))?,
        ))
    }

    /// The run in the middle by that figure: the one whose plots are shown.
    fn typical(&self, key: &str) -> &Outcome {
        let value = |outcome: &Outcome| {
            let figure = outcome.figures.iter().find(|figure| figure.key == key);
            figure.map_or(0.0, |figure| figure.value)
        };
        let mut sorted = self.outcomes.clone();
        sorted.sort_by(|a, b| value(a).total_cmp(&value(b)));
        sorted[sorted.len() / 2]
    }
}

/// In the order of the case.
fn contenders<'a>(runs: &[&'a Run], case: Option<&Case>) -> Vec<Measured<'a>> {
    let order = |name: &str| {
        let place = case.and_then(|case| case.contenders.iter().position(|c| c.name == name));
        place.unwrap_or(usize::MAX)
    };
    let mut measured: Vec<Measured<'a>> = Vec::new();
    for run in runs {
        match measured.iter_mut().find(|one| one.name == run.contender) {
            Some(one) => one.outcomes.push(&run.outcome),
            None => measured.push(Measured {
                name: &run.contender,
                colour: colour(&run.contender),
                outcomes: vec![&run.outcome],
            }),
        }
    }
    measured.sort_by_key(|one| order(one.name));
    measured
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

fn case(key: &str, runs: Vec<&Run>) -> Markup {
    let known = Case::named(key);
    let measured = contenders(&runs, known);
    let figures = figures(known, &measured);
    let first = figures.first().map_or("", String::as_str);
    html! {
        section.case-section {
            h2 { (known.map_or(key, |case| case.title)) }
            (faults(&runs))
            @if let [alone] = measured.as_slice() { (figure_cards(alone)) }
            div.plots {
                @if measured.len() > 1 { @for figure in &figures { (bars(figure, &measured)) } }
                @for (_, plot) in case_plots(known, first, &measured) { (plot.markup()) }
            }
            details {
                summary { "All numbers, and the commands" }
                (numbers(&measured))
                @for one in &measured { pre { code { (one.typical(first).command) } } }
            }
        }
    }
}

/// The figures with bars: those of the goals, or all where there is no goal.
fn figures(case: Option<&Case>, measured: &[Measured<'_>]) -> Vec<String> {
    let wanted: Vec<String> = case
        .map(|case| case.figures().into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    if wanted.is_empty() {
        all_figures(measured)
    } else {
        wanted
    }
}

fn all_figures(measured: &[Measured<'_>]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for figure in measured
        .iter()
        .flat_map(|one| one.outcomes.iter().flat_map(|o| &o.figures))
    {
        if !keys.contains(&figure.key) {
            keys.push(figure.key.clone());
        }
    }
    keys
}

/// All figures of one that is compared with nobody.
fn figure_cards(alone: &Measured<'_>) -> Markup {
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
fn bars(key: &str, measured: &[Measured<'_>]) -> Markup {
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
                                i.fill.(format!("c{}", one.colour)) style=(format!("width:{:.2}%", spread.median / most * 100.0)) {}
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

/// Each with a word for its file; empty where that of the case says it.
fn case_plots(
    case: Option<&Case>,
    figure: &str,
    measured: &[Measured<'_>],
) -> Vec<(&'static str, Plot)> {
    if let Some(case) = case.filter(|case| case.growth.is_some()) {
        let plot = growth::plot(case, |contender, key| {
            let one = measured.iter().find(|one| one.name == contender)?;
            let (figure, spread) = one.figure(key)?;
            Some((figure.clone(), spread))
        });
        return plot.into_iter().map(|plot| ("", plot)).collect();
    }
    let typical: Vec<_> = measured
        .iter()
        .map(|one| (one.name, one.colour, one.typical(figure)))
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
pub(super) fn drawings(runs: &[Run]) -> Vec<(String, Markup)> {
    let keys = case_keys(runs).into_iter();
    keys.flat_map(|key| {
        let of_case = runs.iter().filter(|run| run.case.as_deref() == Some(key));
        case_drawings(key, &of_case.collect::<Vec<_>>())
    })
    .collect()
}

fn case_drawings(key: &str, runs: &[&Run]) -> Vec<(String, Markup)> {
    let known = Case::named(key);
    let title = known.map_or(key, |case| case.title);
    let measured = contenders(runs, known);
    let figures = figures(known, &measured);
    let first = figures.first().map_or("", String::as_str);
    let grows = known.is_some_and(|case| case.growth.is_some());
    let mut drawings = Vec::new();
    for figure in figures.iter().filter(|_| measured.len() > 1 && !grows) {
        if let Some(drawing) = bar_drawing(title, figure, &measured) {
            let name = format!("{key}-{}", figure.replace('_', "-"));
            drawings.push((name, drawing));
        }
    }
    for (word, mut plot) in case_plots(known, first, &measured) {
        if !grows {
            plot.title = format!("{title}: {}", plot.title);
        }
        let name = format!("{key}-{word}");
        drawings.push((name.trim_end_matches('-').to_owned(), plot.svg()));
    }
    drawings
}

fn bar_drawing(title: &str, key: &str, measured: &[Measured<'_>]) -> Option<Markup> {
    let found = measured
        .iter()
        .filter_map(|one| Some((one, one.figure(key)?)));
    let found: Vec<_> = found.collect();
    let (_, (figure, _)) = found.first()?;
    let rows = found.iter().map(|(one, (_, spread))| Bar {
        name: one.name,
        colour: one.colour,
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

fn numbers(measured: &[Measured<'_>]) -> Markup {
    let keys = all_figures(measured);
    let name = |key: &String| {
        let figure = measured.iter().find_map(|one| one.figure(key));
        figure.map_or_else(String::new, |(figure, _)| figure.name.clone())
    };
    html! {
        div.scroll {
            table {
                thead { tr { th { } @for key in &keys { th { (name(key)) } } } }
                tbody {
                    @for one in measured {
                        tr {
                            th { (one.name) }
                            @for key in &keys {
                                td {
                                    @match one.figure(key) {
                                        Some((figure, spread)) => { (spread.quantity(&figure.unit)) }
                                        None => { "–" }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

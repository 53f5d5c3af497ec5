//! What was measured in a case, by contender.

use crate::goals::case::Case;
use crate::outcome::{Figure, Outcome};
use crate::recording::json::Run;
use crate::recording::spread::Spread;

/// All runs of one contender in a case.
pub(super) struct Measured<'a> {
    pub(super) name: &'a str,
    pub(super) colour: usize,
    outcomes: Vec<&'a Outcome>,
}

impl Measured<'_> {
    pub(super) fn figure(&self, key: &str) -> Option<(&Figure, Spread)> {
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
    pub(super) fn typical(&self, key: &str) -> &Outcome {
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
pub(super) fn contenders<'a>(runs: &[&'a Run], case: Option<&Case>) -> Vec<Measured<'a>> {
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

/// The figures with bars: those of the goals, or all where there is no goal.
pub(super) fn figures(case: Option<&Case>, measured: &[Measured<'_>]) -> Vec<String> {
    let wanted: Vec<String> = case
        .map(|case| case.figures().into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    if wanted.is_empty() {
        all_figures(measured)
    } else {
        wanted
    }
}

pub(super) fn all_figures(measured: &[Measured<'_>]) -> Vec<String> {
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

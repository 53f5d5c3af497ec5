//! What was measured in a case, by contender.

use super::case::Case;
use crate::outcome::{Figure, Outcome};
use crate::recording::json::Run;
use crate::recording::spread::Spread;

/// All runs of one contender in a case.
pub(crate) struct Findings<'a> {
    pub(crate) name: &'a str,
    outcomes: Vec<&'a Outcome>,
}

impl Findings<'_> {
    pub(crate) fn figure(&self, key: &str) -> Option<(&Figure, Spread)> {
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
    pub(crate) fn typical(&self, key: &str) -> &Outcome {
        let value = |outcome: &Outcome| {
            let figure = outcome.figures.iter().find(|figure| figure.key == key);
            figure.map_or(0.0, |figure| figure.value)
        };
        let mut sorted = self.outcomes.clone();
        sorted.sort_by(|a, b| value(a).total_cmp(&value(b)));
        sorted[sorted.len() / 2]
    }
}

/// By contender, in the order of the case.
pub(crate) fn findings<'a>(runs: &[&'a Run], case: Option<&Case>) -> Vec<Findings<'a>> {
    let order = |name: &str| {
        let place = case.and_then(|case| case.contenders.iter().position(|c| c.name == name));
        place.unwrap_or(usize::MAX)
    };
    let mut found: Vec<Findings<'a>> = Vec::new();
    for run in runs {
        match found.iter_mut().find(|one| one.name == run.contender) {
            Some(one) => one.outcomes.push(&run.outcome),
            None => found.push(Findings {
                name: &run.contender,
                outcomes: vec![&run.outcome],
            }),
        }
    }
    found.sort_by_key(|one| order(one.name));
    found
}

/// The figures that are shown first: those of the goals, or all where there is no goal.
pub(crate) fn figures(case: Option<&Case>, found: &[Findings<'_>]) -> Vec<String> {
    let wanted: Vec<String> = case
        .map(|case| case.figures().into_iter().map(str::to_owned).collect())
        .unwrap_or_default();
    if wanted.is_empty() {
        all_figures(found)
    } else {
        wanted
    }
}

pub(crate) fn all_figures(found: &[Findings<'_>]) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for figure in found
        .iter()
        .flat_map(|one| one.outcomes.iter().flat_map(|o| &o.figures))
    {
        if !keys.contains(&figure.key) {
            keys.push(figure.key.clone());
        }
    }
    keys
}

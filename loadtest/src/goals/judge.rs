//! Whether the goals are met, from the runs that there are. A ratio is taken
//! within a repetition, so that a machine that is slower for a minute is slower
//! for both; the spread is that of the repetitions.

use super::{
    case::{Bound, Case, Goal},
    cases::CASES,
};
use crate::outcome::Figure;
use crate::recording::json::Run;
use crate::recording::spread::Spread;
use crate::recording::units::{quantity, ratio};

/// A goal and what was found.
pub(crate) struct Judged {
    pub(crate) case: &'static Case,
    pub(crate) goal: &'static Goal,
    /// The figure's name and unit; its key where nothing was measured.
    pub(crate) figure: String,
    pub(crate) unit: String,
    /// Ratios, or the figure itself where the goal is no ratio.
    pub(crate) found: Option<Spread>,
    pub(crate) verdict: Verdict,
}

/// How a goal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// In every repetition.
    Met,
    /// In the middle one, not in all.
    MetInTheMedian,
    Missed,
    NotMeasured,
}

/// Every goal of the cases that were run.
pub(crate) fn judge(runs: &[Run]) -> Vec<Judged> {
    let ran = |case: &&Case| runs.iter().any(|run| run.case.as_deref() == Some(case.key));
    CASES
        .iter()
        .filter(ran)
        .flat_map(|case| case.goals.iter().map(move |goal| judged(case, goal, runs)))
        .collect()
}

fn judged(case: &'static Case, goal: &'static Goal, runs: &[Run]) -> Judged {
    let mine = values(case, case.subject(), goal.figure, runs);
    let found = match goal.bound.against() {
        None => Spread::of(mine.iter().map(|(_, figure)| figure.value)),
        Some(other) => {
            let theirs = values(case, other, goal.figure, runs);
            Spread::of(mine.iter().filter_map(|(repetition, figure)| {
                let (_, other) = theirs.iter().find(|(theirs, _)| theirs == repetition)?;
                Some(figure.value / other.value)
            }))
        }
    };
    let (figure, unit) = mine.first().map_or_else(
        || (goal.figure.to_owned(), String::new()),
        |(_, figure)| (figure.name.clone(), figure.unit.clone()),
    );
    let verdict = Verdict::of(goal.bound, found);
    Judged {
        case,
        goal,
        figure,
        unit,
        found,
        verdict,
    }
}

/// A figure of a contender, by repetition.
fn values<'a>(
    case: &Case,
    contender: &str,
    figure: &str,
    runs: &'a [Run],
) -> Vec<(u32, &'a Figure)> {
    runs.iter()
        .filter(|run| run.case.as_deref() == Some(case.key) && run.contender == contender)
        .filter_map(|run| {
            let figure = run
                .outcome
                .figures
                .iter()
                .find(|found| found.key == figure)?;
            Some((run.repetition, figure))
        })
        .collect()
}

impl Bound {
    /// `≤ 1.05 × floor`, `≤ 1.50 KiB`.
    pub(crate) fn words(self, unit: &str) -> String {
        match self {
            Self::AtMostTimes(level, other) => format!("≤ {} {other}", ratio(level)),
            Self::AtLeastTimes(level, other) => format!("≥ {} {other}", ratio(level)),
            Self::Limit(level) => format!("≤ {}", quantity(level, unit)),
        }
    }
}

impl Judged {
    pub(crate) fn goal_words(&self) -> String {
        self.goal.bound.words(&self.unit)
    }

    /// The least, the median and the most.
    pub(crate) fn found_words(&self) -> String {
        match (self.found, self.goal.bound.against()) {
            (None, _) => "–".to_owned(),
            (Some(found), Some(_)) => format!("{} ×", found.shown()),
            (Some(found), None) => found.quantity(&self.unit),
        }
    }
}

impl Verdict {
    fn of(bound: Bound, found: Option<Spread>) -> Self {
        match found {
            None => Self::NotMeasured,
            Some(found) if bound.holds(found.min) && bound.holds(found.max) => Self::Met,
            Some(found) if bound.holds(found.median) => Self::MetInTheMedian,
            Some(_) => Self::Missed,
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::MetInTheMedian => "met in the median",
            Self::Missed => "missed",
            Self::NotMeasured => "not measured",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    /// Three repetitions of the first case, with these costs of the others.
    fn runs(rookery: [f64; 3], bun: [f64; 3]) -> Vec<Run> {
        let mut runs = Vec::new();
        for (contender, costs) in [("rookery", rookery), ("bun", bun)] {
            for (repetition, cost) in (1..).zip(costs) {
                let case = Some("fanout-steady".to_owned());
                let outcome = example::fanout(contender, cost);
                runs.push(Run {
                    case,
                    contender: contender.to_owned(),
                    repetition,
                    outcome,
                });
            }
        }
        runs
    }

    fn against(other: &str, runs: &[Run]) -> Judged {
        let found = judge(runs)
            .into_iter()
            .find(|judged| judged.goal.bound.against() == Some(other));
        found.unwrap()
    }

    #[test]
    fn ratios_are_taken_within_a_repetition() {
        // The machine doubles its pace and halves it again: the ratio stays.
        let judged = against("bun", &runs([0.9, 1.8, 0.45], [1.0, 2.0, 0.5]));
        let found = judged.found.unwrap();
        assert!((found.min - 0.9).abs() < 1e-9 && (found.max - 0.9).abs() < 1e-9);
        assert_eq!(judged.verdict, Verdict::Met);
        assert_eq!(judged.goal_words(), "≤ 1.00 × bun");
        assert_eq!(judged.found_words(), "0.900 – 0.900 – 0.900 ×");
    }

    #[test]
    fn a_goal_is_met_in_all_in_the_median_or_not() {
        let verdict = |rookery| against("bun", &runs(rookery, [1.0; 3])).verdict;
        assert_eq!(verdict([0.9, 0.95, 1.0]), Verdict::Met);
        assert_eq!(verdict([0.9, 0.95, 1.2]), Verdict::MetInTheMedian);
        assert_eq!(verdict([0.9, 1.1, 1.2]), Verdict::Missed);
        let unknown = against("floor", &runs([1.0; 3], [1.0; 3]));
        assert_eq!(
            (unknown.verdict, unknown.found),
            (Verdict::NotMeasured, None)
        );
    }
}

//! Who is measured when. Repetitions are interleaved and each begins with
//! another system, so that a machine that changes its pace is no one's luck.

use std::collections::HashMap;
use std::time::Duration;

use super::options::Options;
use crate::goals::case::{Case, Contender};

/// One run of the bench.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) case: &'static Case,
    pub(crate) contender: &'static Contender,
    /// Counted from 1.
    pub(crate) repetition: u32,
}

/// All runs, in their order. `is_there` says who can be measured at all.
pub(crate) fn turns(
    cases: &[&'static Case],
    options: &Options,
    is_there: impl Fn(&Contender) -> bool,
) -> Vec<Turn> {
    let mut turns = Vec::new();
    for repetition in 1..=options.repetitions() {
        for case in cases {
            let mut contenders = options.contenders(case);
            contenders.retain(|contender| is_there(contender));
            let count = contenders.len();
            if count > 0 {
                contenders.rotate_left((repetition as usize - 1) % count);
            }
            turns.extend(contenders.into_iter().map(|contender| Turn {
                case,
                contender,
                repetition,
            }));
        }
    }
    turns
}

/// How long runs took, and so how long the rest will take.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    known: HashMap<(&'static str, &'static str), Duration>,
}

impl Pace {
    pub(crate) fn learn(&mut self, turn: &Turn, took: Duration) {
        self.known
            .insert((turn.case.key, turn.contender.name), took);
    }

    /// Nothing before the first run. What has not run yet takes as long as
    /// others of its case, or as the mean of all.
    pub(crate) fn estimate(&self, left: &[Turn]) -> Option<Duration> {
        let mean = mean(self.known.values())?;
        let expected = |turn: &Turn| {
            let same_case = self
                .known
                .iter()
                .filter(|((case, _), _)| *case == turn.case.key);
            self.known
                .get(&(turn.case.key, turn.contender.name))
                .copied()
                .or_else(|| self::mean(same_case.map(|(_, took)| took)))
                .unwrap_or(mean)
        };
        Some(left.iter().map(expected).sum())
    }
}

fn mean<'a>(durations: impl Iterator<Item = &'a Duration>) -> Option<Duration> {
    let durations: Vec<_> = durations.collect();
    let count = u32::try_from(durations.len())
        .ok()
        .filter(|count| *count > 0)?;
    Some(durations.into_iter().sum::<Duration>() / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::options::tests::options;

    fn planned(arguments: &str) -> Vec<Turn> {
        let options = options(arguments);
        turns(&options.cases().unwrap(), &options, |contender| {
            contender.name != "ws"
        })
    }

    #[test]
    fn every_repetition_begins_with_somebody_else() {
        let turns = planned("--only rooms --systems rookery,bun,ws,socketio");
        let names = |repetition| {
            let of_it = turns
                .iter()
                .filter(|t| t.repetition == repetition && t.case.key == "rooms");
            of_it.map(|turn| turn.contender.name).collect::<Vec<_>>()
        };
        assert_eq!(names(1), ["rookery", "bun", "socketio"]);
        assert_eq!(names(2), ["bun", "socketio", "rookery"]);
        assert_eq!(names(3), ["socketio", "rookery", "bun"]);
        // All cases of a repetition come before the next one.
        assert!(turns.is_sorted_by_key(|turn| turn.repetition));
    }

    #[test]
    fn the_rest_takes_as_long_as_it_took_before() {
        let turns = planned("--only idle --systems rookery,bun --repetitions 2");
        let mut pace = Pace::default();
        assert_eq!(pace.estimate(&turns), None);
        pace.learn(&turns[0], Duration::from_secs(10));
        assert_eq!(pace.estimate(&turns[1..]), Some(Duration::from_secs(30)));
        pace.learn(&turns[1], Duration::from_secs(4));
        assert_eq!(pace.estimate(&turns[2..]), Some(Duration::from_secs(14)));
        assert_eq!(pace.estimate(&[]), Some(Duration::ZERO));
    }
}

//! Which rate a sweep tries next. Nothing here measures.
//!
//! Other programs can only make a rate look worse than it is: what passed has
//! passed, what failed is asked again before it decides. Nor is a rate that is
//! late the end: a server that begins to batch once it is saturated may be late
//! at 100 messages a second and in time at 400. Only one that falls behind has
//! found its end.

/// How narrow the last interval is: the highest rate is known to 5 %.
const NARROW: f64 = 1.05;
/// The lowest rate that is tried, and the highest.
const LOWEST: f64 = 1.0;
const HIGHEST: f64 = 1e6;
/// Rates that are tried at most, and checks of what was found.
const MOST_PROBES: u32 = 24;
const MOST_CHECKS: u32 = 6;
/// How much lower the next rate is that is checked.
const STEP_DOWN: f64 = 1.12;

/// What is to be measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Try {
    /// Whether this rate is carried.
    Probe(f64),
    /// The same of the rate that was found, for longer.
    Check(f64),
}

/// How a rate was carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    InTime,
    /// All of it, but not in time.
    Late,
    /// More and more is left undone.
    Behind,
}

/// Doubles the rate until it falls behind, halves the interval above the highest
/// one that passed until it is narrow, asks the lowest rate that failed once more, and has what it found
/// checked, with a step down for each check that fails.
#[derive(Debug)]
pub(super) struct Search {
    /// The highest rate that passed, and the lowest above it that did not.
    passed: Option<f64>,
    failed: Option<f64>,
    /// The next rate of the doubling; nothing once one fell behind.
    doubling: Option<f64>,
    /// Whether `failed` has failed again, after the rates around it.
    failed_again: bool,
    checked: bool,
    probes: u32,
    checks: u32,
}

impl Search {
    pub(super) fn new(start: f64) -> Self {
        Self {
            passed: None,
            failed: None,
            doubling: Some(start),
            failed_again: false,
            checked: false,
            probes: 0,
            checks: 0,
        }
    }

    /// Nothing where the search has ended.
    pub(super) fn next(&self) -> Option<Try> {
        let probe = self.next_probe().filter(|_| self.probes < MOST_PROBES);
        let check = || {
            let wanted = !self.checked && self.checks < MOST_CHECKS;
            self.passed.filter(|_| wanted).map(Try::Check)
        };
        probe.map(Try::Probe).or_else(check)
    }

    fn next_probe(&self) -> Option<f64> {
        match (self.passed, self.failed) {
            _ if self.checks > 0 => None,
            _ if self.doubling.is_some() => self.doubling,
            (None, failed) => failed.filter(|rate| *rate > LOWEST).map(|rate| rate / 2.0),
            (Some(_), None) => None,
            (Some(passed), Some(failed)) if failed / passed > NARROW => {
                Some((passed * failed).sqrt())
            }
            (Some(_), Some(failed)) => (!self.failed_again).then_some(failed),
        }
    }

    /// Looks for nothing more, but has what was found checked.
    pub(super) fn close(&mut self) {
        self.probes = MOST_PROBES;
    }

    /// The rate that was found, where a check passed.
    pub(super) fn confirmed(&self) -> bool {
        self.checked
    }

    /// Takes in what became of a try.
    pub(super) fn take(&mut self, tried: Try, found: Found) {
        match tried {
            Try::Probe(rate) => {
                self.probes += 1;
                self.probed(rate, found);
            }
            Try::Check(rate) => {
                self.checks += 1;
                match found {
                    Found::InTime => self.checked = true,
                    Found::Late | Found::Behind => self.passed = Some(rate / STEP_DOWN),
                }
            }
        }
    }

    fn probed(&mut self, rate: f64, found: Found) {
        let doubled = rate * 2.0;
        if self.doubling.is_some() {
            let goes_on = found != Found::Behind && doubled <= HIGHEST;
            self.doubling = goes_on.then_some(doubled);
        }
        if found == Found::InTime {
            // What failed below it was disturbed, or did not batch yet.
            let asked_again = self.failed == Some(rate);
            self.failed = self.failed.filter(|failed| *failed > rate);
            self.passed = Some(rate);
            if asked_again {
                self.doubling = Some(doubled);
            }
        } else {
            self.failed_again = self.failed == Some(rate);
            self.failed = Some(self.failed.map_or(rate, |failed| failed.min(rate)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is tried where `knee` is the highest rate that passes, and what is
    /// found. `disturbed` tells by its place whether a try fails whatever it asks.
    fn search(knee: f64, disturbed: impl Fn(usize, Try) -> bool) -> (Vec<Try>, Option<f64>) {
        let (mut search, mut tried) = (Search::new(50.0), Vec::new());
        while let Some(next) = search.next() {
            let (Try::Probe(rate) | Try::Check(rate)) = next;
            let disturbed = disturbed(tried.len(), next);
            tried.push(next);
            let found = match rate <= knee {
                true if disturbed => Found::Late,
                true => Found::InTime,
                false => Found::Behind,
            };
            search.take(next, found);
        }
        let found = search.passed.filter(|_| search.checked);
        (tried, found)
    }

    fn is_near(found: Option<f64>, knee: f64) -> bool {
        found.is_some_and(|rate| rate <= knee && knee / rate <= NARROW)
    }

    #[test]
    fn rates_double_and_then_close_in() {
        let (tried, found) = search(330.0, |_, _| false);
        assert_eq!(tried[..4], [50.0, 100.0, 200.0, 400.0].map(Try::Probe));
        assert!(is_near(found, 330.0), "{found:?} of {tried:?}");
        assert!(matches!(tried.last(), Some(Try::Check(_))) && tried.len() <= 10);
    }

    #[test]
    fn one_try_that_was_disturbed_decides_nothing() {
        let undisturbed = search(3000.0, |_, _| false).0.len();
        for place in 0..undisturbed {
            let (tried, found) = search(3000.0, |at, _| at == place);
            let allowed = if place + 1 == undisturbed {
                STEP_DOWN
            } else {
                1.0
            };
            let least = 3000.0 / NARROW / allowed;
            let close = found.is_some_and(|rate| (least * 0.999..=3000.0).contains(&rate));
            assert!(close, "{place}: {found:?} of {tried:?}");
        }
    }

    #[test]
    fn a_rate_at_which_nothing_is_batched_yet_is_passed_by() {
        let late = |_, tried| matches!(tried, Try::Probe(rate) if (90.0..300.0).contains(&rate));
        let (tried, found) = search(3000.0, late);
        assert!(is_near(found, 3000.0), "{found:?} of {tried:?}");
    }

    #[test]
    fn a_start_that_is_too_high_goes_down() {
        let (tried, found) = search(20.0, |_, _| false);
        assert_eq!(tried[..3], [50.0, 25.0, 12.5].map(Try::Probe));
        assert!(is_near(found, 20.0));
    }

    #[test]
    fn it_ends_whatever_happens() {
        for (tried, found) in [
            search(0.0, |_, _| false),
            search(1e9, |_, tried| matches!(tried, Try::Check(_))),
        ] {
            assert_eq!(found, None);
            assert!(tried.len() <= (MOST_PROBES + MOST_CHECKS) as usize);
        }
    }
}

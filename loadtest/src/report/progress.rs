//! What is seen while a run lasts, on stderr: a bar and a line of rates on a
//! terminal, a plain line now and then elsewhere, nothing when it shall be quiet.
//! Cheap enough to be told of every step; never waits.

use std::time::{Duration, Instant};

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::recording::units;

/// How often a line is written where there is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Tells a person how far a run is.
pub(crate) struct Progress {
    output: Output,
    phase: Phase,
    live: Option<Live>,
}

enum Output {
    Terminal(ProgressBar),
    Lines { last: Instant },
}

/// A stretch of work with a known end.
#[derive(Debug, Clone, Default)]
struct Phase {
    name: String,
    done: u64,
    total: u64,
    unit: &'static str,
}

/// How the run goes right now.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Live {
    pub(crate) sent_per_s: f64,
    pub(crate) received_per_s: f64,
    pub(crate) p99_us: u64,
    /// Shares of one core: 1.0 is a full core. Absent where it is not known.
    pub(crate) node_cpu: Option<f64>,
    pub(crate) generator_cpu: Option<f64>,
}

impl Progress {
    /// `title` stands before everything: the scenario and the system.
    pub(crate) fn new(title: &str, quiet: bool) -> Self {
        let output = match (quiet, Term::stderr().is_term()) {
            (true, _) => Output::Terminal(ProgressBar::hidden()),
            (false, true) => Output::Terminal(bar(title)),
            (false, false) => Output::Lines {
                last: Instant::now(),
            },
        };
        Self {
            output,
            phase: Phase::default(),
            live: None,
        }
    }

    /// Begins a phase: `connecting`, 20,000 `connections`; `measuring`, 10 `s`.
    pub(crate) fn begin(&mut self, name: &str, total: u64, unit: &'static str) {
        self.phase = Phase {
            name: name.to_owned(),
            done: 0,
            total,
            unit,
        };
        match &mut self.output {
            Output::Terminal(bar) => {
                bar.set_length(total);
                bar.set_position(0);
                bar.set_message(self.phase.words());
            }
            Output::Lines { last } => {
                *last = Instant::now();
                line(&self.phase, None);
            }
        }
    }

    /// How much of the phase is done.
    pub(crate) fn at(&mut self, done: u64) {
        self.phase.done = done;
        self.draw();
    }

    /// How the run goes, about once a second.
    pub(crate) fn live(&mut self, live: Live) {
        self.live = Some(live);
        self.draw();
    }

    /// Something that a person shall read although the run goes on.
    pub(crate) fn remark(&self, words: &str) {
        match &self.output {
            Output::Terminal(bar) => bar.println(words),
            Output::Lines { .. } => eprintln!("{words}"),
        }
    }

    fn draw(&mut self) {
        match &mut self.output {
            Output::Terminal(bar) => {
                bar.set_position(self.phase.done);
                let rates = self.live.map(|live| format!("\n  {}", live.words()));
                bar.set_message(self.phase.words() + &rates.unwrap_or_default());
            }
            Output::Lines { last } if last.elapsed() >= BETWEEN_LINES => {
                *last = Instant::now();
                line(&self.phase, self.live.as_ref());
            }
            Output::Lines { .. } => {}
        }
    }
}

/// Takes the bar away, on every way out: what follows is the table or an error.
impl Drop for Progress {
    fn drop(&mut self) {
        if let Output::Terminal(bar) = &self.output {
            bar.finish_and_clear();
        }
    }
}

fn bar(title: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
    // Without the template the bar is a plain one, which is no reason to stop a measurement.
    if let Ok(style) = ProgressStyle::with_template("{prefix:.bold} {bar:30.cyan/dim} {msg}") {
        bar.set_style(style.progress_chars("━╸─"));
    }
    bar.set_prefix(title.to_owned());
    bar
}

fn line(phase: &Phase, live: Option<&Live>) {
    match live {
        Some(live) => eprintln!("{} · {}", phase.words(), live.words()),
        None => eprintln!("{}", phase.words()),
    }
}

impl Phase {
    /// `connecting 12,000/20,000`, `measuring 7/10 s`.
    fn words(&self) -> String {
        let (done, total) = (units::grouped(self.done), units::grouped(self.total));
        let words = match self.total {
            0 => self.name.clone(),
            _ => format!("{} {done}/{total} {}", self.name, self.unit),
        };
        words.trim_end().to_owned()
    }
}

impl Live {
    fn words(&self) -> String {
        let mut words = format!(
            "sent {}/s · received {}/s · p99 {}",
            units::short(self.sent_per_s),
            units::short(self.received_per_s),
            units::micros(self.p99_us as f64),
        );
        for (name, share) in [("node", self.node_cpu), ("generator", self.generator_cpu)] {
            if let Some(share) = share {
                words += &format!(" · {name} {:.0} %", share * 100.0);
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_says_how_far_it_is() {
        let mut progress = Progress::new("idle rookery", true);
        progress.begin("connecting", 20_000, "");
        progress.at(12_000);
        assert_eq!(progress.phase.words(), "connecting 12,000/20,000");
        progress.begin("measuring", 10, "s");
        assert_eq!(progress.phase.words(), "measuring 0/10 s");
    }

    #[test]
    fn rates_are_short_and_leave_out_what_is_unknown() {
        let live = Live {
            sent_per_s: 50.0,
            received_per_s: 2_512_000.0,
            p99_us: 12_300,
            node_cpu: Some(0.987),
            generator_cpu: None,
        };
        assert_eq!(
            live.words(),
            "sent 50.0/s · received 2.51 M/s · p99 12.3 ms · node 99 %"
        );
    }
}

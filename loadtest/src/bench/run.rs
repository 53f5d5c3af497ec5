//! The bench from its first turn to its last, or to Ctrl-C: what was measured
//! until then is shown and written all the same.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Context;
use console::{Term, style};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::child;
use super::options::Options;
use super::schedule::{Pace, Turn, turns};
use crate::fleet;
use crate::goals::case::{Case, Contender, Measured};
use crate::goals::results;
use crate::outcome::Outcome;
use crate::recording::json::{Recording, Run};
use crate::recording::units::duration;
use crate::report::{
    commands::{write_page, write_plots},
    print,
};

/// Runs the bench. Success where every run of Rookery has an outcome and right counts,
/// whatever the figures are.
///
/// # Errors
///
/// Where the arguments ask for what there is not, or a file cannot be written.
pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if options.list {
        print(&results::list());
        return Ok(ExitCode::SUCCESS);
    }
    let cases = options.cases()?;
    let missing = missing(&cases, options);
    for (name, reason) in &missing {
        eprintln!("{} {name}: {reason}", style("skipped").yellow());
    }
    let turns = turns(&cases, options, |contender| {
        !missing.contains_key(contender.name)
    });
    let mut bench = Bench::new(options)?;
    bench.take(&turns)?;
    bench.finish(turns.len())
}

/// Who cannot be measured, and what to do about it.
fn missing(cases: &[&Case], options: &Options) -> BTreeMap<&'static str, String> {
    let peers = fleet::peers_folder();
    let reason = |contender: &Contender| match contender.measured {
        Measured::System {
            name: "rookery", ..
        } => None,
        Measured::System { name, .. } => fleet::check_peer(&peers, name).err(),
        Measured::RedisBaseline => None,
    };
    let wanted = cases.iter().flat_map(|case| options.contenders(case));
    wanted
        .filter_map(|one| Some((one.name, format!("{:#}", reason(one)?))))
        .collect()
}

/// A bench under way.
struct Bench<'a> {
    options: &'a Options,
    interrupted: Arc<AtomicBool>,
    folder: tempfile::TempDir,
    /// Whether somebody looks on: then the runs show their own progress.
    watched: bool,
    pace: Pace,
    runs: Vec<Run>,
    faults: Vec<Fault>,
}

/// A run without an outcome, or with one that is wrong.
struct Fault {
    words: String,
    /// Peers may lose what they like: it is said, and the bench goes on to succeed.
    of_rookery: bool,
}

impl<'a> Bench<'a> {
    fn new(options: &'a Options) -> anyhow::Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&interrupted))
                .context("cannot listen for signals")?;
        }
        Ok(Self {
            options,
            interrupted,
            folder: tempfile::tempdir().context("cannot make a temporary folder")?,
            watched: !options.quiet && Term::stderr().is_term(),
            pace: Pace::default(),
            runs: Vec::new(),
            faults: Vec::new(),
        })
    }

    fn take(&mut self, turns: &[Turn]) -> anyhow::Result<()> {
        for (index, turn) in turns.iter().enumerate() {
            self.announce(turns, index);
            let began = Instant::now();
            let outcome = child::run(
                turn,
                self.options,
                self.folder.path(),
                self.watched,
                &self.interrupted,
            );
            if self.interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.pace.learn(turn, began.elapsed());
            match outcome {
                Ok(outcome) => self.keep(turn, outcome)?,
                Err(error) => self.fault(turn, format!("{error:#}")),
            }
        }
        Ok(())
    }

    fn announce(&self, turns: &[Turn], index: usize) {
        if self.options.quiet {
            return;
        }
        let turn = &turns[index];
        let left = match self.pace.estimate(&turns[index..]) {
            Some(left) => format!(" · about {} left", duration(left.as_secs_f64())),
            None => String::new(),
        };
        let place = format!("{}/{}{left}", index + 1, turns.len());
        eprintln!("{} {}", turn.words(), style(place).dim());
    }

    fn keep(&mut self, turn: &Turn, outcome: Outcome) -> anyhow::Result<()> {
        if !outcome.counts.whole() {
            self.fault(turn, outcome.counts.verdict());
        } else if !self.options.quiet {
            eprintln!("    {}", self.glance(turn.case, &outcome));
        }
        self.runs.push(Run {
            case: Some(turn.case.key.to_owned()),
            contender: turn.contender.name.to_owned(),
            repetition: turn.repetition,
            outcome,
        });
        match &self.options.json {
            Some(path) => Recording::of_runs(self.runs.clone()).write(path),
            None => Ok(()),
        }
    }

    /// What matters of a run, in a line. Figures of tiny loads would say nothing.
    fn glance(&self, case: &Case, outcome: &Outcome) -> String {
        if self.options.short {
            return outcome.counts.verdict();
        }
        let wanted = case.figures();
        let figures = outcome.figures.iter();
        let shown = figures.filter(|f| wanted.is_empty() || wanted.contains(&f.key.as_str()));
        let shown: Vec<_> = shown
            .map(|figure| format!("{} {}", figure.name, style(figure.shown()).bold()))
            .collect();
        shown.join(" · ")
    }

    fn fault(&mut self, turn: &Turn, words: String) {
        let words = format!("{}: {words}", turn.words());
        eprintln!("    {} {words}", style("✗").red());
        self.faults.push(Fault {
            words,
            of_rookery: turn.contender.system() == "rookery",
        });
    }

    /// Shows and writes what there is.
    fn finish(self, planned: usize) -> anyhow::Result<ExitCode> {
        let recording = Recording::of_runs(self.runs);
        if let Some(path) = &self.options.html {
            write_page(&recording, path)?;
        }
        if let Some(folder) = &self.options.svg {
            write_plots(&recording, folder)?;
        }
        if !self.options.short {
            print(&results::text(&recording.runs));
        }
        print(&ending(recording.runs.len(), planned, &self.faults));
        if self.interrupted.load(Ordering::Relaxed) {
            return Ok(ExitCode::from(130));
        }
        let failed = self.faults.iter().any(|fault| fault.of_rookery);
        Ok(if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }
}

impl Turn {
    fn words(&self) -> String {
        format!(
            "{} · {} · repetition {}",
            self.case.key, self.contender.name, self.repetition
        )
    }
}

/// How many runs there were, and every fault again, where it is not overlooked.
fn ending(done: usize, planned: usize, faults: &[Fault]) -> String {
    let of_all = if planned == done {
        String::new()
    } else {
        format!(" of {planned}")
    };
    if faults.is_empty() {
        let tick = style("✓").green();
        return format!(
            "\n{tick} {done}{of_all} runs, and in each of them everything arrived, once, in order\n"
        );
    }
    let mut text = format!("\n{done}{of_all} runs\n");
    for fault in faults {
        text += &format!("{} {}\n", style("✗").red(), fault.words);
    }
    text
}

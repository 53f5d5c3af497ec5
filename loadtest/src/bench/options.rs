//! The arguments of `rookery-loadtest bench`.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use clap::Args;

use crate::goals::growth::GROWTH;
use crate::goals::{
    case::{Case, Contender, Measured},
    cases::{CASES, all_cases},
};

/// Measure Rookery and its peers in turn, and compare them with the goals
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these cases: keys such as fanout-steady, or scenarios such as fanout (--list names all)
    #[arg(long, value_delimiter = ',', value_name = "CASES")]
    pub(crate) only: Vec<String>,
    /// How Rookery's cost grows with room size, rooms, connections and nodes, instead of the cases with goals
    #[arg(long, conflicts_with = "only")]
    pub(crate) growth: bool,
    /// Only these systems: rookery, bun, socketio, …
    #[arg(long, value_delimiter = ',', value_name = "SYSTEMS")]
    pub(crate) systems: Vec<String>,
    /// How often everything is measured; each time in another order
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) repetitions: u32,
    /// Tiny loads, once: fails on wrong counts, says nothing about speed
    #[arg(long, conflicts_with_all = ["repetitions", "json", "html", "svg"])]
    pub(crate) short: bool,
    /// The node's binary, where it is not beside this one
    #[arg(long, value_name = "PATH")]
    pub(crate) rookery: Option<PathBuf>,
    /// Write all runs here, after each of them
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page with everything here
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Write each plot as a file into this folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) svg: Option<PathBuf>,
    /// No progress, only the results
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Name the cases, who is measured in them, and the goals
    #[arg(long)]
    pub(crate) list: bool,
}

impl Options {
    /// The short form says nothing about speed, so that once is enough.
    pub(crate) fn repetitions(&self) -> u32 {
        if self.short { 1 } else { self.repetitions }
    }

    /// The cases that are wanted.
    ///
    /// # Errors
    ///
    /// Where a name is none of a case, a scenario or a system.
    pub(crate) fn cases(&self) -> anyhow::Result<Vec<&'static Case>> {
        for wanted in &self.only {
            if !all_cases().any(|case| case.answers_to(wanted)) {
                let keys: Vec<_> = all_cases().map(|case| case.key).collect();
                bail!("there is no case {wanted:?}; there are {}", keys.join(", "));
            }
        }
        self.check_systems()?;
        let cases: Vec<_> = match (self.growth, self.only.as_slice()) {
            (true, _) => GROWTH.iter().collect(),
            (false, []) => CASES.iter().collect(),
            (false, only) => all_cases()
                .filter(|case| only.iter().any(|wanted| case.answers_to(wanted)))
                .collect(),
        };
        ensure!(
            cases.iter().any(|case| !self.contenders(case).is_empty()),
            "none of these systems is measured in any of these cases"
        );
        Ok(cases)
    }

    fn check_systems(&self) -> anyhow::Result<()> {
        let mut known: Vec<_> = all_cases()
            .flat_map(|case| case.contenders.iter().map(Contender::system))
            .collect();
        known.sort_unstable();
        known.dedup();
        for wanted in &self.systems {
            if !known.contains(&wanted.as_str()) {
                bail!(
                    "there is no system {wanted:?}; there are {}",
                    known.join(", ")
                );
            }
        }
        Ok(())
    }

    /// Who of a case is to be measured.
    pub(crate) fn contenders(&self, case: &Case) -> Vec<&'static Contender> {
        let wanted = |contender: &&Contender| {
            self.systems.is_empty()
                || self
                    .systems
                    .iter()
                    .any(|wanted| wanted == contender.system())
        };
        case.contenders.iter().filter(wanted).collect()
    }
}

impl Case {
    fn answers_to(&self, wanted: &str) -> bool {
        wanted == self.key || (wanted == self.scenario && self.growth.is_none())
    }
}

impl Contender {
    /// The system behind the name.
    pub(crate) fn system(&self) -> &'static str {
        match self.measured {
            Measured::System { name, .. } => name,
            Measured::RedisBaseline => self.name,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    pub(in crate::bench) fn options(arguments: &str) -> Options {
        Command::parse_from(["bench"].into_iter().chain(arguments.split_whitespace())).options
    }

    #[test]
    fn a_scenario_stands_for_its_cases() {
        let keys = |arguments| {
            let cases = options(arguments).cases().unwrap();
            cases.iter().map(|case| case.key).collect::<Vec<_>>()
        };
        assert_eq!(keys("--only rooms"), ["rooms", "cluster", "cluster-1500"]);
        assert_eq!(keys("--only idle,connect"), ["idle", "connect", "churn"]);
        assert_eq!(keys("").len(), CASES.len());
        assert_eq!(keys("--growth").len(), GROWTH.len());
        assert_eq!(keys("--only growth-nodes"), ["growth-nodes"]);
    }

    #[test]
    fn wrong_names_are_answered_with_the_right_ones() {
        let refusal = |arguments| options(arguments).cases().unwrap_err().to_string();
        assert!(refusal("--only fan").contains("fanout-steady"));
        assert!(refusal("--systems node").contains("socketio"));
        assert!(refusal("--systems bun --only storm").contains("none of these systems"));
    }

    #[test]
    fn systems_narrow_down_the_contenders() {
        let options = options("--systems rookery");
        let case = crate::goals::cases::case_named("workers").unwrap();
        let names: Vec<_> = options.contenders(case).iter().map(|c| c.name).collect();
        assert_eq!(names, ["rookery-2-workers", "rookery"]);
    }
}

//! The outcome of one run for a person at a terminal, on stdout.

use console::style;

use crate::outcome::{Counts, Outcome, ProcessUse, Quantiles, Role};
use crate::recording::grid::Grid;
use crate::recording::units::{bytes, date, duration, grouped, micros, number, short};

/// The table, and what must be known of it.
pub(super) fn text(outcome: &Outcome) -> String {
    let parts = [
        head(outcome),
        figures(outcome),
        latencies(outcome),
        processes(outcome),
        steps(outcome),
        ending(outcome),
    ];
    let shown: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("\n{}\n", shown.join("\n"))
}

fn head(outcome: &Outcome) -> String {
    let settings: Vec<_> = outcome
        .settings
        .iter()
        .map(|(name, value)| format!("{name} {value}"))
        .collect();
    format!(
        "{} · {}   {}\n{}\n",
        style(&outcome.scenario).bold(),
        style(&outcome.system).bold().cyan(),
        style(format!(
            "{}, measured for {}",
            date(outcome.started_at_ms),
            duration(outcome.seconds)
        ))
        .dim(),
        style(settings.join(" · ")).dim(),
    )
}

fn figures(outcome: &Outcome) -> String {
    let mut grid = Grid::headless();
    for figure in &outcome.figures {
        grid.row(vec![
            figure.name.clone(),
            style(figure.shown()).bold().to_string(),
        ]);
    }
    grid.text()
}

fn latencies(outcome: &Outcome) -> String {
    if outcome.latencies.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(&[
        "latency", "p50", "p90", "p99", "p99.9", "p99.99", "max", "count",
    ]);
    for (name, quantiles) in &outcome.latencies {
        let mut row = vec![name.clone()];
        row.extend(quantiles.levels().map(|(_, us)| micros(us as f64)));
        row.push(grouped(quantiles.count));
        grid.row(row);
    }
    grid.text()
}

fn processes(outcome: &Outcome) -> String {
    if outcome.processes.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(&PROCESS_HEAD);
    for process in &outcome.processes {
        grid.row(process_cells(process, outcome));
    }
    grid.text()
}

/// What stands over [`process_cells`].
pub(super) const PROCESS_HEAD: [&str; 8] = [
    "process",
    "CPU",
    "of a core",
    "a delivery",
    "memory before",
    "after",
    "peak",
    "a connection",
];

/// What a process used.
pub(super) fn process_cells(process: &ProcessUse, outcome: &Outcome) -> Vec<String> {
    let or_dash = |cell: Option<String>| cell.unwrap_or_else(|| "–".to_owned());
    vec![
        process.title(),
        format!("{} s", number(process.cpu_us as f64 / 1e6)),
        format!("{:.0} %", process.share(outcome.seconds) * 100.0),
        or_dash(process.us_per_delivery(&outcome.counts).map(micros)),
        bytes(process.memory_before_bytes as f64),
        bytes(process.memory_after_bytes as f64),
        bytes(process.memory_peak_bytes as f64),
        or_dash(process.bytes_per_connection(&outcome.counts).map(bytes)),
    ]
}

fn steps(outcome: &Outcome) -> String {
    if outcome.steps.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(&["asked for", "achieved", "p50", "p99", ""]);
    for step in &outcome.steps {
        let verdict = if step.passed {
            style("kept up").green()
        } else {
            style("fell behind").red()
        };
        grid.row(vec![
            format!("{}/s", short(step.rate)),
            format!("{}/s", short(step.achieved)),
            micros(step.p50_us as f64),
            micros(step.p99_us as f64),
            verdict.to_string(),
        ]);
    }
    grid.text()
}

fn ending(outcome: &Outcome) -> String {
    let verdict = outcome.counts.verdict();
    let mut text = if outcome.counts.whole() {
        format!("  {} {verdict}\n", style("✓").green())
    } else {
        format!("  {} {}\n", style("✗").red(), style(verdict).red())
    };
    for remark in &outcome.remarks {
        text += &format!("  {} {remark}\n", style("!").yellow());
    }
    text
}

impl Counts {
    /// Whether everything came, in a sentence.
    pub(crate) fn verdict(&self) -> String {
        let mut faults = Vec::new();
        for (count, name) in [
            (self.missing, "missing"),
            (self.doubled, "doubled"),
            (self.disordered, "out of order"),
            (self.lost_connections, "connections lost"),
        ] {
            if count > 0 {
                faults.push(format!("{} {name}", grouped(count)));
            }
        }
        let mut verdict = match self.expected {
            0 => format!("{} connections", grouped(self.connections)),
            expected => {
                let received = grouped(self.received);
                format!(
                    "{} deliveries expected, {received} received",
                    grouped(expected)
                )
            }
        };
        verdict += &match (faults.is_empty(), self.expected) {
            (true, 0) => ", none lost".to_owned(),
            (true, _) => ": all there, once, in order".to_owned(),
            (false, _) => format!(": {}", faults.join(", ")),
        };
        if self.refused > 0 {
            verdict += &format!("; {} messages refused by the server", grouped(self.refused));
        }
        verdict
    }
}

impl Quantiles {
    /// The levels that are shown, with their names.
    pub(super) fn levels(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("p50", self.p50_us),
            ("p90", self.p90_us),
            ("p99", self.p99_us),
            ("p99.9", self.p99_9_us),
            ("p99.99", self.p99_99_us),
            ("max", self.max_us),
        ]
        .into_iter()
    }
}

impl ProcessUse {
    /// `node 1`, `redis`: the role, and the name where it says more.
    pub(super) fn title(&self) -> String {
        let role = self.role.word();
        if self.name.is_empty() || self.name == role {
            role.to_owned()
        } else if self.name.starts_with(role) {
            self.name.clone()
        } else {
            format!("{role} {}", self.name)
        }
    }

    /// Of one core, over the measured part.
    fn share(&self, seconds: f64) -> f64 {
        if seconds > 0.0 {
            self.cpu_us as f64 / 1e6 / seconds
        } else {
            0.0
        }
    }

    fn us_per_delivery(&self, counts: &Counts) -> Option<f64> {
        (counts.received > 0).then(|| self.cpu_us as f64 / counts.received as f64)
    }

    /// What it grew by, over all connections.
    fn bytes_per_connection(&self, counts: &Counts) -> Option<f64> {
        let grown = self
            .memory_after_bytes
            .checked_sub(self.memory_before_bytes)?;
        (counts.connections > 0 && self.role != Role::Redis)
            .then(|| grown as f64 / counts.connections as f64)
    }
}

impl Role {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Redis => "redis",
            Self::Generator => "generator",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::example;

    #[test]
    fn the_table_says_everything_that_matters() {
        let outcome = example::fanout("rookery", 1.0);
        let text = console::strip_ansi_codes(&text(&outcome)).into_owned();
        for part in [
            "fanout · rookery",
            "members 1000",
            "CPU per delivery",
            "7.10 µs",
            "p99.99",
            "node rookery",
            "all there, once, in order",
            "! the generator",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
    }

    #[test]
    fn what_went_wrong_is_named() {
        let counts = Counts {
            expected: 1000,
            received: 998,
            missing: 3,
            doubled: 1,
            refused: 5,
            ..Counts::default()
        };
        assert_eq!(
            counts.verdict(),
            "1,000 deliveries expected, 998 received: 3 missing, 1 doubled; 5 messages refused by the server"
        );
    }
}

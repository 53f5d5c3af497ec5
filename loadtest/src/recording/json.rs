//! Results as files for machines: a `Recording` is one run, or all runs of a
//! bench. A file says its version; one of another version is refused, never guessed at.

use std::path::Path;

use anyhow::{Context, bail};
use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

/// The version of the files that this program writes and reads.
const VERSION: u32 = 1;

/// Runs that belong together.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Recording {
    version: u32,
    pub(crate) runs: Vec<Run>,
}

/// One run, and what it was for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// The case of the bench that it belongs to; none for a run by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) case: Option<String>,
    /// Who was measured in that case. Beside a system this may name how it was set up.
    pub(crate) contender: String,
    /// Counted from 1.
    pub(crate) repetition: u32,
    pub(crate) outcome: Outcome,
}

/// The version alone, to be read before anything else is.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

impl Recording {
    /// A run by itself.
    pub(crate) fn of(outcome: Outcome) -> Self {
        let contender = outcome.system.clone();
        let run = Run {
            case: None,
            contender,
            repetition: 1,
            outcome,
        };
        Self::of_runs(vec![run])
    }

    pub(crate) fn of_runs(runs: Vec<Run>) -> Self {
        Self {
            version: VERSION,
            runs,
        }
    }

    /// Whether it is of the bench: of cases, and not of runs by themselves.
    pub(crate) fn is_bench(&self) -> bool {
        self.runs.iter().any(|run| run.case.is_some())
    }

    /// Writes the file whole or not at all: one that was there stays until the new one is complete.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self).context("cannot encode the result")?;
        let unfinished = path.with_extension("json.part");
        std::fs::write(&unfinished, text)
            .and_then(|()| std::fs::rename(&unfinished, path))
            .with_context(|| format!("cannot write the result {}", path.display()))
    }

    /// Reads what `write` wrote.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let name = path.display();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let header: Header = serde_json::from_str(&text)
            .with_context(|| format!("{name} is not a result of rookery-loadtest (--json)"))?;
        if header.version != VERSION {
            bail!(
                "{name} has version {}, this program reads version {VERSION}: measure again",
                header.version
            );
        }
        serde_json::from_str(&text).with_context(|| format!("{name} is damaged"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::recording::example;

    #[test]
    fn what_was_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        let written = Recording::of_runs(example::bench());
        written.write(&path).unwrap();
        let read = Recording::read(&path).unwrap();
        let value = |recording| serde_json::to_value(recording).unwrap();
        assert!(same(&value(&written), &value(&read)));
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    /// Equal, but for the last digit of a float, which reading does not promise.
    fn same(left: &Value, right: &Value) -> bool {
        match (left, right) {
            (Value::Number(a), Value::Number(b)) => {
                let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
                (a - b).abs() <= a.abs() * 1e-12
            }
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
            }
            (Value::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
            }
            _ => left == right,
        }
    }

    #[test]
    fn other_files_are_refused_in_words() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        let refusal = |text: &str| {
            std::fs::write(&path, text).unwrap();
            format!("{:#}", Recording::read(&path).unwrap_err())
        };
        assert!(refusal("hello").contains("is not a result"));
        assert!(refusal(r#"{"version":99,"future":1}"#).contains("version 99"));
        assert!(refusal(r#"{"version":1}"#).contains("is damaged"));
    }
}

//! What the processes of a generator say to each other: a line of JSON each.

use std::{
    collections::BTreeMap,
    io::{BufRead, Write},
};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{dialect::Dialect, outcome::Counts};

/// What a part of the generator is to hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Share {
    pub(super) part: u16,
    pub(super) run: String,
    /// As `ws://` URLs.
    pub(super) targets: Vec<String>,
    pub(super) dialect: Dialect,
    pub(super) secret: String,
    pub(super) connections: usize,
    /// In each room; `None` where one room holds everybody, of all parts.
    pub(super) members: Option<usize>,
    pub(super) text_bytes: usize,
    /// How many connections may be in the making at once.
    pub(super) handshakes: usize,
    /// How long connecting may take.
    pub(super) connect_ms: u64,
}

/// What a part is told. Times are nanoseconds of the machine's monotonic clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Command {
    /// Connect everybody.
    Begin,
    /// A message to everybody is about to be sent by another part.
    Expect { at_ns: u64 },
    /// Send it: to the room of everybody, or to each room that is ours.
    Send { at_ns: u64 },
    /// Say what came of it, when all has come or after this time.
    Account { patience_ms: u64 },
}

/// What a part tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub(super) enum Report {
    Standing(Standing),
    /// It has taken note of the message to come.
    Expecting,
    Heard(Heard),
    Failed {
        why: String,
    },
}

/// How the connections of a part are; told several times a second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub(super) joined: u64,
    pub(super) lost: u64,
    /// Heartbeats that were answered.
    pub(super) heartbeats: u64,
}

/// What came of a message to everybody.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Heard {
    pub(super) counts: Counts,
    /// (microseconds from the intended time of sending, deliveries)
    pub(super) latencies: Vec<(u64, u64)>,
    /// The same from the intended time of connecting.
    pub(super) connecting: Vec<(u64, u64)>,
    /// Why connections failed or were lost, and how often.
    pub(super) reasons: BTreeMap<String, u64>,
}

impl Heard {
    /// Takes in what another part heard.
    pub(super) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.latencies.extend(other.latencies);
        self.connecting.extend(other.connecting);
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
    }
}

/// Writes a line.
pub(super) fn say(output: &mut impl Write, what: &impl Serialize) -> Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush().context("speaking with another process")
}

/// Reads a line; `None` at the end.
pub(super) fn hear<T: DeserializeOwned>(input: &mut impl BufRead) -> Result<Option<T>> {
    let mut line = String::new();
    if input
        .read_line(&mut line)
        .context("listening to another process")?
        == 0
    {
        return Ok(None);
    }
    let said = serde_json::from_str(&line).with_context(|| format!("understanding {line:?}"))?;
    Ok(Some(said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let mut line = Vec::new();
        let report = Report::Heard(Heard {
            latencies: vec![(5, 7)],
            ..Heard::default()
        });
        say(&mut line, &report).unwrap();
        say(&mut line, &Report::Expecting).unwrap();
        let mut input = &line[..];
        assert_eq!(hear(&mut input).unwrap(), Some(report));
        assert_eq!(hear(&mut input).unwrap(), Some(Report::Expecting));
        assert_eq!(hear::<Report>(&mut input).unwrap(), None);
        assert!(hear::<Report>(&mut &b"{}\n"[..]).is_err());
    }
}

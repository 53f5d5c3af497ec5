//! The limits of the kernel that many connections run into on a machine that
//! holds both of their ends.

use std::fs;

use anyhow::{Context, Result};

/// A setting of the kernel that is too low.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LowLimit {
    /// As sysctl(8) names it: `fs.file-max`.
    name: &'static str,
    is: Vec<u64>,
    should_be: Vec<u64>,
}

/// What is too low for so many connections.
pub(crate) fn low_limits(connections: u64) -> Vec<LowLimit> {
    let needs = needs(connections);
    needs
        .into_iter()
        .filter_map(|(name, least)| {
            let text = fs::read_to_string(path(name)).ok()?;
            low(name, &text, &least)
        })
        .collect()
}

/// The least that each number of a setting has to be. A kernel that lacks a setting lacks the limit.
fn needs(connections: u64) -> Vec<(&'static str, Vec<u64>)> {
    let queue = connections.min(4096);
    vec![
        // Each end of a connection is a file.
        ("fs.file-max", vec![2 * connections + 100_000]),
        ("net.core.somaxconn", vec![queue]),
        ("net.ipv4.tcp_max_syn_backlog", vec![queue]),
        // In pages: each end takes one while a message to everybody is under way.
        (
            "net.ipv4.tcp_mem",
            vec![connections, 2 * connections, 3 * connections],
        ),
        // Where a firewall follows connections, each takes a place.
        ("net.netfilter.nf_conntrack_max", vec![connections + 10_000]),
    ]
}

fn low(name: &'static str, text: &str, least: &[u64]) -> Option<LowLimit> {
    let is: Vec<u64> = text
        .split_ascii_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let should_be: Vec<u64> = is
        .iter()
        .zip(least)
        .map(|(is, least)| *is.max(least))
        .collect();
    (is != should_be).then_some(LowLimit {
        name,
        is,
        should_be,
    })
}

fn path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

fn words(numbers: &[u64]) -> String {
    let words: Vec<String> = numbers.iter().map(u64::to_string).collect();
    words.join(" ")
}

impl LowLimit {
    /// What is wrong and the command that mends it.
    pub(crate) fn advice(&self) -> String {
        format!(
            "{name} is {is}; as root: sysctl -w {name}=\"{should_be}\"",
            name = self.name,
            is = words(&self.is),
            should_be = words(&self.should_be)
        )
    }

    /// Raises it until the machine restarts.
    ///
    /// # Errors
    ///
    /// Where we are not root, with the command for one who is.
    pub(crate) fn raise(&self) -> Result<()> {
        fs::write(path(self.name), words(&self.should_be))
            .with_context(|| format!("cannot raise a limit: {}", self.advice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_high_enough_stays() {
        assert_eq!(low("a.b", "5\n", &[5]), None);
        assert_eq!(low("a.b", "5\t6\t7\n", &[4, 6, 7]), None);
        let low = low("a.b", "5\t6\t7\n", &[9, 2, 8]).unwrap();
        assert_eq!(low.should_be, [9, 6, 8]);
        assert_eq!(
            low.advice(),
            "a.b is 5 6 7; as root: sysctl -w a.b=\"9 6 8\""
        );
    }

    #[test]
    fn one_connection_needs_nothing_and_a_billion_too_much() {
        let names =
            |limits: Vec<LowLimit>| limits.iter().map(|limit| limit.name).collect::<Vec<_>>();
        assert_eq!(names(low_limits(1)), [""; 0]);
        assert!(names(low_limits(1_000_000_000)).contains(&"net.ipv4.tcp_mem"));
    }
}

//! What the kernel holds for everybody: sockets cost it more than they cost a node.

use std::fs;

use anyhow::{Context, Result};
use procfs::{Current, Meminfo};

/// Where the kernel counts sockets.
const SOCKETS: &str = "/proc/net/sockstat";

/// The memory of the machine at one moment. Only differences between two
/// moments mean anything, and only while nothing else goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct KernelMemory {
    /// Structures of the kernel: sockets, files, epoll entries, …
    pub(crate) slab_bytes: u64,
    /// What programs could still take.
    pub(crate) available_bytes: u64,
    /// Buffers of TCP.
    pub(crate) tcp_buffer_bytes: u64,
}

impl KernelMemory {
    /// What it is now.
    ///
    /// # Errors
    ///
    /// Where `/proc` is not that of a Linux.
    pub(crate) fn now() -> Result<Self> {
        let memory = Meminfo::current().context("reading /proc/meminfo")?;
        let available = memory.mem_available;
        let available = available.context("/proc/meminfo does not say what is available")?;
        let sockets = fs::read_to_string(SOCKETS).with_context(|| format!("reading {SOCKETS}"))?;
        let pages = pages_of_tcp(&sockets);
        let pages = pages.with_context(|| format!("{SOCKETS} is not as on Linux"))?;
        Ok(Self {
            slab_bytes: memory.slab,
            available_bytes: available,
            tcp_buffer_bytes: pages * procfs::page_size(),
        })
    }
}

/// The pages of buffers, from the line `TCP: inuse 1 orphan 0 tw 0 alloc 5 mem 143`.
fn pages_of_tcp(sockstat: &str) -> Option<u64> {
    let mut lines = sockstat.lines();
    let line = lines.find_map(|line| line.strip_prefix("TCP:"))?;
    let mut words = line.split_ascii_whitespace();
    words.find(|word| *word == "mem")?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_tcp_is_read() {
        let sockstat =
            "sockets: used 17\nTCP: inuse 1 orphan 0 tw 0 alloc 5 mem 143\nUDP: inuse 0 mem 7\n";
        assert_eq!(pages_of_tcp(sockstat), Some(143));
        assert_eq!(pages_of_tcp("UDP: inuse 0 mem 7\n"), None);
        assert!(KernelMemory::now().unwrap().slab_bytes > 0);
    }
}

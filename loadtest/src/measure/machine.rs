//! The machine that a run is made on.

use std::{fs, thread};

use super::memory::bytes_of;
use crate::outcome::Machine;

/// What is known of this machine; empty or 0 where it does not say.
pub(crate) fn machine() -> Machine {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let processors = cpuinfo
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    Machine {
        cpu: cpu_name(&cpuinfo).unwrap_or_default(),
        // What this thread may use can be one core only, where it was pinned.
        cores: processors.max(thread::available_parallelism().map_or(0, |cores| cores.get())),
        memory_bytes: bytes_of(&read("/proc/meminfo"), "MemTotal:").unwrap_or(0),
        kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
    }
}

fn cpu_name(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_stands_behind_the_colon() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2.50GHz\n";
        assert_eq!(cpu_name(cpuinfo).unwrap(), "Some CPU @ 2.50GHz");
        assert_eq!(cpu_name("processor: 0"), None);
    }

    #[test]
    fn this_machine_has_cores_memory_and_a_kernel() {
        let machine = machine();
        assert!(machine.cores > 0 && machine.memory_bytes > 0 && !machine.kernel.is_empty());
    }
}

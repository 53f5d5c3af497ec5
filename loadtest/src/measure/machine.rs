//! The machine that a run is made on.

use std::thread;

use procfs::{CpuInfo, Current, Meminfo};

use crate::outcome::Machine;

/// What is known of this machine; empty or 0 where it does not say.
pub(crate) fn machine() -> Machine {
    let processors = CpuInfo::current().ok();
    let count = processors.as_ref().map_or(0, CpuInfo::num_cores);
    let name = processors.as_ref().and_then(|all| all.model_name(0));
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        cpu: name.unwrap_or_default().to_owned(),
        // What this thread may use can be one core only, where it was pinned.
        cores: count.max(thread::available_parallelism().map_or(0, |cores| cores.get())),
        memory_bytes: Meminfo::current().map_or(0, |memory| memory.mem_total),
        kernel: kernel.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_cores_memory_and_a_kernel() {
        let machine = machine();
        assert!(machine.cores > 0 && machine.memory_bytes > 0 && !machine.kernel.is_empty());
    }
}

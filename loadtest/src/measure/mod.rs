//! What processes and the kernel use, read from `/proc`.
//!
//! Nothing here starts, ends or talks to what it measures; a process that is
//! gone keeps what was last seen of it.

mod cpu;
mod kernel;
mod kernel_limits;
mod listener;
mod machine;
mod memory;
mod sampler;
mod watched;

use procfs::{ProcResult, process::Process};

pub(crate) use cpu::CpuMeter;
pub(crate) use kernel::KernelMemory;
pub(crate) use kernel_limits::low_limits;
pub(crate) use listener::pid_listening_on;
pub(crate) use machine::machine;
pub(crate) use memory::ProcessMemory;
pub(crate) use sampler::Sampler;
pub(crate) use watched::Watched;

/// A process of this machine.
///
/// # Errors
///
/// Where there is none of that id.
pub(crate) fn process(pid: u32) -> ProcResult<Process> {
    Process::new(i32::try_from(pid).unwrap_or(i32::MAX))
}

//! How much memory everything takes together at one moment.

use std::ops::Sub;

use anyhow::Context;

use super::super::Stage;
use crate::{
    measure::{KernelMemory, ProcessMemory},
    outcome::Role,
};

/// Bytes of all processes of a role, and of the kernel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Memory {
    pub(super) nodes: u64,
    pub(super) nodes_anonymous: u64,
    pub(super) redis: u64,
    pub(super) generator: u64,
    pub(super) kernel: KernelMemory,
}

impl Memory {
    pub(super) fn now(stage: &Stage) -> anyhow::Result<Self> {
        let mut memory = Self {
            kernel: KernelMemory::now()?,
            ..Self::default()
        };
        for process in stage.sampler.watched() {
            let held = ProcessMemory::of(process.pid)
                .with_context(|| format!("{} is gone", process.name))?;
            match process.role {
                Role::Node => {
                    memory.nodes += held.resident_bytes;
                    memory.nodes_anonymous += held.anonymous_bytes;
                }
                Role::Redis => memory.redis += held.resident_bytes,
                Role::Generator => memory.generator += held.resident_bytes,
            }
        }
        Ok(memory)
    }
}

/// What was added since an earlier moment; for what is available, what was taken.
impl Sub for Memory {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        let (now, then) = (self.kernel, before.kernel);
        Self {
            nodes: self.nodes.saturating_sub(before.nodes),
            nodes_anonymous: self.nodes_anonymous.saturating_sub(before.nodes_anonymous),
            redis: self.redis.saturating_sub(before.redis),
            generator: self.generator.saturating_sub(before.generator),
            kernel: KernelMemory {
                slab_bytes: now.slab_bytes.saturating_sub(then.slab_bytes),
                available_bytes: then.available_bytes.saturating_sub(now.available_bytes),
                tcp_buffer_bytes: now.tcp_buffer_bytes.saturating_sub(then.tcp_buffer_bytes),
            },
        }
    }
}

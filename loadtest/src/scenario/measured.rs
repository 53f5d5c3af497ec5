//! What the measured span of a run brought, before figures are made of it.

use std::collections::BTreeMap;

use crate::{
    measure::Watched,
    outcome::{Counts, Moment, Quantiles, Role},
};

/// What the measured span of a run brought.
#[derive(Debug, Clone, Default)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    /// Deliveries that came in the span, of whatever message.
    pub(crate) delivered: u64,
    /// CPU in the span by process, in microseconds.
    pub(crate) cpu_us: Vec<(Watched, u64)>,
    /// What was counted, with what came after the span.
    pub(crate) counts: Counts,
    pub(crate) latencies: BTreeMap<String, Quantiles>,
    pub(crate) lateness: Quantiles,
    pub(crate) timeline: Vec<Moment>,
}

impl Measured {
    /// CPU of all processes of a role in the span, in microseconds.
    pub(crate) fn cpu_us_of(&self, role: Role) -> Option<u64> {
        cpu_us_of(&self.cpu_us, role)
    }

    /// How many processes of a role there are.
    pub(crate) fn processes_of(&self, role: Role) -> usize {
        let of_role = self.cpu_us.iter().filter(|(who, _)| who.role == role);
        of_role.count()
    }

    /// Where the generator itself may have bounded or blurred what was measured.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        let busy =
            self.cpu_us_of(Role::Generator).unwrap_or(0) as f64 / 1e6 / self.seconds.max(0.001);
        if busy > 0.95 {
            remarks.push(format!(
                "the generator's core was full ({:.0} %): the servers may carry more",
                busy * 100.0
            ));
        }
        let late = self.lateness.p99_us;
        if late > 1000 {
            remarks.push(format!(
                "the generator sent late (p99 {:.1} ms); latencies count from the intended times and hold it",
                late as f64 / 1000.0
            ));
        }
        remarks
    }
}

/// The CPU of all processes of a role; `None` where there are none.
pub(super) fn cpu_us_of(list: &[(Watched, u64)], role: Role) -> Option<u64> {
    let of_role = list.iter().filter(|(who, _)| who.role == role);
    of_role.map(|(_, cpu_us)| *cpu_us).reduce(|a, b| a + b)
}

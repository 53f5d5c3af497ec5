//! Which process runs on which cores, so that two runs are comparable.

use std::{str::FromStr, sync::OnceLock};

use anyhow::{Context, Result};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Some cores of the machine, by number; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CoreSet(Vec<usize>);

/// Where nodes, Redis and the generator run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Pinning {
    /// One node on the first core, several in turn on all of them; the
    /// generator, and Redis beside one node, on the last.
    #[default]
    Auto,
    /// Wherever the kernel puts them.
    Off,
    /// As told. Nodes take the sets in turn; who has none runs anywhere.
    Chosen {
        nodes: Vec<CoreSet>,
        redis: Option<CoreSet>,
        generator: Option<CoreSet>,
    },
}

impl Pinning {
    /// The cores of the `index`th of `nodes` nodes with so many workers each.
    pub(crate) fn of_node(&self, index: usize, nodes: usize, workers: usize) -> Option<CoreSet> {
        match self {
            Self::Off => None,
            Self::Chosen { nodes, .. } => nodes.get(index % nodes.len().max(1)).cloned(),
            Self::Auto => {
                let cores = several_cores()?;
                let width = workers.clamp(1, cores.len());
                let first = if nodes == 1 { 0 } else { index * width };
                let chosen = (first..first + width).map(|core| cores[core % cores.len()]);
                Some(CoreSet(chosen.collect()))
            }
        }
    }

    /// The cores of Redis.
    pub(crate) fn of_redis(&self, nodes: usize) -> Option<CoreSet> {
        match self {
            Self::Chosen { redis, .. } => redis.clone(),
            Self::Auto if nodes == 1 => last_core(),
            Self::Auto | Self::Off => None,
        }
    }

    /// The cores of the processes of a generator: one where there is one,
    /// several run anywhere unless told.
    pub(crate) fn of_generators(&self, processes: usize) -> Option<CoreSet> {
        match self {
            Self::Auto if processes > 1 => None,
            _ => self.of_generator(),
        }
    }

    /// The cores of the generator.
    pub(crate) fn of_generator(&self) -> Option<CoreSet> {
        match self {
            Self::Off => None,
            Self::Chosen { generator, .. } => generator.clone(),
            Self::Auto => last_core(),
        }
    }
}

/// The cores that we were started with; `None` where there is nothing to
/// choose. Asked once, since pinning the generator narrows the answer.
fn several_cores() -> Option<&'static [usize]> {
    static CORES: OnceLock<Vec<usize>> = OnceLock::new();
    let cores = CORES.get_or_init(|| {
        let allowed = sched_getaffinity(None).unwrap_or_default();
        let numbers = 0..CpuSet::MAX_CPU;
        numbers.filter(|core| allowed.is_set(*core)).collect()
    });
    (cores.len() > 1).then_some(cores)
}

fn last_core() -> Option<CoreSet> {
    Some(CoreSet(vec![*several_cores()?.last()?]))
}

impl CoreSet {
    /// Puts the calling thread, and what it starts from now on, on these cores.
    ///
    /// # Errors
    ///
    /// Where the machine lacks them or does not give them to us.
    pub(crate) fn pin_this_thread(&self) -> Result<()> {
        let mut set = CpuSet::new();
        for core in &self.0 {
            set.set(*core);
        }
        sched_setaffinity(None, &set)
            .with_context(|| format!("pinning to the cores {:?}; --pin off runs anywhere", self.0))
    }

    /// Runs something on these cores, then goes back to where this thread was.
    pub(crate) fn during<T>(cores: Option<&Self>, work: impl FnOnce() -> T) -> Result<T> {
        let Some(cores) = cores else {
            return Ok(work());
        };
        let before = sched_getaffinity(None).context("asking for the cores of this thread")?;
        cores.pin_this_thread()?;
        let result = work();
        sched_setaffinity(None, &before).context("going back to the cores of this thread")?;
        Ok(result)
    }
}

/// `0`, `0-2` or `0+2`.
impl FromStr for CoreSet {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut cores = Vec::new();
        for part in text.split('+') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let number = |text: &str| {
                let core = text
                    .parse::<usize>()
                    .ok()
                    .filter(|core| *core < CpuSet::MAX_CPU);
                core.ok_or_else(|| format!("{text:?} is not the number of a core"))
            };
            cores.extend(number(first)?..=number(last)?);
        }
        match cores.is_empty() {
            true => Err(format!("{text:?} names no core")),
            false => Ok(Self(cores)),
        }
    }
}

/// `auto`, `off`, or for example `node=0/1,redis=0-1,generator=1`: the first
/// node on core 0, the second on core 1, the third on core 0 again.
impl FromStr for Pinning {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => return Ok(Self::Auto),
            "off" => return Ok(Self::Off),
            _ => {}
        }
        let (mut nodes, mut redis, mut generator) = (Vec::new(), None, None);
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("node", sets)) => {
                    nodes = sets.split('/').map(str::parse).collect::<Result<_, _>>()?;
                }
                Some(("redis", set)) => redis = Some(set.parse()?),
                Some(("generator", set)) => generator = Some(set.parse()?),
                _ => {
                    return Err(format!(
                        "{part:?}: say auto, off, or for example node=0/1,redis=0-1,generator=1"
                    ));
                }
            }
        }
        Ok(Self::Chosen {
            nodes,
            redis,
            generator,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cores(text: &str) -> Vec<usize> {
        text.parse::<CoreSet>().unwrap().0
    }

    #[test]
    fn sets_of_cores_are_read() {
        assert_eq!(cores("3"), [3]);
        assert_eq!(cores("0-2"), [0, 1, 2]);
        assert_eq!(cores("0+2-3"), [0, 2, 3]);
        for wrong in ["", "a", "1-", "2-1", "99999", "0,1"] {
            assert!(wrong.parse::<CoreSet>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nodes_take_their_cores_in_turn() {
        let chosen: Pinning = "node=0/1,generator=1".parse().unwrap();
        let set = |index| chosen.of_node(index, 3, 1).unwrap().0;
        assert_eq!((set(0), set(1), set(2)), (vec![0], vec![1], vec![0]));
        assert_eq!(chosen.of_redis(3), None);
        assert_eq!(chosen.of_generator().unwrap().0, [1]);
        assert_eq!("off".parse::<Pinning>().unwrap().of_node(0, 1, 1), None);
        for wrong in ["on", "node", "node=x", "nodes=1", ""] {
            assert!(wrong.parse::<Pinning>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_named_is_pinned_nowhere() {
        let chosen: Pinning = "redis=0".parse().unwrap();
        assert_eq!(chosen.of_node(0, 1, 1), None);
    }

    #[test]
    fn a_thread_goes_back_to_its_cores() {
        let before = sched_getaffinity(None).unwrap();
        let first = CoreSet(vec![
            (0..CpuSet::MAX_CPU)
                .find(|core| before.is_set(*core))
                .unwrap(),
        ]);
        let within = CoreSet::during(Some(&first), || sched_getaffinity(None).unwrap()).unwrap();
        assert_eq!(within.count(), 1);
        assert_eq!(sched_getaffinity(None).unwrap(), before);
        assert!(CoreSet(vec![1000]).pin_this_thread().is_err());
    }
}

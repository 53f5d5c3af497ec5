//! A process whose use is measured.

use std::str::FromStr;

use crate::outcome::Role;

/// Who it is; its figures are shown under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) role: Role,
    pub(crate) name: String,
    pub(crate) pid: u32,
}

impl Watched {
    pub(crate) fn new(role: Role, name: impl Into<String>, pid: u32) -> Self {
        Self {
            role,
            name: name.into(),
            pid,
        }
    }

    /// The process that we are.
    pub(crate) fn ourselves() -> Self {
        Self::new(Role::Generator, "generator", std::process::id())
    }
}

/// `node=PID`, `redis=PID` or `generator=PID`.
impl FromStr for Watched {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (role, pid) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} is not ROLE=PID, for example node=1234"))?;
        let known = match role {
            "node" => Role::Node,
            "redis" => Role::Redis,
            "generator" => Role::Generator,
            _ => return Err(format!("{role:?} is not node, redis or generator")),
        };
        match pid.parse() {
            Ok(pid) if pid > 0 => Ok(Self::new(known, role, pid)),
            _ => Err(format!("{pid:?} is not the id of a process")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_and_a_pid_are_read() {
        let expected = Watched::new(Role::Redis, "redis", 12);
        assert_eq!("redis=12".parse(), Ok(expected));
        for wrong in ["redis", "redis=", "redis=0", "nodes=1", "node=-1"] {
            assert!(wrong.parse::<Watched>().is_err(), "{wrong}");
        }
    }
}

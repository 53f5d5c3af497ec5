//! What a Redis says of itself (`INFO`), and what that means for Rookery.

use std::collections::HashMap;

use fred::interfaces::ClientLike;

use crate::{
    CheckLine, StoreError,
    redis::{cluster::NOT_YET, connection::Connection},
};

/// The oldest Redis that serves.
const OLDEST: (u32, u32) = (7, 0);

/// What it says; nothing where it may not be asked.
pub(in crate::redis) struct Facts(HashMap<String, String>);

impl Facts {
    /// Asks.
    pub(in crate::redis) async fn of(connection: &Connection) -> Self {
        let info: Result<String, StoreError> = connection.run(connection.client().info(None)).await;
        Self::read(&info.unwrap_or_default())
    }

    fn read(info: &str) -> Self {
        let pairs = info.lines().filter_map(|line| line.split_once(':'));
        Self(
            pairs
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// What can only be changed by whoever runs it.
    pub(in crate::redis) fn lines(&self) -> Vec<CheckLine> {
        let mut lines = vec![version(
            self.get("redis_version"),
            self.get("valkey_version"),
        )];
        lines.extend(cluster(self.get("cluster_enabled")));
        lines.push(append_only_file(self.get("aof_enabled")));
        lines.push(eviction(self.get("maxmemory_policy")));
        lines
    }

    /// Where it is not the one that writes.
    pub(super) fn role(&self) -> Option<CheckLine> {
        if self.get("role") != Some("slave") {
            return None;
        }
        let host = self.get("master_host").unwrap_or("?");
        let port = self.get("master_port").unwrap_or("?");
        Some(CheckLine::failed(
            format!("it is a read-only replica of {host}:{port}"),
            "point redis.url to the primary, or to a name that always leads to it",
        ))
    }
}

fn version(version: Option<&str>, of_valkey: Option<&str>) -> CheckLine {
    let mend = "use Redis 7.0 or later, or Valkey";
    let Some(version) = version else {
        return CheckLine::warning("its version is not known", mend);
    };
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let name = match of_valkey {
        Some(version) => format!("Valkey {version}"),
        None => format!("Redis {version}"),
    };
    if found < OLDEST {
        CheckLine::failed(format!("it is {name}"), mend)
    } else {
        CheckLine::ok(format!("it is {name}"))
    }
}

fn cluster(enabled: Option<&str>) -> Option<CheckLine> {
    (enabled == Some("1")).then(|| {
        CheckLine::failed(
            NOT_YET,
            "use a Redis with cluster-enabled no: one primary, with replicas for a fail-over where they are wanted",
        )
    })
}

fn append_only_file(enabled: Option<&str>) -> CheckLine {
    match enabled {
        Some("1") => CheckLine::ok("its append-only file is on"),
        Some(_) => CheckLine::warning(
            "its append-only file is off: what was acknowledged may be lost when Redis ends",
            "set appendonly yes in redis.conf (and appendfsync everysec or always)",
        ),
        None => CheckLine::warning(
            "whether its append-only file is on is not known",
            "see that whoever runs Redis keeps an append-only file",
        ),
    }
}

fn eviction(policy: Option<&str>) -> CheckLine {
    match policy {
        Some("noeviction") => CheckLine::ok("it throws nothing away when memory is full"),
        Some(policy) => CheckLine::warning(
            format!("it throws keys away when memory is full ({policy}): messages would be lost"),
            "set maxmemory-policy noeviction in redis.conf",
        ),
        None => CheckLine::warning(
            "whether it throws keys away when memory is full is not known",
            "see that its maxmemory-policy is noeviction",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CheckStatus;

    fn statuses(info: &str) -> Vec<(CheckStatus, String)> {
        let lines = Facts::read(info).lines().into_iter();
        lines.map(|line| (line.status, line.found)).collect()
    }

    #[test]
    fn what_is_good_is_good() {
        let good = "# Server\r\nredis_version:7.0.15\r\ncluster_enabled:0\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n";
        let found = statuses(good);
        assert_eq!(found.len(), 3);
        assert!(
            found.iter().all(|(status, _)| *status == CheckStatus::Ok),
            "{found:?}"
        );
        let valkey = statuses("redis_version:7.2.4\nvalkey_version:8.1.0");
        assert_eq!(
            valkey[0],
            (CheckStatus::Ok, "it is Valkey 8.1.0".to_owned())
        );
    }

    #[test]
    fn what_is_too_old_or_a_cluster_fails() {
        for (info, words) in [
            ("redis_version:6.2.14", "Redis 6.2.14"),
            ("redis_version:7.0.0\ncluster_enabled:1", "Redis Cluster"),
        ] {
            let failed = statuses(info)
                .into_iter()
                .find(|(status, _)| *status == CheckStatus::Failed);
            assert!(failed.unwrap().1.contains(words), "{info}");
        }
        let nothing = statuses("");
        assert!(
            nothing
                .iter()
                .all(|(status, _)| *status == CheckStatus::Warning),
            "{nothing:?}"
        );
    }
}

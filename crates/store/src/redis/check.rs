//! Says in words whether a Redis will do.

use std::collections::HashMap;

use fred::interfaces::{ClientLike, KeysInterface};
use rookery_protocol::ServerId;

use super::{connection::Connection, connector::Connector, failure, keys};
use crate::{CheckLine, RedisSettings, StoreError};

/// The oldest Redis that serves.
const OLDEST: (u32, u32) = (7, 0);

/// Looks at everything that the engine needs, without leaving anything behind.
pub(crate) async fn check(settings: &RedisSettings, server_id: &ServerId) -> Vec<CheckLine> {
    let connector = match Connector::new(settings) {
        Ok(connector) => connector,
        Err(error) => {
            return vec![CheckLine::failed(
                error.to_string(),
                "set redis.url to something like redis://user:password@host:6379",
            )];
        }
    };
    let url = connector.shown_url.clone();
    // Making a connection loads the scripts.
    let (connection, _driver) = match connector.commands().await {
        Ok(made) => made,
        Err(error) => {
            return vec![CheckLine::failed(
                format!("Redis at {url} does not serve: {}", failure::words(&error)),
                "see that it runs, that redis.url is right, and that it is Redis 7.0 or later",
            )];
        }
    };
    let info = info(&connection).await;
    vec![
        CheckLine::ok(format!("Redis at {url} answers and takes the scripts")),
        version(info.get("redis_version")),
        writable(&connection, server_id).await,
        append_only_file(info.get("aof_enabled")),
        eviction(info.get("maxmemory_policy")),
    ]
}

/// What INFO says; nothing where it is not allowed.
async fn info(connection: &Connection) -> HashMap<String, String> {
    let info: Result<String, StoreError> = connection.run(connection.client().info(None)).await;
    info.unwrap_or_default()
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

fn version(version: Option<&String>) -> CheckLine {
    let mend = "use Redis 7.0 or later";
    let Some(version) = version else {
        return CheckLine::warning("its version is not known", mend);
    };
    let mut numbers = version
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST {
        CheckLine::failed(format!("it is Redis {version}"), mend)
    } else {
        CheckLine::ok(format!("it is Redis {version}"))
    }
}

async fn writable(connection: &Connection, server_id: &ServerId) -> CheckLine {
    let key = keys::check(server_id);
    let client = connection.client();
    let written = connection
        .run(async {
            client.set::<(), _, _>(&key, "1", None, None, false).await?;
            client.del::<(), _>(&key).await
        })
        .await;
    match written {
        Ok(()) => CheckLine::ok("it can be written to"),
        Err(error) => CheckLine::failed(
            format!("it cannot be written to: {error}"),
            "mend that; no message can be stored until then",
        ),
    }
}

fn append_only_file(enabled: Option<&String>) -> CheckLine {
    match enabled.map(String::as_str) {
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

fn eviction(policy: Option<&String>) -> CheckLine {
    match policy.map(String::as_str) {
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

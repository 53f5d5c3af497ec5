//! Says in words whether a Redis will do: what it says of itself, and what
//! becomes of the things that a node does.

mod facts;
mod trial;

use rookery_protocol::ServerId;

use super::{connector::Connector, failure};
use crate::{CheckLine, CheckStatus, RedisSettings, StoreError};
pub(super) use facts::Facts;

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
            let words = failure::words(&error);
            let found = format!("Redis at {url} does not serve: {words}");
            let mend = mend_of(&words).unwrap_or(
                "see that it runs, that redis.url is right, and that it is Redis 7.0 or later",
            );
            return vec![CheckLine::failed(found, mend)];
        }
    };
    let facts = Facts::of(&connection).await;
    let mut lines = vec![CheckLine::ok(format!(
        "Redis at {url} answers and takes the scripts"
    ))];
    lines.extend(facts.lines());
    lines.extend(facts.role());
    // What it cannot be for says enough.
    let serves = |lines: &[CheckLine]| lines.iter().all(|line| line.status != CheckStatus::Failed);
    if serves(&lines) {
        lines.push(match connection.look_at_layout().await {
            Ok(_) => CheckLine::ok("what it holds is of this program's layout, or nothing"),
            Err(error) => failed("its layout does not fit", &error),
        });
    }
    if serves(&lines) {
        lines.extend(trial::run(&connector, &connection, server_id).await);
    }
    lines
}

/// A line about something that a node does and that failed.
fn failed(what: &str, error: &StoreError) -> CheckLine {
    let words = error.to_string();
    let mend = mend_of(&words).unwrap_or("mend that; nodes do not work until then");
    CheckLine::failed(format!("{what}: {words}"), mend)
}

/// What to do about a refusal whose words do not say it themselves.
fn mend_of(words: &str) -> Option<&'static str> {
    const MENDS: [(&str, &str); 2] = [
        (
            "NOPERM",
            "give the user of redis.url its keys, its channel and its commands, for example: ACL SETUSER name ~rookery:* &rookery:bus* +@all -@dangerous +info +role",
        ),
        (
            "unknown command",
            "this Redis has that command renamed or switched off; take its rename-command out of redis.conf, or use another Redis",
        ),
    ];
    let found = MENDS.iter().find(|(mark, _)| words.contains(mark));
    found.map(|(_, mend)| *mend)
}

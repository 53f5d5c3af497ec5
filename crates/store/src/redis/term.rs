//! Whether Redis is what it was when epochs were begun last.
//!
//! Every connection is to one process. Before it first carries what may begin an
//! epoch, it tells which one that is: where that is another than it was, a new
//! term begins, and with it, room by room, new epochs. So nothing is ever added
//! to an epoch in which something else may have stood already.

use std::time::Instant;

use fred::{interfaces::ClientLike, types::Value};
use tokio::{sync::OnceCell, time::timeout_at};

use super::{
    append_call::text,
    connection::{CallFailure, Connection},
    failure, keys,
    script::Script,
    tidy::all_keys,
};
use crate::{StoreError, epoch};

/// Whether a connection has told which Redis it is to.
pub(super) type Term = OnceCell<()>;

impl Connection {
    /// Tells which Redis this is, unless that was done. Where Redis does not
    /// write just now, it is tried again with the next call.
    pub(super) async fn establish_term(&self, until: Instant) -> Result<(), CallFailure> {
        let tell = async || {
            let what = self.identity().await.map_err(CallFailure::Other)?;
            self.establish_layout().await.map_err(CallFailure::Other)?;
            let word = epoch::half();
            for keys in all_keys(self.grouping(), keys::partition) {
                let args = vec![text(what.as_str()), text(word.as_str())];
                self.evaluate(Script::EstablishTerm, keys, args, until)
                    .await?;
            }
            Ok(())
        };
        match timeout_at(until.into(), self.term().get_or_try_init(tell)).await {
            Ok(told) => told.copied(),
            Err(_) => Err(CallFailure::Other(failure::too_late())),
        }
    }

    /// Sees that it can be told which Redis this is, for that to be known at the start.
    pub(super) async fn check_identity(&self) -> Result<(), StoreError> {
        self.identity().await.map(drop)
    }

    /// Tells one process from another, and what it was before it was a replica
    /// from what it is after: a primary gives its writes a new id then.
    async fn identity(&self) -> Result<String, StoreError> {
        let sections = vec![Value::from("server"), Value::from("replication")];
        let asking = self.client().custom(fred::cmd!("INFO"), sections);
        let info: String = self.run(asking).await.map_err(|error| match error {
            StoreError::Broken(words) if words.contains("NOPERM") => StoreError::Broken(
                "Redis does not allow INFO to the user of redis.url; without it nobody can tell whether Redis has lost messages (ACL SETUSER … +info)".to_owned(),
            ),
            error => error,
        })?;
        identity_in(&info).ok_or_else(|| {
            StoreError::Broken("INFO of Redis names no run_id and no master_replid".to_owned())
        })
    }
}

fn identity_in(info: &str) -> Option<String> {
    let value = |name: &str| {
        let line = |line: &'_ str| {
            Some(
                line.strip_prefix(name)?
                    .strip_prefix(':')?
                    .trim()
                    .to_owned(),
            )
        };
        info.lines().find_map(line)
    };
    Some(format!("{} {}", value("run_id")?, value("master_replid")?))
}

#[cfg(test)]
mod tests {
    use super::identity_in;

    #[test]
    fn the_process_and_the_line_of_its_writes_make_it_what_it_is() {
        let info = "# Server\r\nrun_id:ab1\r\nuptime:5\r\n# Replication\r\nmaster_replid:cd2\r\nmaster_replid2:ef3\r\n";
        assert_eq!(identity_in(info).as_deref(), Some("ab1 cd2"));
        assert_eq!(identity_in("run_id:ab1\r\n"), None);
    }
}

//! Lets nonces grow old.
//!
//! Every node does so, all to the same end: a turn of the two hashes that
//! nonces lie in is over when the store has lived through so much time, whatever
//! its clock was set to meanwhile.

use std::time::Duration;

use fred::types::Key;
use tokio::time::MissedTickBehavior;

use super::{connection::Connection, keys, link::Link, read::number, script::Script};
use crate::StoreError;

/// A nonce is remembered for one to two of these. What is promised is an hour;
/// the rest allows for a clock that is set forward again and again, each time
/// by [`MOST_AT_ONCE_MS`] at most.
const GENERATION_MS: u64 = 70 * 60 * 1000;
/// How often a node looks whether a turn is over.
const EVERY: Duration = Duration::from_secs(10);
/// What counts at most of the time since somebody looked last. While nobody
/// looks, nothing grows old.
const MOST_AT_ONCE_MS: u64 = 30_000;

/// Looks for as long as the store lives.
pub(super) async fn run(link: Link) {
    let mut times = tokio::time::interval(EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        let Ok(connection) = link.current() else {
            continue;
        };
        if let Err(error) = turn(&connection).await {
            // Until it works again nonces are remembered for longer, which harms nobody.
            tracing::debug!(%error, "cannot see whether nonces are old");
        }
    }
}

async fn turn(connection: &Connection) -> Result<(), StoreError> {
    let [even, odd] = keys::NONCES;
    let keys = [even, odd, keys::NONCES_TURN].map(Key::from).to_vec();
    let args = vec![number(GENERATION_MS), number(MOST_AT_ONCE_MS)];
    connection.call(Script::TurnNonces, keys, args).await?;
    Ok(())
}

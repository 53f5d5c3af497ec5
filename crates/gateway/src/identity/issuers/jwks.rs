//! The keys that an issuer publishes: kept, read again in the background, and asked
//! for where a token names one that is not known.
//!
//! One task asks, so that one question is under way at a time; whoever wants a key
//! waits for it to end, for a while. Keys that are known are never waited for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::{Mutex, RwLock};
use tokio::{
    sync::{Notify, watch},
    time::{timeout, timeout_at},
};

use super::{
    super::TokenError,
    fetch::Fetcher,
    rounds::{Rounds, Turn},
};
use crate::{
    settings::JwksUrl,
    signing::{Algorithm, Keys},
};

/// How long somebody waits for a key; less than `limits.hello_ms` as it is by default.
const PATIENCE: Duration = Duration::from_secs(4);

/// After how long it is asked again where that failed; twice as long each time, up to the latter.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The keys of an issuer.
pub(super) struct Jwks {
    issuer: String,
    url: JwksUrl,
    algorithm: Algorithm,
    refresh: Duration,
    keys: RwLock<Arc<Keys>>,
    rounds: Mutex<Rounds>,
    /// Somebody wants a round.
    wanted: Notify,
    ended: watch::Sender<Round>,
}

/// A round that has ended.
#[derive(Debug, Clone, Copy, Default)]
struct Round {
    number: u64,
    brought_keys: bool,
}

/// The keys after a question.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) keys: Arc<Keys>,
    /// What is to be said of a token whose key is not among them.
    pub(super) without_it: TokenError,
}

impl Jwks {
    pub(super) fn new(issuer: String, url: JwksUrl, algorithm: Algorithm, refresh_s: u64) -> Self {
        Self {
            issuer,
            url,
            algorithm,
            refresh: Duration::from_secs(refresh_s),
            keys: RwLock::default(),
            rounds: Mutex::new(Rounds::new(Instant::now())),
            wanted: Notify::new(),
            ended: watch::Sender::default(),
        }
    }

    /// Those that are known.
    pub(super) fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read())
    }

    /// Has the issuer asked, where that may be, and waits for the answer. The keys are to
    /// be looked at again in any case: others may have had it asked just now.
    pub(super) async fn ask(&self) -> Asked {
        let turn = self.rounds.lock().ask(Instant::now());
        let without_it = match turn {
            Turn::Wait { round, is_later } => self.wait_for(round, is_later).await,
            Turn::NotYet(after) => TokenError::keys_away(after),
        };
        Asked {
            keys: self.keys(),
            without_it,
        }
    }

    /// Waits for a round, and says what is to be thought of a key that it did not bring.
    async fn wait_for(&self, round: u64, is_later: bool) -> TokenError {
        self.wanted.notify_one();
        let mut ended = self.ended.subscribe();
        let waiting = timeout(PATIENCE, ended.wait_for(|last| last.number >= round)).await;
        let ended = waiting.is_ok_and(|last| {
            last.is_ok_and(|last| last.brought_keys && (is_later || last.number > round))
        });
        match ended {
            true => TokenError::UnknownKey,
            false => TokenError::keys_away(FIRST_PAUSE),
        }
    }

    /// Reads them now, again and again, and when somebody asks. Never ends.
    pub(super) async fn keep_reading(self: Arc<Self>, fetcher: Fetcher) {
        let mut failures = 0;
        loop {
            self.rounds.lock().begin();
            let read = self.read(&fetcher).await;
            let pause = match &read {
                Ok(_) => self.refresh,
                Err(_) => pause_after(failures),
            };
            self.tell(read.as_ref().err(), failures);
            failures = if read.is_ok() { 0 } else { failures + 1 };
            let number = self.rounds.lock().end(Instant::now(), pause);
            self.ended.send_replace(Round {
                number,
                brought_keys: read.is_ok(),
            });
            self.pause(pause).await;
        }
    }

    /// Waits so long, or until somebody wants a round.
    async fn pause(&self, pause: Duration) {
        let until = tokio::time::Instant::now() + pause;
        while !self.rounds.lock().is_wanted() {
            if timeout_at(until, self.wanted.notified()).await.is_err() {
                return;
            }
        }
    }

    async fn read(&self, fetcher: &Fetcher) -> Result<(), String> {
        let json = fetcher.fetch(&self.url).await;
        let json = json.map_err(|error| error.to_string())?;
        let keys = Keys::of_jwks(self.algorithm, &json).map_err(|error| error.to_string())?;
        tracing::debug!(issuer = self.issuer, keys = keys.count(), "keys were read");
        *self.keys.write() = Arc::new(keys);
        Ok(())
    }

    /// A line where it begins to fail, and one where that ends.
    fn tell(&self, error: Option<&String>, failures: u32) {
        let (issuer, url) = (&self.issuer, &self.url);
        match error {
            Some(why) if failures == 0 => tracing::warn!(
                issuer,
                %url,
                why,
                "the keys of an issuer cannot be read: tokens by those that are known go on working, others are put off; it is asked again and again"
            ),
            None if failures > 0 => {
                tracing::info!(issuer, %url, "the keys of an issuer can be read again");
            }
            _ => {}
        }
    }
}

fn pause_after(failures: u32) -> Duration {
    let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures));
    pause.min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwks() -> Jwks {
        let url = "http://127.0.0.1:9/".parse().unwrap();
        Jwks::new("login".to_owned(), url, Algorithm::Hs256, 300)
    }

    fn round_ends(jwks: &Jwks, brought_keys: bool) {
        let mut rounds = jwks.rounds.lock();
        rounds.begin();
        let number = rounds.end(Instant::now(), jwks.refresh);
        jwks.ended.send_replace(Round {
            number,
            brought_keys,
        });
    }

    #[tokio::test]
    async fn keys_that_came_just_now_are_seen_also_where_nobody_may_ask() {
        let jwks = jwks();
        round_ends(&jwks, true);
        let (asked, ()) = tokio::join!(jwks.ask(), async { round_ends(&jwks, true) });
        assert_eq!(asked.without_it, TokenError::UnknownKey);

        // Between looking at the keys and asking, another's question brought new ones.
        *jwks.keys.write() = Arc::new(Keys::of_text(Algorithm::Hs256, &"x".repeat(32)).unwrap());
        let asked = jwks.ask().await;
        assert_eq!(asked.keys.count(), 1);
        assert!(matches!(asked.without_it, TokenError::KeysAway { .. }));
    }

    #[tokio::test]
    async fn what_began_before_or_failed_proves_nothing() {
        let jwks = jwks();
        jwks.rounds.lock().begin();
        let (asked, ()) = tokio::join!(jwks.ask(), async {
            let number = jwks.rounds.lock().end(Instant::now(), jwks.refresh);
            jwks.ended.send_replace(Round {
                number,
                brought_keys: true,
            });
        });
        assert!(matches!(asked.without_it, TokenError::KeysAway { .. }));
        let (asked, ()) = tokio::join!(jwks.ask(), async { round_ends(&jwks, false) });
        assert!(matches!(asked.without_it, TokenError::KeysAway { .. }));
    }

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let pauses = [0, 1, 5, 6, 99].map(|failures| pause_after(failures).as_secs());
        assert_eq!(pauses, [1, 2, 32, 60, 60]);
    }
}

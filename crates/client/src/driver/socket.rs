//! One connection to a node, from reaching it to its end, and the times that
//! matter on it.

use std::time::Duration;

use rookery_protocol::server_frame::Welcome;
use tokio::time::{Instant, timeout};

use crate::{ConnectionError, HelloError, Lost, RawConnection, requests::Requests};

/// A connection that a node has welcomed.
pub(super) struct Socket {
    pub(super) connection: RawConnection,
    pub(super) welcome: Welcome,
    pub(super) since: Instant,
    /// When the node asked to come back.
    pub(super) back_at: Option<Instant>,
    /// When something was last heard, or listening began again.
    heard: Instant,
    /// When listening began again after a slow consumer.
    listening: Instant,
}

impl Socket {
    /// Reaches a node, up to its `welcome`.
    pub(super) async fn open(
        target: String,
        token: String,
        name: String,
        within: Duration,
    ) -> Result<Self, HelloError> {
        let opening = async {
            let mut connection = RawConnection::connect(&target, within).await?;
            let welcome = connection.hello(&token, &name).await?;
            Ok(Self::new(connection, welcome))
        };
        timeout(within, opening)
            .await
            .unwrap_or(Err(ConnectionError::TimedOut(within).into()))
    }

    fn new(connection: RawConnection, welcome: Welcome) -> Self {
        let now = Instant::now();
        Self {
            connection,
            welcome,
            since: now,
            back_at: None,
            heard: now,
            listening: now,
        }
    }

    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
    }

    /// The consumer has caught up: silence counts from now on.
    pub(super) fn listens_again(&mut self) {
        self.listening = Instant::now();
        self.heard = self.listening;
    }

    /// Two and a half heartbeats; a node pings once in each.
    fn longest_silence(&self) -> Duration {
        let heartbeat = Duration::from_millis(self.welcome.heartbeat_ms.clamp(100, 3_600_000));
        heartbeat * 5 / 2
    }

    /// The next moment at which something is to be looked at.
    pub(super) fn next_deadline(&self, requests: &Requests, answer_timeout: Duration) -> Instant {
        let silence = self.heard + self.longest_silence();
        let answer = requests
            .oldest_written()
            .map(|written| written.max(self.listening) + answer_timeout);
        let moments = [answer, self.back_at, requests.held_until()];
        moments.into_iter().flatten().fold(silence, Instant::min)
    }

    /// Whether the connection is to end by now. Only while it is being read:
    /// what was not read cannot count as silence.
    pub(super) fn overdue(&self, requests: &Requests, answer_timeout: Duration) -> Option<Lost> {
        let now = Instant::now();
        if self.back_at.is_some_and(|at| at <= now) {
            return Some(Lost::Asked);
        }
        if self.heard + self.longest_silence() <= now {
            return Some(Lost::Silent);
        }
        let written = requests.oldest_written()?.max(self.listening);
        (written + answer_timeout <= now).then_some(Lost::NoAnswer)
    }
}

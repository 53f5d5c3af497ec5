//! Frames from clients, counted by type without a look-up.

use prometheus::{IntCounter, IntCounterVec};
use rookery_protocol::Command;

/// One counter per type of frame.
#[derive(Debug)]
pub(super) struct FramesByType {
    hello: IntCounter,
    join: IntCounter,
    leave: IntCounter,
    send: IntCounter,
    typing: IntCounter,
    history: IntCounter,
    message: IntCounter,
    ping: IntCounter,
    unserved: IntCounter,
}

impl FramesByType {
    pub(super) fn new(counters: &IntCounterVec) -> Self {
        let of = |kind| counters.with_label_values(&[kind]);
        Self {
            hello: of("hello"),
            join: of("join"),
            leave: of("leave"),
            send: of("send"),
            typing: of("typing"),
            history: of("history"),
            message: of("message"),
            ping: of("ping"),
            unserved: of("unserved"),
        }
    }

    pub(super) fn of(&self, command: &Command) -> &IntCounter {
        match command {
            Command::Hello { .. } => &self.hello,
            Command::Join { .. } => &self.join,
            Command::Leave { .. } => &self.leave,
            Command::Send(_) => &self.send,
            Command::Typing { .. } => &self.typing,
            Command::History { .. } => &self.history,
            Command::Message { .. } => &self.message,
            Command::Ping => &self.ping,
            Command::Unserved(_) => &self.unserved,
        }
    }

    pub(super) fn total(&self) -> u64 {
        let all = [
            &self.hello,
            &self.join,
            &self.leave,
            &self.send,
            &self.typing,
            &self.history,
            &self.message,
            &self.ping,
            &self.unserved,
        ];
        all.iter().map(|counter| counter.get()).sum()
    }
}

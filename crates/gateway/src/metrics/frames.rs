//! Frames from clients, counted by type without a look-up.

use prometheus_client::metrics::counter::Counter;
use rookery_chat::metrics::Registrar;
use rookery_protocol::Command;

/// One counter per type of frame.
#[derive(Debug)]
pub(super) struct FramesByType {
    hello: Counter,
    join: Counter,
    leave: Counter,
    send: Counter,
    typing: Counter,
    history: Counter,
    message: Counter,
    ping: Counter,
    unserved: Counter,
}

impl FramesByType {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let counters = new.counters("rookery_messages_in", "Frames from clients");
        let of = |kind| counters.get_or_create_owned(&[("type", kind)]);
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

    pub(super) fn of(&self, command: &Command) -> &Counter {
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

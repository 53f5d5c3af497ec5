//! Frames from clients, counted by type without a look-up.

use prometheus_client::metrics::counter::Counter;
use rookery_chat::metrics::Registrar;
use rookery_protocol::{Command, client_frame::Request};

/// One counter per type of frame.
#[derive(Debug)]
pub(super) struct FramesByType {
    hello: Counter,
    renew: Counter,
    join: Counter,
    leave: Counter,
    unfollow: Counter,
    send: Counter,
    typing: Counter,
    history: Counter,
    ping: Counter,
    unserved: Counter,
    /// By their places.
    requests: Vec<Counter>,
}

impl FramesByType {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let counters = new.counters("rookery_messages_in", "Frames from clients");
        let of = |kind: &'static str| counters.get_or_create_owned(&[("type", kind)]);
        Self {
            hello: of("hello"),
            renew: of("renew"),
            join: of("join"),
            leave: of("leave"),
            unfollow: of("unfollow"),
            send: of("send"),
            typing: of("typing"),
            history: of("history"),
            ping: of("ping"),
            unserved: of("unserved"),
            requests: Request::NAMES.iter().map(|name| of(name)).collect(),
        }
    }

    pub(super) fn of(&self, command: &Command) -> &Counter {
        match command {
            Command::Hello { .. } => &self.hello,
            Command::Renew { .. } => &self.renew,
            Command::Join { .. } => &self.join,
            Command::Leave { .. } => &self.leave,
            Command::Unfollow { .. } => &self.unfollow,
            Command::Send(_) => &self.send,
            Command::Typing { .. } => &self.typing,
            Command::History { .. } => &self.history,
            Command::Request(request) => &self.requests[request.place()],
            Command::Ping => &self.ping,
            Command::Unserved(_) => &self.unserved,
        }
    }

    pub(super) fn total(&self) -> u64 {
        let all = [
            &self.hello,
            &self.renew,
            &self.join,
            &self.leave,
            &self.unfollow,
            &self.send,
            &self.typing,
            &self.history,
            &self.ping,
            &self.unserved,
        ];
        let all = all.into_iter().chain(&self.requests);
        all.map(|counter| counter.get()).sum()
    }
}

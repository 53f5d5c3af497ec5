//! Upgrades that were refused, counted by the reason without a look-up.

use prometheus_client::metrics::counter::Counter;
use rookery_chat::metrics::Registrar;

/// Why an upgrade was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// WebSockets are served elsewhere.
    Path,
    /// The node is about to end.
    Draining,
    /// The node has been without Redis for a while.
    CutOff,
    /// The node has as many files open as it may.
    Files,
    /// The node has as many connections as it may.
    Full,
    /// The page is a foreign one.
    Origin,
    /// The address asks too often.
    Rate,
    /// The request breaks RFC 6455.
    Handshake,
}

impl Refused {
    const ALL: [Self; 8] = [
        Self::Path,
        Self::Draining,
        Self::CutOff,
        Self::Files,
        Self::Full,
        Self::Origin,
        Self::Rate,
        Self::Handshake,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Draining => "draining",
            Self::CutOff => "cut off",
            Self::Files => "files",
            Self::Full => "full",
            Self::Origin => "origin",
            Self::Rate => "rate",
            Self::Handshake => "handshake",
        }
    }
}

/// A counter per reason.
#[derive(Debug)]
pub(super) struct UpgradesRefused([Counter; Refused::ALL.len()]);

impl UpgradesRefused {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let counters = new.counters("rookery_upgrades_refused", "WebSocket upgrades refused");
        Self(Refused::ALL.map(|why| counters.get_or_create_owned(&[("reason", why.label())])))
    }

    pub(super) fn of(&self, why: Refused) -> &Counter {
        &self.0[why as usize]
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().map(Counter::get).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_counter_of_its_own() {
        for why in Refused::ALL {
            assert_eq!(Refused::ALL[why as usize], why);
        }
        let refused = UpgradesRefused::new(&mut Registrar::default());
        refused.of(Refused::Handshake).inc();
        refused.of(Refused::Path).inc();
        assert_eq!(refused.of(Refused::Path).get(), 1);
        assert_eq!(refused.total(), 2);
    }
}

//! How long answers take that are asked for again and again: never the last good
//! figure of something that answers no more.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long an answer takes just now.
#[derive(Debug, Default)]
pub(crate) struct AnswerTime(Mutex<AnswerTimeState>);

#[derive(Debug, Default)]
struct AnswerTimeState {
    last: Option<Duration>,
    /// Since when an answer is waited for.
    waiting: Option<Instant>,
}

impl AnswerTime {
    /// An answer was asked for.
    pub(crate) fn asked(&self) {
        self.0.lock().waiting.get_or_insert_with(Instant::now);
    }

    /// What was asked last was answered after this time.
    pub(crate) fn answered(&self, took: Duration) {
        *self.0.lock() = AnswerTimeState {
            last: Some(took),
            waiting: None,
        };
    }

    /// No answer comes any more.
    pub(crate) fn lost(&self) {
        *self.0.lock() = AnswerTimeState::default();
    }

    /// How long it takes, at least; `None` where nothing answers.
    pub(crate) fn now(&self) -> Option<Duration> {
        let state = self.0.lock();
        let waited = state
            .waiting
            .map_or(Duration::ZERO, |since| since.elapsed());
        state.last.map(|last| last.max(waited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_while_an_answer_is_missing_and_is_unknown_once_lost() {
        let time = AnswerTime::default();
        time.asked();
        assert_eq!(time.now(), None, "nothing has ever answered");
        let took = Duration::from_nanos(1);
        time.answered(took);
        assert_eq!(time.now(), Some(took));
        time.asked();
        std::thread::sleep(Duration::from_millis(2));
        time.asked();
        assert!(
            time.now() >= Some(Duration::from_millis(2)),
            "since the first"
        );
        time.lost();
        assert_eq!(time.now(), None);
    }
}

//! Reactions that wait to be told together, by message.
//!
//! One task tells of those of a message; it begins with the first that comes and ends when
//! none is left. Its [`Gathering`] takes the message out where it is dropped, and whoever
//! waits there is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::{DashMap, Entry};
use rookery_protocol::{ErrorCode, RoomId};
use rookery_store::ReactionChange;
use tokio::sync::oneshot;

use crate::{
    clock::Moment,
    refusal::{Refusal, Retry},
};

/// A message of a room.
pub(crate) type Message = (RoomId, u64);

/// How it stands with an emoji behind a reaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    /// How many think so.
    pub(crate) count: u64,
    /// The number and the time of the event that tells of it; nothing where it was so.
    pub(crate) event: Option<(u64, u64)>,
}

/// What becomes of a reaction.
pub(crate) type Answer = oneshot::Receiver<Result<Given, Refusal>>;

/// All that wait on this node.
#[derive(Debug)]
pub(crate) struct Reactions {
    by_message: DashMap<Message, Vec<Gathered>>,
    waiting: AtomicUsize,
    /// 0 is no limit.
    most: usize,
}

/// A reaction that waits, counted until it is answered or dropped.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) change: ReactionChange,
    answer: oneshot::Sender<Result<Given, Refusal>>,
    since: Moment,
    _counted: Counted,
}

#[derive(Debug)]
struct Counted(Arc<Reactions>);

/// The right to tell of the reactions to a message, which one task has at a time.
#[derive(Debug)]
pub(crate) struct Gathering {
    all: Arc<Reactions>,
    message: Message,
    /// Whether the message is taken out: what waits there now is for another task to tell.
    is_over: bool,
}

impl Reactions {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            by_message: DashMap::new(),
            waiting: AtomicUsize::new(0),
            most,
        }
    }

    /// Has a reaction wait. Where nobody tells of that message, whoever asks has to.
    ///
    /// # Errors
    ///
    /// Where as many wait as may.
    pub(crate) fn enter(
        self: &Arc<Self>,
        message: &Message,
        change: ReactionChange,
    ) -> Result<(Answer, Option<Gathering>), Refusal> {
        let counted = self.count()?;
        let (answer, receiver) = oneshot::channel();
        let gathered = Gathered {
            change,
            answer,
            since: Moment::now(),
            _counted: counted,
        };
        let begins = match self.by_message.entry(message.clone()) {
            Entry::Occupied(mut waiting) => {
                waiting.get_mut().push(gathered);
                false
            }
            Entry::Vacant(place) => {
                place.insert(vec![gathered]);
                true
            }
        };
        let gathering = begins.then(|| Gathering {
            all: Arc::clone(self),
            message: message.clone(),
            is_over: false,
        });
        Ok((receiver, gathering))
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn count(self: &Arc<Self>) -> Result<Counted, Refusal> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let counted = Counted(Arc::clone(self));
        if self.most != 0 && before >= self.most {
            let message = "this node has as many reactions waiting as it may (limits.reactions_waiting); ask again later";
            return Err(Refusal::for_now(
                ErrorCode::Unavailable,
                message,
                Retry::Spread,
            ));
        }
        Ok(counted)
    }
}

impl Gathering {
    /// The message.
    pub(crate) fn message(&self) -> &Message {
        &self.message
    }

    /// Takes at most so many, those first that have waited longest; `None` where there are none,
    /// and then it is over.
    pub(crate) fn take(&mut self, most: usize) -> Option<Vec<Gathered>> {
        if let Entry::Occupied(mut waiting) = self.all.by_message.entry(self.message.clone()) {
            let all = waiting.get_mut();
            if !all.is_empty() {
                return Some(all.drain(..most.min(all.len())).collect());
            }
            waiting.remove();
        }
        self.is_over = true;
        None
    }

    /// Has them wait on, before those that came later; who has waited for so long is told.
    pub(crate) fn put_back(&self, gathered: Vec<Gathered>, patience: Duration) {
        let (mut waiting, tired): (Vec<_>, Vec<_>) = gathered
            .into_iter()
            .partition(|it| it.since.elapsed() < patience);
        for it in tired {
            let message = "too many react to that message at once; ask again";
            let refusal = Refusal::for_now(ErrorCode::Unavailable, message, Retry::Spread);
            it.answer(Err(refusal));
        }
        let mut place = self.all.by_message.entry(self.message.clone()).or_default();
        waiting.append(&mut place);
        *place = waiting;
    }
}

impl Drop for Gathering {
    fn drop(&mut self) {
        if !self.is_over {
            self.all.by_message.remove(&self.message);
        }
    }
}

impl Gathered {
    /// Tells whoever waits, if they still do.
    pub(crate) fn answer(self, answer: Result<Given, Refusal>) {
        let _ = self.answer.send(answer);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use rookery_protocol::{Emoji, User, UserId};

    use super::*;

    fn message() -> Message {
        (RoomId::new("r").unwrap(), 7)
    }

    fn change(by: &str) -> ReactionChange {
        let (id, name) = (UserId::new(by).unwrap(), by.into());
        ReactionChange {
            user: User { id, name },
            emoji: Emoji::new("👍").unwrap(),
            on: true,
        }
    }

    fn taken(gathering: &mut Gathering, most: usize) -> Vec<String> {
        let gathered = gathering.take(most).unwrap();
        let by: Vec<_> = gathered
            .iter()
            .map(|it| it.change.user.id.to_string())
            .collect();
        for it in gathered {
            let event = Some((9, 1));
            it.answer(Ok(Given { count: 1, event }));
        }
        by
    }

    #[test]
    fn one_task_tells_of_all_that_come_meanwhile() {
        let all = Arc::new(Reactions::new(0));
        let (first, begins) = all.enter(&message(), change("a")).unwrap();
        let mut gathering = begins.unwrap();
        let more = ["b", "c"].map(|by| all.enter(&message(), change(by)).unwrap());
        assert!(more.iter().all(|(_, begins)| begins.is_none()));
        let waiting = gathering.take(2).unwrap();
        let (late, _) = all.enter(&message(), change("d")).unwrap();
        gathering.put_back(waiting, Duration::from_secs(60));
        assert_eq!(taken(&mut gathering, 3), ["a", "b", "c"]);
        assert_eq!(taken(&mut gathering, 3), ["d"]);
        for answer in [first, late] {
            assert!(answer.now_or_never().unwrap().unwrap().is_ok());
        }
        assert!(gathering.take(3).is_none());
        // Another one may begin before the first is dropped.
        let (_answer, begins) = all.enter(&message(), change("e")).unwrap();
        drop(gathering);
        assert_eq!(taken(&mut begins.unwrap(), 3), ["e"]);
    }

    #[test]
    fn whoever_waits_for_a_task_that_ended_is_told_and_nothing_is_left() {
        let all = Arc::new(Reactions::new(2));
        let (first, begins) = all.enter(&message(), change("a")).unwrap();
        let (second, _) = all.enter(&message(), change("b")).unwrap();
        assert!(
            all.enter(&message(), change("c")).is_err(),
            "as many as may"
        );
        drop(begins);
        for answer in [first, second] {
            assert!(answer.now_or_never().unwrap().is_err());
        }
        assert!(all.by_message.is_empty());
        assert_eq!(all.waiting(), 0);
    }

    #[test]
    fn who_has_waited_long_enough_is_refused() {
        let all = Arc::new(Reactions::new(0));
        let (answer, begins) = all.enter(&message(), change("a")).unwrap();
        let mut gathering = begins.unwrap();
        let gathered = gathering.take(9).unwrap();
        gathering.put_back(gathered, Duration::ZERO);
        assert!(answer.now_or_never().unwrap().unwrap().is_err());
        assert!(gathering.take(9).is_none());
    }
}

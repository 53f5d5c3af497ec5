//! The commands that have no answer yet: which to write next, when to write
//! again, and which has waited too long for its answer. Bounded in what is on
//! its way, so that a node's rate limit is met, not overrun.
//!
//! Knows no clock and no socket: the time is an argument.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    ClientError,
    request::{Reply, Request},
};

/// How many answers it takes until one more command may be on its way.
const ANSWERS_PER_MORE: usize = 16;
/// The longest that a refusal is believed to last, in milliseconds.
const LONGEST_HOLD_MS: u64 = 60_000;

/// What goes first: rooms are resumed before anything else is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    Resume,
    Call,
}

/// A command without an answer.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) request: Request,
    rank: Rank,
    /// `None` where nobody waits, as for the resume of a room.
    reply: Option<Reply>,
    written: Option<Instant>,
}

impl Pending {
    /// Tells the caller, if one still waits.
    pub(crate) fn finish(self, result: Result<crate::frame::OkFrame, ClientError>) {
        if let Some(reply) = self.reply {
            // A caller that no longer waits has no use for it.
            let _ = reply.send(result);
        }
    }

    /// The room that is being resumed, where that is what it is for.
    pub(crate) fn resuming(&self) -> Option<&rookery_protocol::RoomId> {
        match &self.request {
            Request::Join { room, .. } if self.rank == Rank::Resume => Some(room),
            _ => None,
        }
    }

    fn is_wanted(&self) -> bool {
        self.reply.as_ref().is_none_or(|reply| !reply.is_closed())
    }
}

/// All commands without an answer.
#[derive(Debug)]
pub(crate) struct Requests {
    /// The most on their way, and how many of those are allowed just now:
    /// one after a refusal, then one more with every few answers.
    window: usize,
    allowed: usize,
    answers: usize,
    most: usize,
    last_id: u64,
    pending: HashMap<u64, Pending>,
    unwritten: BTreeSet<(Rank, u64)>,
    written: BTreeSet<(Instant, u64)>,
    held_until: Option<Instant>,
}

impl Requests {
    /// At most `window` on their way, at most `most` calls taken.
    pub(crate) fn new(window: usize, most: usize) -> Self {
        Self {
            window: window.max(1),
            allowed: window.max(1),
            answers: 0,
            most: most.max(1),
            last_id: 0,
            pending: HashMap::new(),
            unwritten: BTreeSet::new(),
            written: BTreeSet::new(),
            held_until: None,
        }
    }

    /// Whether another call can be taken.
    pub(crate) fn has_room(&self) -> bool {
        self.pending.len() < self.most
    }

    pub(crate) fn add(&mut self, rank: Rank, request: Request, reply: Option<Reply>) {
        self.last_id += 1;
        self.unwritten.insert((rank, self.last_id));
        let pending = Pending {
            request,
            rank,
            reply,
            written: None,
        };
        self.pending.insert(self.last_id, pending);
    }

    /// The next command to write, in the order in which they were asked for.
    pub(crate) fn next(&mut self, now: Instant) -> Option<(u64, &Request)> {
        if self.written.len() >= self.allowed || self.held_until.is_some_and(|until| now < until) {
            return None;
        }
        self.held_until = None;
        while let Some((_, id)) = self.unwritten.pop_first() {
            if self.pending.get(&id).is_some_and(Pending::is_wanted) {
                self.written.insert((now, id));
                let pending = self.pending.get_mut(&id)?;
                pending.written = Some(now);
                return Some((id, &pending.request));
            }
            self.pending.remove(&id);
        }
        None
    }

    /// Takes out the command that was answered.
    pub(crate) fn take(&mut self, id: u64) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.unwritten.remove(&(pending.rank, id));
        if let Some(written) = pending.written {
            self.written.remove(&(written, id));
        }
        Some(pending)
    }

    /// A command was carried out: more may be on their way at once.
    pub(crate) fn went_well(&mut self) {
        self.answers += 1;
        if self.answers.is_multiple_of(ANSWERS_PER_MORE) && self.allowed < self.window {
            self.allowed += 1;
        }
    }

    /// Puts a command back that the node cannot carry out just now, and holds
    /// everything back for as long: the next would meet the same. After that
    /// they go one by one at first.
    pub(crate) fn again(&mut self, id: u64, mut pending: Pending, until: Instant) {
        self.allowed = 1;
        pending.written = None;
        self.unwritten.insert((pending.rank, id));
        self.pending.insert(id, pending);
        self.held_until = self.held_until.max(Some(until));
    }

    /// The connection is gone: whatever was written is to be written again, but
    /// for what only that connection asked.
    pub(crate) fn disconnected(&mut self) {
        self.written.clear();
        self.unwritten.clear();
        self.held_until = None;
        self.allowed = self.window;
        self.pending
            .retain(|_, pending| pending.rank == Rank::Call && pending.is_wanted());
        for (&id, pending) in &mut self.pending {
            pending.written = None;
            self.unwritten.insert((pending.rank, id));
        }
    }

    /// Forgets the resume of rooms that were left meanwhile.
    pub(crate) fn retain_resumes(&mut self, open: impl Fn(&Request) -> bool) {
        let left: Vec<u64> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.rank == Rank::Resume && !open(&pending.request))
            .map(|(&id, _)| id)
            .collect();
        for id in left {
            self.take(id);
        }
    }

    /// Forgets calls that nobody waits for any more and that are not on their way.
    pub(crate) fn forget_unwanted(&mut self) {
        let (pending, unwritten) = (&mut self.pending, &mut self.unwritten);
        pending.retain(|&id, entry| {
            let keep = entry.written.is_some() || entry.is_wanted();
            if !keep {
                unwritten.remove(&(entry.rank, id));
            }
            keep
        });
    }

    /// When the longest unanswered command was written.
    pub(crate) fn oldest_written(&self) -> Option<Instant> {
        self.written.first().map(|&(written, _)| written)
    }

    /// When commands that are held back may be written.
    pub(crate) fn held_until(&self) -> Option<Instant> {
        self.held_until.filter(|_| !self.unwritten.is_empty())
    }
}

/// How long to hold back after a refusal: what the node asked for, who spreads
/// those who are refused together; else about a second, at random.
pub(crate) fn hold(retry_after_ms: Option<u64>, rng: &mut impl rand::Rng) -> Duration {
    let ms = retry_after_ms.unwrap_or_else(|| rng.random_range(750..=1250));
    Duration::from_millis(ms.clamp(1, LONGEST_HOLD_MS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{SeedableRng, rngs::StdRng};
    use tokio::sync::oneshot;

    use super::*;

    fn requests(
        calls: usize,
    ) -> (
        Requests,
        Vec<oneshot::Receiver<Result<crate::frame::OkFrame, ClientError>>>,
    ) {
        let mut requests = Requests::new(2, 10);
        let receivers = (0..calls)
            .map(|_| {
                let (reply, receiver) = oneshot::channel();
                requests.add(Rank::Call, Request::Ping, Some(reply));
                receiver
            })
            .collect();
        (requests, receivers)
    }

    fn write_all(requests: &mut Requests, now: Instant) -> Vec<u64> {
        std::iter::from_fn(|| requests.next(now).map(|(id, _)| id)).collect()
    }

    #[test]
    fn no_more_than_the_window_is_on_its_way() {
        let (mut requests, _receivers) = requests(5);
        let now = Instant::now();
        assert_eq!(write_all(&mut requests, now), [1, 2]);
        requests.take(1).unwrap();
        assert_eq!(write_all(&mut requests, now), [3]);
        assert!(requests.take(1).is_none(), "answered twice");
    }

    #[test]
    fn a_refusal_holds_back_everything_and_keeps_the_order() {
        let (mut requests, _receivers) = requests(3);
        let now = Instant::now();
        let until = now + Duration::from_secs(1);
        write_all(&mut requests, now);
        for id in [2, 1] {
            let pending = requests.take(id).unwrap();
            requests.again(id, pending, until);
        }
        assert_eq!(requests.held_until(), Some(until));
        assert!(write_all(&mut requests, now).is_empty());
        assert_eq!(write_all(&mut requests, until), [1], "one by one at first");
        requests.take(1).unwrap();
        assert_eq!(write_all(&mut requests, until), [2]);
        for _ in 0..ANSWERS_PER_MORE {
            requests.went_well();
        }
        assert_eq!(
            write_all(&mut requests, until),
            [3],
            "and then more at once"
        );
    }

    #[test]
    fn after_a_loss_rooms_come_first_and_then_what_was_asked_in_order() {
        let (mut requests, _receivers) = requests(3);
        let now = Instant::now();
        write_all(&mut requests, now);
        requests.add(Rank::Resume, Request::Ping, None);
        requests.disconnected();
        requests.add(Rank::Resume, Request::Ping, None);
        assert_eq!(
            write_all(&mut requests, now),
            [5, 1],
            "the old resume is gone"
        );
        assert_eq!(requests.oldest_written(), Some(now));
    }

    #[test]
    fn what_nobody_waits_for_is_not_written_and_makes_room() {
        let (mut requests, mut receivers) = requests(10);
        assert!(!requests.has_room());
        receivers.truncate(1);
        requests.forget_unwanted();
        assert!(requests.has_room());
        assert_eq!(write_all(&mut requests, Instant::now()), [1]);
    }

    proptest! {
        #[test]
        fn a_hold_is_what_was_asked_within_reason(ms: u64, seed: u64) {
            let mut rng = StdRng::seed_from_u64(seed);
            let believed = Duration::from_millis(ms.clamp(1, 60_000));
            prop_assert_eq!(hold(Some(ms), &mut rng), believed);
            let unasked = hold(None, &mut rng);
            prop_assert!(unasked.as_millis() >= 750 && unasked.as_millis() <= 1250);
        }

        /// Every call is answered or still pending, whatever happens on the way.
        #[test]
        fn no_call_is_forgotten(steps in prop::collection::vec(0u8..4, 0..80)) {
            let (mut requests, receivers) = requests(6);
            let now = Instant::now();
            let mut on_their_way: Vec<u64> = vec![];
            let mut answered = 0;
            for step in steps {
                match step {
                    0 => on_their_way.extend(requests.next(now).map(|(id, _)| id)),
                    1 => if let Some(id) = on_their_way.pop() {
                        requests.take(id).unwrap().finish(Err(ClientError::Closed));
                        answered += 1;
                    },
                    2 => if let Some(id) = on_their_way.pop() {
                        let pending = requests.take(id).unwrap();
                        requests.again(id, pending, now);
                    },
                    _ => {
                        requests.disconnected();
                        on_their_way.clear();
                    }
                }
                prop_assert!(on_their_way.len() <= 2);
            }
            requests.disconnected();
            let mut left = 0;
            while let Some((id, _)) = requests.next(now) {
                requests.take(id).unwrap();
                left += 1;
            }
            prop_assert_eq!(answered + left, receivers.len());
        }
    }
}

//! So many bytes, and who has them.
//!
//! Whoever wants to read something takes a share first, and waits where there is
//! none, in the order of asking. A part may be kept for small shares, which then
//! go past large ones that wait: who asks for little is served while others ask
//! for much. A share that is more than everything is given when nobody has any:
//! what may be asked for can be had.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::oneshot, time::timeout};

/// How long a share is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// One in so many bytes is a small share.
const SMALL: usize = 64;

/// So many bytes, shared by all who take of them.
#[derive(Debug)]
pub(crate) struct Budget {
    /// 0 is no limit.
    limit: usize,
    /// So many bytes large shares may leave taken.
    for_large: usize,
    /// The most bytes of a small share.
    small: usize,
    state: Mutex<BudgetState>,
}

#[derive(Debug, Default)]
struct BudgetState {
    used: usize,
    small: Waiting,
    large: Waiting,
}

/// Who waits for so many bytes, in the order of asking.
type Waiting = VecDeque<(usize, oneshot::Sender<Share>)>;

/// There was no share within some seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Exhausted;

/// A part of a budget, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Budget {
    /// One in which all wait in one order.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            for_large: limit,
            small: 0,
            state: Mutex::default(),
        }
    }

    /// One of which a quarter is kept for small shares.
    pub(crate) fn with_a_part_for_small(limit: usize) -> Self {
        Self {
            for_large: limit - limit / 4,
            small: limit / SMALL,
            ..Self::new(limit)
        }
    }

    /// How many bytes are taken.
    pub(crate) fn used(&self) -> usize {
        self.state.lock().used
    }

    /// Whether somebody waits for a share.
    pub(crate) fn is_waited_for(&self) -> bool {
        let state = self.state.lock();
        let mut waiting = state.small.iter().chain(&state.large);
        waiting.any(|(_, share)| !share.is_closed())
    }

    /// Takes a share as soon as there is one.
    ///
    /// # Errors
    ///
    /// Where there is none within some seconds.
    pub(crate) async fn acquire(self: &Arc<Self>, bytes: usize) -> Result<Share, Exhausted> {
        let coming = {
            let mut state = self.state.lock();
            if state.waiting(bytes <= self.small).is_empty() && self.allows(state.used, bytes) {
                return Ok(self.share(&mut state, bytes));
            }
            let (give, coming) = oneshot::channel();
            state.waiting(bytes <= self.small).push_back((bytes, give));
            coming
        };
        // Who was in front may be gone.
        self.serve_waiting();
        match timeout(PATIENCE, coming).await {
            Ok(Ok(share)) => Ok(share),
            _ => {
                // Nobody waits behind somebody who gave up.
                self.serve_waiting();
                Err(Exhausted)
            }
        }
    }

    /// Waits until not everything is taken.
    ///
    /// # Errors
    ///
    /// Where it is for some seconds.
    pub(crate) async fn until_some_is_free(self: &Arc<Self>) -> Result<(), Exhausted> {
        self.acquire(1).await.map(drop)
    }

    /// Takes a share at once, for what is in memory already.
    pub(crate) fn take(self: &Arc<Self>, bytes: usize) -> Share {
        self.share(&mut self.state.lock(), bytes)
    }

    fn share(self: &Arc<Self>, state: &mut BudgetState, bytes: usize) -> Share {
        state.used += bytes;
        Share {
            budget: Arc::clone(self),
            bytes,
        }
    }

    fn allows(&self, used: usize, more: usize) -> bool {
        let limit = match more <= self.small {
            true => self.limit,
            false => self.for_large,
        };
        self.limit == 0 || used == 0 || used.saturating_add(more) <= limit
    }

    fn give_back(self: &Arc<Self>, bytes: usize) {
        let mut state = self.state.lock();
        state.used -= bytes;
        let nobody = state.small.is_empty() && state.large.is_empty();
        drop(state);
        if !nobody {
            self.serve_waiting();
        }
    }

    /// Gives shares to those who wait, as far as there are any.
    fn serve_waiting(self: &Arc<Self>) {
        for small in [true, false] {
            while let Some((give, share)) = self.next(small) {
                // Who gave up meanwhile drops it, which serves the next.
                let _ = give.send(share);
            }
        }
    }

    /// The first who waits and can be served.
    fn next(self: &Arc<Self>, small: bool) -> Option<(oneshot::Sender<Share>, Share)> {
        let mut state = self.state.lock();
        while state.waiting(small).front()?.1.is_closed() {
            state.waiting(small).pop_front();
        }
        let used = state.used;
        let allowed = |(bytes, _): &(usize, _)| self.allows(used, *bytes);
        state
            .waiting(small)
            .front()
            .filter(|first| allowed(first))?;
        let (bytes, give) = state.waiting(small).pop_front()?;
        Some((give, self.share(&mut state, bytes)))
    }
}

impl BudgetState {
    fn waiting(&mut self, small: bool) -> &mut Waiting {
        if small {
            &mut self.small
        } else {
            &mut self.large
        }
    }
}

impl Share {
    /// Makes it as large as what it is for turned out to be; larger without
    /// waiting, since that is in memory already.
    pub(crate) fn resize(&mut self, bytes: usize) {
        let before = std::mem::replace(&mut self.bytes, bytes);
        match before.checked_sub(bytes) {
            Some(less) => self.budget.give_back(less),
            None => self.budget.state.lock().used += bytes - before,
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn budget(limit: usize) -> Arc<Budget> {
        Arc::new(Budget::new(limit))
    }

    #[tokio::test]
    async fn shares_are_given_in_the_order_of_asking() {
        let budget = budget(100);
        let first = budget.acquire(60).await.unwrap();
        let mut large = Box::pin(budget.acquire(70));
        assert!(large.as_mut().now_or_never().is_none());
        let mut small = Box::pin(budget.acquire(10));
        assert!(small.as_mut().now_or_never().is_none(), "not past others");
        assert!(budget.is_waited_for());
        drop(first);
        let large = large.await.unwrap();
        let _small = small.await.unwrap();
        assert_eq!(budget.used(), 80);
        drop(large);
        assert_eq!(budget.used(), 10);
        assert!(!budget.is_waited_for());
    }

    #[tokio::test]
    async fn who_asks_for_little_goes_past_who_asks_for_much() {
        let budget = Arc::new(Budget::with_a_part_for_small(64 * 16));
        let much = budget.acquire(700).await.unwrap();
        let mut more = Box::pin(budget.acquire(100));
        assert!(more.as_mut().now_or_never().is_none(), "the rest is kept");
        let little: Vec<_> = (0..20)
            .map(|_| budget.acquire(16).now_or_never().unwrap().unwrap())
            .collect();
        assert!(budget.acquire(16).now_or_never().is_none(), "all is taken");
        drop(much);
        assert!(more.await.is_ok());
        drop(little);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn more_than_everything_is_given_to_one_alone() {
        let budget = budget(100);
        let all = budget.acquire(1000).await.unwrap();
        assert!(budget.acquire(1).now_or_never().is_none());
        drop(all);
        let some = budget.acquire(1).await.unwrap();
        assert!(budget.acquire(1000).now_or_never().is_none());
        drop(some);
        assert!(budget.acquire(1000).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_gives_up_holds_up_nobody_and_keeps_nothing() {
        let budget = budget(100);
        let first = budget.acquire(90).await.unwrap();
        let mut gone = Box::pin(budget.acquire(50));
        assert!(gone.as_mut().now_or_never().is_none());
        drop(gone);
        assert!(!budget.is_waited_for());
        let second = budget.acquire(10).now_or_never();
        assert!(second.is_some(), "nobody is in front any more");
        let mut waiting = Box::pin(budget.acquire(20));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        // It was given a share and is dropped before it takes it.
        drop(waiting);
        drop(second);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test]
    async fn a_share_becomes_what_it_is_for() {
        let budget = budget(100);
        let mut share = budget.acquire(90).await.unwrap();
        let mut waiting = Box::pin(budget.acquire(50));
        assert!(waiting.as_mut().now_or_never().is_none());
        share.resize(120);
        assert_eq!(budget.used(), 120);
        share.resize(30);
        assert!(waiting.as_mut().now_or_never().is_some());
        assert_eq!(budget.used(), 30, "what was given was dropped");
    }

    #[tokio::test]
    async fn nothing_is_no_limit() {
        let budget = budget(0);
        let shares = [budget.take(usize::MAX / 4), budget.take(usize::MAX / 4)];
        assert!(budget.acquire(usize::MAX / 4).now_or_never().is_some());
        drop(shares);
    }
}

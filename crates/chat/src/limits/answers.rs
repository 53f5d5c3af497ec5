//! The bytes of answers: what clients asked for, while it is read for them and
//! until they have taken it.
//!
//! They are counted for each user and for the node. A share is taken before
//! anything is read, as large as that can be at most, and goes with the bytes
//! until the last who holds them lets go. Where there is none, reading waits;
//! who waits too long is refused and told so. What many are shown at once is one
//! piece of memory, and counts once for the node.

use std::sync::Arc;

use bytes::Bytes;
use dashmap::DashMap;
use rookery_protocol::{ErrorCode, UserId};

use super::{Budget, Share};
use crate::{
    refusal::{Refusal, Retry},
    settings::Limits,
};

/// After what time it is worth asking again where a user has too much waiting.
const RETRY_MS: u64 = 1_000;

/// What an event has beside its text and its `meta`: ids, a name and a nonce of
/// the greatest length, and the names of the fields.
const BYTES_BESIDE: usize = 2048;

/// What a reaction is in a message: an emoji or a word of the greatest length, a count, and the
/// names of the fields.
const REACTION_BYTES: usize = 96;

/// The most bytes of a character.
const CHARACTER_BYTES: usize = 4;

/// The most bytes of a message, where neither its text nor its frame has a limit.
const FRAME_BYTES: usize = 64 * 1024;

/// The most bytes of a room in a list of them, about.
pub(crate) const ROW_BYTES: usize = 512;

/// How many rooms a `welcome` has at most.
pub(crate) const ROOMS_IN_WELCOME: usize = 200;

/// All answers of a node.
#[derive(Debug)]
pub struct Answers {
    node: Arc<Budget>,
    users: Arc<Users>,
    event_bytes: usize,
    welcome_bytes: usize,
}

/// What each user waits for, of those who do.
#[derive(Debug)]
struct Users {
    limit: usize,
    by_user: DashMap<UserId, Arc<Budget>>,
}

/// Whose answers take all that they may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// Of one user.
    #[error(
        "too much of what you asked for waits to be taken (limits.answer_bytes_per_user); take it, then ask again"
    )]
    OfUser,
    /// Of all on this node.
    #[error("this node holds as many answers as it may (limits.answer_bytes); ask again later")]
    OfNode,
}

/// A user's share; the user stands in the list for as long as there is one.
#[derive(Debug)]
pub(crate) struct UserShare {
    /// Taken out only by `Drop`.
    share: Option<Share>,
    users: Arc<Users>,
    user: UserId,
}

/// What one answer takes of its user's share and of the node's.
#[derive(Debug)]
pub struct Claim {
    node: Share,
    user: UserShare,
}

impl Answers {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            node: Arc::new(Budget::with_a_part_for_small(limits.answer_bytes)),
            users: Arc::new(Users {
                limit: limits.answer_bytes_per_user,
                by_user: DashMap::new(),
            }),
            event_bytes: event_bytes(limits),
            welcome_bytes: welcome_bytes(limits),
        }
    }

    /// How many bytes are taken.
    pub fn bytes(&self) -> usize {
        self.node.used()
    }

    /// Whether somebody waits because others do not take what they asked for.
    pub fn are_waited_for(&self) -> bool {
        self.node.is_waited_for()
    }

    /// What is taken from for what many share.
    pub(crate) fn of_node(&self) -> &Arc<Budget> {
        &self.node
    }

    /// The most bytes that so many events can have.
    pub fn most_bytes(&self, events: u64) -> usize {
        let events = usize::try_from(events).unwrap_or(usize::MAX);
        events.saturating_mul(self.event_bytes)
    }

    /// Waits until something may be read for somebody.
    pub(crate) async fn until_some_is_free(&self) -> Result<(), TooMuch> {
        let free = self.node.until_some_is_free().await;
        free.map_err(|_| TooMuch::OfNode)
    }

    /// A share of the node's bytes for something that is about to be read.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<Share, TooMuch> {
        let share = self.node.acquire(bytes).await;
        share.map_err(|_| TooMuch::OfNode)
    }

    /// A share of what the user may have waiting.
    pub(crate) async fn reserve_of(
        &self,
        user: &UserId,
        bytes: usize,
    ) -> Result<UserShare, TooMuch> {
        // It holds the user's place in the list while it waits.
        let mut waiting = UserShare {
            share: None,
            users: Arc::clone(&self.users),
            user: user.clone(),
        };
        let budget = {
            let new = || Arc::new(Budget::new(self.users.limit));
            Arc::clone(&self.users.by_user.entry(user.clone()).or_insert_with(new))
        };
        let share = budget.acquire(bytes).await;
        waiting.share = Some(share.map_err(|_| TooMuch::OfUser)?);
        Ok(waiting)
    }

    /// Both for one answer of at most so many bytes.
    pub(crate) async fn claim(&self, user: &UserId, bytes: usize) -> Result<Claim, TooMuch> {
        let user = self.reserve_of(user, bytes).await?;
        let node = self.reserve(bytes).await?;
        Ok(Claim { node, user })
    }

    /// A share of the node's bytes for a `welcome`. It takes none of the user's,
    /// so that one device that stalls does not keep the others out.
    pub async fn reserve_welcome(&self) -> Result<Share, TooMuch> {
        self.reserve(self.welcome_bytes).await
    }
}

impl Claim {
    /// The answer, counted for as long as anybody holds it.
    pub fn carry(mut self, answer: Bytes) -> Bytes {
        self.node.resize(answer.len());
        self.user.resize(answer.len());
        carry(answer, self)
    }
}

impl UserShare {
    pub(crate) fn resize(&mut self, bytes: usize) {
        if let Some(share) = &mut self.share {
            share.resize(bytes);
        }
    }
}

impl Drop for UserShare {
    fn drop(&mut self) {
        drop(self.share.take());
        // Nobody holds it but the list.
        let unused = |_: &UserId, budget: &Arc<Budget>| Arc::strong_count(budget) == 1;
        self.users.by_user.remove_if(&self.user, unused);
    }
}

impl Share {
    /// The answer, counted for as long as anybody holds it.
    pub fn carry(mut self, answer: Bytes) -> Bytes {
        self.resize(answer.len());
        carry(answer, self)
    }
}

/// Bytes that hold what they take until nobody holds them any more.
pub(crate) fn carry<S: Send + 'static>(bytes: Bytes, share: S) -> Bytes {
    struct Counted<S> {
        bytes: Bytes,
        _share: S,
    }
    impl<S> AsRef<[u8]> for Counted<S> {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }
    Bytes::from_owner(Counted {
        bytes,
        _share: share,
    })
}

/// The most bytes of one event, as JSON.
fn event_bytes(limits: &Limits) -> usize {
    let text = match (limits.text_chars, limits.frame_bytes) {
        (0, 0) => FRAME_BYTES,
        (0, frame_bytes) => frame_bytes,
        (characters, _) => characters.saturating_mul(CHARACTER_BYTES),
    };
    let reactions = usize::try_from(limits.reactions_per_message).unwrap_or(usize::MAX);
    text.saturating_add(limits.meta_bytes)
        .saturating_add(reactions.saturating_mul(REACTION_BYTES))
        .saturating_add(BYTES_BESIDE)
}

fn welcome_bytes(limits: &Limits) -> usize {
    let rooms = match limits.rooms_per_user {
        0 => ROOMS_IN_WELCOME,
        rooms => usize::try_from(rooms).map_or(ROOMS_IN_WELCOME, |it| it.min(ROOMS_IN_WELCOME)),
    };
    rooms * ROW_BYTES
}

impl From<TooMuch> for Refusal {
    fn from(too_much: TooMuch) -> Self {
        let (code, retry) = match too_much {
            TooMuch::OfUser => (ErrorCode::RateLimited, Retry::AfterMs(RETRY_MS)),
            TooMuch::OfNode => (ErrorCode::Unavailable, Retry::Spread),
        };
        Self::for_now(code, too_much.to_string(), retry)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn answers() -> Answers {
        Answers::new(&Limits {
            answer_bytes_per_user: 100,
            answer_bytes: 200,
            ..Limits::default()
        })
    }

    #[tokio::test]
    async fn an_answer_counts_until_the_last_who_holds_it_lets_go() {
        let (answers, user) = (answers(), UserId::new("u").unwrap());
        let claim = answers.claim(&user, 80).await.unwrap();
        assert_eq!(answers.bytes(), 80);
        let answer = claim.carry(Bytes::from_static(b"answer"));
        assert_eq!((answers.bytes(), &answer[..]), (6, &b"answer"[..]));
        let part = answer.slice(2..);
        drop(answer);
        assert_eq!(answers.bytes(), 6);
        drop(part);
        assert_eq!(answers.bytes(), 0);
        assert!(answers.users.by_user.is_empty());
    }

    #[tokio::test]
    async fn a_user_waits_for_their_own_and_all_for_the_node() {
        let (answers, other) = (answers(), UserId::new("other").unwrap());
        let user = UserId::new("u").unwrap();
        let first = answers.claim(&user, 80).await.unwrap();
        assert!(answers.claim(&user, 30).now_or_never().is_none());
        let second = answers.claim(&other, 70).await.unwrap();
        assert!(!answers.are_waited_for());
        let mut third = Box::pin(answers.claim(&other, 20));
        assert!(third.as_mut().now_or_never().is_none());
        assert!(answers.are_waited_for());
        drop(first);
        assert!(third.await.is_ok());
        drop(second);
        assert_eq!(answers.bytes(), 0);
        assert!(answers.users.by_user.is_empty());
    }

    #[tokio::test]
    async fn what_is_given_up_while_waiting_leaves_nothing() {
        let (answers, user) = (answers(), UserId::new("u").unwrap());
        let first = answers.claim(&user, 80).await.unwrap();
        assert!(answers.claim(&user, 30).now_or_never().is_none());
        drop(first);
        assert!(answers.users.by_user.is_empty());
        assert_eq!(answers.bytes(), 0);
    }
}

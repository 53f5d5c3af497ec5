//! The calls that carry out appends: a lone plain one in a way of its own, plain ones in a
//! short way, and whatever needs more in the long one.

use std::{sync::Arc, time::Instant};

use fred::{bytes_utils::Str, types::Value};
use rookery_protocol::ServerId;

use super::{
    append_call::{AppendCall, Placed, Words},
    confirm,
    connection::CallFailure,
    failure,
    grouping::Grouping,
    link::Link,
    plain_append,
    script::Script,
};
use crate::{Append, Retention, StoreError};

/// A Redis that forgets the script more often than this in a row is given up.
const MOST_LOADS: usize = 10;

/// What became of an append.
type Answered = Result<Placed, StoreError>;

/// Carries out appends that travel together.
pub(super) struct AppendSender {
    pub(super) link: Link,
    pub(super) server_id: ServerId,
    pub(super) channel: Str,
    pub(super) retention: Arc<Retention>,
}

impl AppendSender {
    /// What may travel together just now.
    pub(super) fn grouping(&self) -> Grouping {
        let connection = self.link.current();
        connection.map_or(Grouping::Together, |connection| connection.grouping())
    }

    /// What became of each of them, in their order.
    ///
    /// # Errors
    ///
    /// Where it is not known of any.
    pub(super) async fn carry_out(
        &self,
        appends: &[&Append],
        until: Instant,
    ) -> Result<Vec<Answered>, StoreError> {
        if let [lone] = appends
            && plain_append::is_plain(lone, &self.retention)
            // Else it has to go the long way.
            && let Some(placed) = self.send_one(lone, until).await?
        {
            return Ok(vec![Ok(placed)]);
        }
        let placed = self.send_all(appends, until).await?;
        self.make_rooms_again(appends, placed, until).await
    }

    /// Sends what is plain in the way for that, and the rest, or what turns out not to be,
    /// in the long way.
    async fn send_all(
        &self,
        appends: &[&Append],
        until: Instant,
    ) -> Result<Vec<Answered>, StoreError> {
        let is_plain = |append: &&Append| plain_append::is_plain(append, &self.retention);
        if !appends.iter().all(is_plain) {
            return self.send_many(appends, until).await;
        }
        let call = AppendCall::new(appends.iter().copied());
        let words = || call.plain_words(&self.server_id, &self.channel, &self.retention, appends);
        let answer = self.call(Script::AppendPlain, words, until).await?;
        let mut placed = call
            .read_plain(&answer)
            .ok_or_else(|| failure::nonsense("an append"))?;
        let left: Vec<usize> = (0..placed.len())
            .filter(|&place| placed[place].is_none())
            .collect();
        let mut answered: Vec<Answered> = Vec::with_capacity(placed.len());
        let long_way: Vec<&Append> = left.iter().map(|&place| appends[place]).collect();
        let mut long_way = match long_way.is_empty() {
            true => Vec::new(),
            // What was stored is told, whatever becomes of the others.
            false => match self.send_many(&long_way, until).await {
                Ok(answers) => answers,
                Err(failed) => vec![Err(failed); left.len()],
            },
        }
        .into_iter();
        for placed in placed.drain(..) {
            answered.push(match placed {
                Some(placed) => Ok(placed),
                None => long_way
                    .next()
                    .unwrap_or_else(|| Err(failure::nonsense("an append"))),
            });
        }
        Ok(answered)
    }

    async fn send_many(
        &self,
        appends: &[&Append],
        until: Instant,
    ) -> Result<Vec<Answered>, StoreError> {
        let call = AppendCall::new(appends.iter().copied());
        let words = || call.words(&self.server_id, &self.channel, &self.retention, appends);
        let answer = self.call(Script::Append, words, until).await?;
        call.read(&answer)
            .ok_or_else(|| failure::nonsense("an append"))
    }

    /// Makes rooms that are gone though somebody knows of them, and appends to them what
    /// could not be.
    async fn make_rooms_again(
        &self,
        appends: &[&Append],
        mut placed: Vec<Answered>,
        until: Instant,
    ) -> Result<Vec<Answered>, StoreError> {
        let is_gone = |place: &usize| {
            matches!(placed[*place], Err(StoreError::NoSuchRoom(_)))
                && appends[*place].known.is_some()
        };
        let gone: Vec<usize> = (0..placed.len()).filter(is_gone).collect();
        if gone.is_empty() {
            return Ok(placed);
        }
        let known = gone.iter().filter_map(|&place| {
            Some((appends[place].room.clone(), appends[place].known.clone()?))
        });
        confirm::confirm(&self.link, &self.retention, &known.collect::<Vec<_>>()).await?;
        let again: Vec<&Append> = gone.iter().map(|&place| appends[place]).collect();
        for (place, answered) in gone.into_iter().zip(self.send_many(&again, until).await?) {
            placed[place] = answered;
        }
        Ok(placed)
    }

    /// Gives nothing where nothing was done.
    async fn send_one(
        &self,
        append: &Append,
        until: Instant,
    ) -> Result<Option<Placed>, StoreError> {
        let words =
            || plain_append::words_of_one(&self.server_id, &self.channel, &self.retention, append);
        let answer = self.call(Script::AppendOne, words, until).await?;
        plain_append::read_one(&answer).ok_or_else(|| failure::nonsense("an append"))
    }

    /// Makes a call. A Redis that has forgotten the script has carried nothing out: it gets
    /// the script, and the call, again.
    async fn call(
        &self,
        script: Script,
        words: impl Fn() -> Words,
        until: Instant,
    ) -> Result<Value, StoreError> {
        for _ in 0..=MOST_LOADS {
            let Words { keys, args } = words();
            match self
                .link
                .current()?
                .call_once(script, keys, args, until)
                .await
            {
                Ok(answer) => return Ok(answer),
                Err(CallFailure::Other(error)) => return Err(error),
                Err(CallFailure::NoScript) => self.load_scripts(until).await,
            }
        }
        Err(StoreError::Unavailable(
            "Redis forgets its scripts as soon as they are loaded".to_owned(),
        ))
    }

    /// Loads the scripts again. Where that fails, so will the calls.
    async fn load_scripts(&self, until: Instant) {
        if let Ok(connection) = self.link.current() {
            let loads = connection.loads();
            if let Err(error) = connection.load_again(loads, until).await {
                tracing::warn!(%error, "cannot load the scripts into Redis again");
            }
        }
    }
}

//! Telling a room's members who comes, goes and writes.
//!
//! What there is to tell waits in [`Untold`]; the hub comes by and has it told.

use std::time::Instant;

use bytes::Bytes;
use rookery_protocol::{User, UserId, server_frame::Status};
use rookery_store::Online;

use super::{
    Absence, Room, Roster, State, Transition,
    roster::News,
    untold::{self, Untold},
};
use crate::worker::Workers;

/// Whether somebody has to see to it that a room's members are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToTell {
    /// There is nothing, or somebody sees to it already.
    Nothing,
    /// From now on there is something.
    Something,
}

impl Room {
    /// Whether somebody has to ask the store who is there.
    pub(crate) fn roster_is_stale(&self) -> bool {
        self.state.lock().roster.is_stale()
    }

    /// The same for somebody who comes in, and is to be shown who is there.
    pub(crate) fn roster_is_wanting(&self) -> bool {
        self.state.lock().roster.is_wanting()
    }

    /// Where nobody here is in the room, whoever comes next asks anew.
    pub(crate) fn forget_roster_if_idle(&self) -> bool {
        let mut state = self.state.lock();
        let idle = state.left.is_some();
        if idle {
            state.roster = Roster::default();
        }
        idle
    }

    /// Takes the store's picture; the members are to be told what they missed.
    /// `None` where the node has heard of later things meanwhile.
    pub(crate) fn load_roster(
        &self,
        mut online: Online,
        absence: Absence,
        insist: bool,
    ) -> Option<ToTell> {
        let mut state = self.state.lock();
        if !insist && state.roster.is_ahead_of(&online) {
            return None;
        }
        for user in &mut online.users {
            state.share(user);
        }
        let news = state.roster.load(online, absence);
        Some(state.note(news))
    }

    /// Takes what the shared channel told.
    pub(crate) fn apply_transition(&self, mut transition: Transition) -> ToTell {
        let mut state = self.state.lock();
        if let Some((user, status)) = &mut transition.who {
            if *status == Status::Online {
                state.adopt_name(user);
            }
            state.share(user);
        }
        let news = state.roster.apply(transition);
        state.note(news)
    }

    /// Takes who writes, as finished JSON.
    pub(crate) fn note_typing(&self, user: UserId, json: Bytes) -> ToTell {
        let mut state = self.state.lock();
        if state.occupied().next().is_none() {
            return ToTell::Nothing;
        }
        let told = state.is_told();
        state.untold.get_or_insert_default().typing(user, json);
        told
    }

    /// Tells the members what there is to tell, unless it is too soon after the
    /// last time; whether it was done.
    pub(crate) fn tell(&self, now: Instant, workers: &Workers) -> bool {
        let mut state = self.state.lock();
        let span = untold::span(&state.roster);
        if state
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < span)
        {
            return false;
        }
        let State {
            untold: waiting,
            roster,
            listed,
            ..
        } = &mut *state;
        let Some(mut telling) = waiting.take() else {
            return true;
        };
        let since = |listed| now.saturating_duration_since(listed);
        let too_soon = listed.is_some_and(|listed| since(listed) < untold::SPAN_OF_LISTS);
        let put_off = too_soon && telling.put_off_everybody();
        if telling.names_everybody() {
            *listed = Some(now);
        }
        let frames = telling.frames(&self.id, roster);
        if put_off {
            waiting.get_or_insert_default().everybody();
        }
        if !frames.is_empty() {
            state.told = Some(now);
            state.deliver(&self.id, &frames, true, workers);
        }
        !put_off
    }
}

impl State {
    /// Lets a user be the one of the sessions here, where it is the same, so
    /// that their id and name are in memory once.
    fn share(&self, user: &mut User) {
        if let Some((id, local)) = self.users.get_key_value(&user.id)
            && local.name == user.name
        {
            user.id = id.clone();
            user.name = local.name.clone();
        }
    }

    /// Somebody who is here may have come elsewhere by another name: that is theirs now.
    fn adopt_name(&mut self, user: &User) {
        if let Some(local) = self.users.get_mut(&user.id)
            && local.name != user.name
        {
            local.name = user.name.clone();
        }
    }

    /// Notes what is to be told.
    fn note(&mut self, news: impl IntoIterator<Item = News>) -> ToTell {
        let mut news = news.into_iter().peekable();
        if news.peek().is_none() {
            return ToTell::Nothing;
        }
        let told = self.is_told();
        let untold: &mut Untold = self.untold.get_or_insert_default();
        for news in news {
            match news {
                News::User(user, status) => untold.user(user, status),
                News::Name(user) => untold.name(user),
                News::Count => untold.count(),
                News::Everybody => untold.everybody(),
            }
        }
        told
    }

    fn is_told(&self) -> ToTell {
        match self.untold {
            Some(_) => ToTell::Nothing,
            None => ToTell::Something,
        }
    }
}

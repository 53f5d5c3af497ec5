//! Telling a room's members who comes, goes and writes.
//!
//! What there is to tell waits in [`Notices`]; whoever keeps the queue of rooms
//! that have some comes by and has it told.

use bytes::Bytes;
use rookery_protocol::{User, UserId, encode, server_frame::Status};
use rookery_store::Online;

use super::{
    Absence, Room, RoomState, Roster, Transition,
    notices::{self, Notice, Notices},
    roster::RosterChange,
};
use crate::{
    clock::Moment,
    delivery::{Inboxes, Push},
};

/// Whether a room has to be put into the queue of those with notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enqueue {
    /// There is nothing, or it stands there already.
    No,
    /// From now on there is something.
    Yes,
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
        let idle = state.empty_since.is_some();
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
    ) -> Option<Enqueue> {
        let mut state = self.state.lock();
        if !insist && state.roster.is_ahead_of(&online) {
            return None;
        }
        for user in &mut online.users {
            state.share(user);
        }
        let changes = state.roster.load(online, absence);
        Some(state.note(changes))
    }

    /// Takes what the shared channel told.
    pub(crate) fn apply_transition(&self, mut transition: Transition) -> Enqueue {
        let mut state = self.state.lock();
        if let Some((user, status)) = &mut transition.who {
            if *status == Status::Online {
                state.adopt_name(user);
            }
            state.share(user);
        }
        let change = state.roster.apply(transition);
        state.note(change)
    }

    /// Takes who writes, as finished JSON.
    pub(crate) fn note_typing(&self, user: UserId, json: Bytes) -> Enqueue {
        let mut state = self.state.lock();
        if state.members.is_empty() {
            return Enqueue::No;
        }
        let enqueue = state.enqueue();
        state.notices.get_or_insert_default().typing(user, json);
        enqueue
    }

    /// Who is online as a notice that takes the place of all that somebody knew.
    pub(crate) fn whole_presence(&self) -> Bytes {
        let mut state = self.state.lock();
        let roster = &mut state.roster;
        match roster.has_everybody() {
            true => encode::presence_of_all(&self.id, &roster.users_json(), roster.count()),
            false => encode::presence_count(&self.id, roster.count()),
        }
        .into()
    }

    /// Tells the members up to where somebody has received or read.
    pub(crate) fn push_receipt(&self, json: &[u8], inboxes: &Inboxes) {
        let state = self.state.lock();
        state.push(&self.id, &[Push::Receipt(json)], true, inboxes);
    }

    /// Tells the members what there is to tell, unless it is too soon after the
    /// last time; whether it was done.
    pub(crate) fn tell(&self, now: Moment, inboxes: &Inboxes) -> bool {
        let mut state = self.state.lock();
        let span = notices::span(&state.roster);
        if state
            .told
            .is_some_and(|told| now.saturating_duration_since(told) < span)
        {
            return false;
        }
        let RoomState {
            notices: waiting,
            roster,
            listed,
            memory,
            ..
        } = &mut *state;
        let Some(mut telling) = waiting.take() else {
            return true;
        };
        // Who came together has come by now.
        memory.let_go();
        roster.let_go();
        let since = |listed| now.saturating_duration_since(listed);
        let too_soon = listed.is_some_and(|listed| since(listed) < notices::SPAN_OF_LISTS);
        let put_off = too_soon && telling.put_off_everybody();
        if telling.names_everybody() {
            *listed = Some(now);
        }
        let told = telling.told(&self.id, roster);
        if put_off {
            waiting.get_or_insert_default().everybody();
        }
        if !told.is_empty() {
            state.told = Some(now);
            let pushes: Vec<_> = told.iter().map(Notice::push).collect();
            state.push(&self.id, &pushes, true, inboxes);
        }
        !put_off
    }
}

impl RoomState {
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
    fn note(&mut self, changes: impl IntoIterator<Item = RosterChange>) -> Enqueue {
        let mut changes = changes.into_iter().peekable();
        if changes.peek().is_none() {
            return Enqueue::No;
        }
        let enqueue = self.enqueue();
        let notices: &mut Notices = self.notices.get_or_insert_default();
        for change in changes {
            match change {
                RosterChange::User(user, status) => notices.user(user, status),
                RosterChange::Name(user) => notices.name(user),
                RosterChange::Count => notices.count(),
                RosterChange::Everybody => notices.everybody(),
            }
        }
        enqueue
    }

    fn enqueue(&self) -> Enqueue {
        match self.notices {
            Some(_) => Enqueue::No,
            None => Enqueue::Yes,
        }
    }
}

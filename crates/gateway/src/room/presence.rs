//! Telling a room's members who comes and goes.

use rookery_protocol::encode;
use rookery_store::Online;

use super::{Room, State, Transition, roster::News};
use crate::worker::Workers;

impl Room {
    /// Whether somebody has to ask the store who is there.
    pub(crate) fn roster_is_stale(&self) -> bool {
        self.state.lock().roster.is_stale()
    }

    /// Takes the store's picture and tells the members what they missed.
    /// Returns false where the node has heard of later things meanwhile.
    pub(crate) fn load_roster(&self, online: Online, insist: bool, workers: &Workers) -> bool {
        let mut state = self.state.lock();
        if !insist && state.roster.is_ahead_of(&online) {
            return false;
        }
        for news in state.roster.load(online) {
            state.tell_news(self, news, workers);
        }
        true
    }

    /// Takes what the shared channel told.
    pub(crate) fn apply_transition(&self, transition: Transition, workers: &Workers) {
        let mut state = self.state.lock();
        if let Some(news) = state.roster.apply(transition) {
            state.tell_news(self, news, workers);
        }
    }

    /// Tells a big room how many are there, if that changed since the last time.
    pub(crate) fn tell_count(&self, workers: &Workers) {
        let mut state = self.state.lock();
        if std::mem::take(&mut state.count_untold) {
            let json = encode::presence_count(&self.id, state.roster.count());
            state.tell(&self.id, &json, workers);
        }
    }
}

impl State {
    /// One user's news go out at once; those of a big room wait for the next second.
    fn tell_news(&mut self, room: &Room, news: News, workers: &Workers) {
        match news {
            News::User(user, status) => {
                let json = encode::presence(&room.id, &user, status, self.roster.count());
                self.tell(&room.id, &json, workers);
            }
            News::Count => self.count_untold = true,
        }
    }
}

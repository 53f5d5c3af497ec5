//! Takes the presence of nodes away that are gone, some users of some rooms at
//! a time, so that Redis serves others in between. Who does it claims the life
//! first, and again with each call: whoever sees a claim that stands still takes over.

use fred::types::{Key, Value};
use rookery_protocol::RoomId;

use super::{
    Redis, answer::Answer, append_call::text, keys, lives::node_of, read::number, script::Script,
    watch::Over,
};
use crate::{GoneNode, Online, StoreError, epoch};

/// How many rooms are looked at in one call.
const ROOMS_PER_CALL: usize = 128;
/// How many users are taken out of them.
const USERS_PER_CALL: u64 = 500;

/// What a call of the sweep led to.
struct Swept {
    taken: u64,
    /// Where there is more to do; in no room it is done.
    rooms: Vec<RoomId>,
}

impl Redis {
    /// See [`crate::Store::sweep_gone_nodes`].
    pub(crate) async fn sweep_gone_nodes(&self) -> Result<Vec<GoneNode>, StoreError> {
        let mut gone = Vec::new();
        for over in self.look_at_leases().await? {
            match self.sweep(&over).await {
                Ok(swept) => gone.extend(swept),
                // What is done is done, and the rest is there the next time.
                Err(error) if gone.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(gone)
    }

    /// The lives that are over, as this node has seen.
    async fn look_at_leases(&self) -> Result<Vec<Over>, StoreError> {
        let mut watch = self.presence.watch.lock().await;
        let keys = vec![keys::LEASES.into()];
        let answer = self.presence.line.call(Script::Leases, keys, vec![]).await;
        let mut answer = match answer {
            Ok(answer) => Answer::new("a list of leases", answer)?,
            Err(error) => {
                watch.forget();
                return Err(error);
            }
        };
        let mut lives = Vec::new();
        while !answer.is_empty() {
            lives.push((answer.text()?, answer.text()?));
        }
        watch.look(lives.into_iter(), std::time::Instant::now());
        let own = self.presence.lives.present().ok();
        Ok(watch.over(own.as_ref().map(|life| life.name.as_str())))
    }

    /// Takes the users of a life out of all rooms. Nothing where somebody else
    /// does, or the node lives after all.
    async fn sweep(&self, over: &Over) -> Result<Option<GoneNode>, StoreError> {
        // Nobody else ever makes the same claim.
        let word = epoch::fresh();
        let mut state = over.state.clone();
        let (mut calls, mut taken, mut rooms) = (0_u64, 0, Vec::new());
        loop {
            calls += 1;
            let claim = format!("swept {word}:{calls}");
            let (keys, args) = self.sweep_call(&over.life, &state, &claim, &rooms);
            let answer = self.ask("a sweep", Script::Sweep, keys, args).await?;
            let Some(swept) = read(answer)? else {
                return Ok(None);
            };
            taken += swept.taken;
            if swept.rooms.is_empty() {
                break;
            }
            (state, rooms) = (claim, swept.rooms);
        }
        let gone = |node| GoneNode {
            node,
            stopped: over.stopped,
            taken,
        };
        Ok(node_of(&over.life).map(gone))
    }

    fn sweep_call(
        &self,
        life: &str,
        state: &str,
        claim: &str,
        rooms: &[RoomId],
    ) -> (Vec<Key>, Vec<Value>) {
        let mut keys: Vec<Key> = vec![
            keys::LEASES.into(),
            keys::PRESENCE_TIME.into(),
            keys::rooms_of_life(life).into(),
        ];
        let mut args = vec![
            text(life),
            text(state),
            text(claim),
            text(&*self.channel),
            text(Online::MOST_USERS.to_string()),
            number(USERS_PER_CALL),
            text(ROOMS_PER_CALL.to_string()),
            number(self.retention.keep_empty_ms),
        ];
        for room in rooms {
            keys.push(keys::online(room).into());
            keys.push(keys::online_of_life(room, life).into());
            keys.push(keys::head(room).into());
            keys.push(keys::log(room).into());
            args.push(text(room.as_str()));
        }
        (keys, args)
    }
}

/// Nothing where the life is not the caller's to sweep.
fn read(mut answer: Answer) -> Result<Option<Swept>, StoreError> {
    let (claimed, taken) = (answer.flag()?, answer.number()?);
    let mut rooms = Vec::new();
    while !answer.is_empty() {
        let room = RoomId::new(answer.text()?);
        rooms.push(room.map_err(|_| super::failure::nonsense("a sweep"))?);
    }
    Ok(claimed.then_some(Swept { taken, rooms }))
}

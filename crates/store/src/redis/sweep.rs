//! Takes the presence of nodes away that are gone, some users of some rooms at
//! a time, so that Redis serves others in between. Who does it claims the life
//! first, and again with each call: whoever sees a claim that stands still takes over.

use fred::types::Key;
use rookery_protocol::{Epoch, RoomId};

use super::{
    Redis, answer::Answer, append_call::text, failure, keys, lease::end_life, lives::node_of,
    read::number, script::Script, watch::Over,
};
use crate::{GoneNode, Online, Partition, StoreError, epoch};

const WHAT: &str = "a sweep";

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

/// A claim of a life, made anew again and again.
struct Claim<'a> {
    engine: &'a Redis,
    life: &'a str,
    state: String,
    /// Nobody else ever makes the same.
    word: Epoch,
    made: u64,
}

impl<'a> Claim<'a> {
    fn new(engine: &'a Redis, over: &'a Over) -> Self {
        Self {
            engine,
            life: &over.life,
            state: over.state.clone(),
            word: epoch::fresh(),
            made: 0,
        }
    }

    /// Claims the life, again where it was claimed before; whether nobody else did.
    async fn make(&mut self) -> Result<bool, StoreError> {
        self.made += 1;
        let next = format!("swept {}:{}", self.word, self.made);
        let changing = self.engine.change_lease(self.life, &self.state, &next);
        if !changing.await? {
            return Ok(false);
        }
        self.state = next;
        Ok(true)
    }

    /// Nothing is left of the life.
    async fn done(self) -> Result<(), StoreError> {
        self.engine.change_lease(self.life, &self.state, "").await?;
        Ok(())
    }
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
        let mut claim = Claim::new(self, over);
        if !claim.make().await? {
            return Ok(None);
        }
        let mut taken = 0;
        for partition in self.partitions_of(&over.life).await? {
            let mut rooms = Vec::new();
            loop {
                let swept = self.sweep_rooms(&over.life, partition, &rooms).await?;
                taken += swept.taken;
                rooms = swept.rooms;
                if rooms.is_empty() {
                    break;
                }
                if !claim.make().await? {
                    return Ok(None);
                }
            }
        }
        claim.done().await?;
        let gone = |node| GoneNode {
            node,
            stopped: over.stopped,
            taken,
        };
        Ok(node_of(&over.life).map(gone))
    }

    /// Sees that nothing of a life is entered any more, and gives where it has somebody.
    async fn partitions_of(&self, life: &str) -> Result<Vec<Partition>, StoreError> {
        let mut found = Vec::new();
        let grouping = self.link.current()?.grouping();
        for (keys, args, partitions) in end_life(grouping, life) {
            let mut there = self.ask(WHAT, Script::EndLife, keys, args).await?;
            for partition in partitions {
                if there.flag()? {
                    found.push(partition);
                }
            }
        }
        Ok(found)
    }

    async fn sweep_rooms(
        &self,
        life: &str,
        partition: Partition,
        rooms: &[RoomId],
    ) -> Result<Swept, StoreError> {
        let mut keys: Vec<Key> = vec![
            keys::presence_time(partition).into(),
            keys::rooms_of_life(partition, life).into(),
            keys::due(partition).into(),
        ];
        let mut args = vec![
            text(life),
            text(&*self.channel),
            text(Online::MOST_USERS.to_string()),
            number(USERS_PER_CALL),
            text(ROOMS_PER_CALL.to_string()),
        ];
        for room in rooms {
            keys.push(keys::online(room).into());
            keys.push(keys::online_of_life(room, life).into());
            keys.push(keys::head(room).into());
            args.push(text(room.as_str()));
            args.push(number(self.retention.keep_ms(room)));
        }
        let mut answer = self.ask(WHAT, Script::Sweep, keys, args).await?;
        let taken = answer.number()?;
        let mut rooms = Vec::new();
        while !answer.is_empty() {
            let room = RoomId::new(answer.text()?);
            rooms.push(room.map_err(|_| failure::nonsense(WHAT))?);
        }
        Ok(Swept { taken, rooms })
    }
}

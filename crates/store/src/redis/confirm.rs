//! Holding what a node knows against the logs.

use fred::types::Key;
use rookery_protocol::{Cursor, Epoch, RoomId};

use super::{
    Redis,
    append_call::{cursor, text},
    failure, keys,
    read::number,
    script::Script,
};
use crate::{StoreError, epoch};

/// How many rooms are held against their logs in one call.
const ROOMS_PER_CALL: usize = 256;

impl Redis {
    /// See [`crate::Store::confirm`].
    pub(crate) async fn confirm(
        &self,
        known: &[(RoomId, Cursor)],
    ) -> Result<Vec<Option<Cursor>>, StoreError> {
        let mut ends = Vec::with_capacity(known.len());
        for known in known.chunks(ROOMS_PER_CALL) {
            let rooms = || known.iter().map(|(room, _)| room);
            let mut keys = vec![Key::from(keys::TERM)];
            keys.extend(rooms().map(|room| Key::from(keys::head(room))));
            keys.extend(rooms().map(|room| Key::from(keys::log(room))));
            keys.extend(rooms().map(|room| Key::from(keys::online(room))));
            let mut args = vec![text(epoch::half()), number(self.retention.keep_empty_ms)];
            for (room, known) in known {
                args.push(number(self.retention.ttl_ms(room).unwrap_or(0)));
                args.extend(cursor(Some(known)));
            }
            let what = "what is known of rooms";
            let mut answer = self.ask(what, Script::Confirm, keys, args).await?;
            for _ in known {
                let (epoch, seq) = (answer.text()?, answer.text()?);
                ends.push(match (epoch.as_str(), seq.parse()) {
                    ("", _) => None,
                    (epoch, Ok(seq)) => Some(Cursor {
                        epoch: Epoch::new(epoch).map_err(|_| failure::nonsense(what))?,
                        seq,
                    }),
                    (_, Err(_)) => return Err(failure::nonsense(what)),
                });
            }
        }
        Ok(ends)
    }
}

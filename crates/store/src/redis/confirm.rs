//! Holding what a node knows against the logs.

use fred::types::Key;
use rookery_protocol::{Cursor, Epoch, RoomId};

use super::{
    Redis,
    answer::Answer,
    append_call::{cursor, text},
    failure,
    grouping::in_order,
    keys,
    link::Link,
    read::number,
    script::Script,
};
use crate::{Partition, Retention, StoreError, epoch};

const WHAT: &str = "what is known of rooms";

/// How many rooms are held against their logs in one call.
const ROOMS_PER_CALL: usize = 256;

impl Redis {
    /// See [`crate::Store::confirm`].
    pub(crate) async fn confirm(
        &self,
        known: &[(RoomId, Cursor)],
    ) -> Result<Vec<Option<Cursor>>, StoreError> {
        confirm(&self.link, &self.retention, known).await
    }
}

/// Holds what is known against the logs; see [`crate::Store::confirm`].
pub(super) async fn confirm(
    link: &Link,
    retention: &Retention,
    known: &[(RoomId, Cursor)],
) -> Result<Vec<Option<Cursor>>, StoreError> {
    let mut ends = Vec::with_capacity(known.len());
    let grouping = link.current()?.grouping();
    for group in grouping.split(known, |(room, _)| Partition::of_room(room)) {
        for group in group.chunks(ROOMS_PER_CALL) {
            let known: Vec<_> = group.iter().map(|&(_, known)| known).collect();
            let found = confirm_together(link, retention, &known).await?;
            ends.extend(group.iter().map(|&(place, _)| place).zip(found));
        }
    }
    in_order(known.len(), ends).ok_or_else(|| failure::nonsense(WHAT))
}

/// What may travel in one call.
async fn confirm_together(
    link: &Link,
    retention: &Retention,
    known: &[&(RoomId, Cursor)],
) -> Result<Vec<Option<Cursor>>, StoreError> {
    let mut partitions: Vec<Partition> = Vec::new();
    let mut args = vec![text(epoch::half()), text("")];
    for (room, known) in known {
        let partition = Partition::of_room(room);
        let place = partitions.iter().position(|&other| other == partition);
        let place = place.unwrap_or_else(|| {
            partitions.push(partition);
            partitions.len() - 1
        });
        args.push(text(room.as_str()));
        args.push(text((place + 1).to_string()));
        args.push(number(retention.keep_ms(room)));
        args.extend(cursor(Some(known)));
    }
    args[1] = text(partitions.len().to_string());
    let mut keys: Vec<Key> = Vec::with_capacity(partitions.len() + 6 * known.len());
    keys.extend(partitions.iter().map(|&of| Key::from(keys::partition(of))));
    keys.extend(known.iter().map(|(room, _)| Key::from(keys::head(room))));
    for (room, _) in known {
        let partition = Partition::of_room(room);
        keys.push(keys::log(room).into());
        keys.push(keys::hidden(room).into());
        keys.push(keys::online(room).into());
        keys.push(keys::rooms(partition).into());
        keys.push(keys::due(partition).into());
    }
    let mut answer = link.ask(WHAT, Script::Confirm, keys, args).await?;
    known.iter().map(|_| end(&mut answer)).collect()
}

/// The end of a log; nothing where it cannot be read.
fn end(answer: &mut Answer) -> Result<Option<Cursor>, StoreError> {
    let (epoch, seq) = (answer.text()?, answer.text()?);
    if epoch.is_empty() {
        return Ok(None);
    }
    Ok(Some(Cursor {
        epoch: Epoch::new(epoch).map_err(|_| failure::nonsense(WHAT))?,
        seq: seq.parse().map_err(|_| failure::nonsense(WHAT))?,
    }))
}

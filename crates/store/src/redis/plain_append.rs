//! The short ways of an append: a message of its own, or messages of rooms about which
//! nothing is out of the ordinary. Whatever turns out to need more goes the long way.

use fred::{
    bytes_utils::Str,
    types::{Key, Value},
};
use rookery_protocol::{EventKind, ServerId};

use super::{
    append_call::{AppendCall, Placed, Words, counts, cursor, nonce_field, placed, text},
    keys,
    read::number,
};
use crate::{Append, Partition, Retention};

/// Arguments of `append_plain.lua` before those of messages and rooms.
const FIXED_ARGS: usize = 5;

/// Whether an append may go the short way of `append_one.lua`.
pub(super) fn is_plain(append: &Append, retention: &Retention) -> bool {
    append.body.kind == EventKind::Message
        && append.overwrite.is_none()
        && retention.ttl_ms(&append.room).is_none()
}

/// Writes the call of one plain append.
pub(super) fn words_of_one(
    server_id: &ServerId,
    channel: &Str,
    retention: &Retention,
    append: &Append,
) -> Words {
    let (room, partition) = (&append.room, Partition::of_room(&append.room));
    let keys = [
        keys::partition(partition),
        keys::head(room),
        keys::log(room),
        keys::feed(partition),
    ];
    let [known_epoch, known_seq] = cursor(append.known.as_ref());
    let envelope =
        format!(r#"{{"server_id":"{server_id}","type":"message","room":"{room}","epoch":""#);
    Words {
        keys: keys.into_iter().map(Key::from).collect(),
        args: vec![
            number(retention.max_messages),
            text(channel.clone()),
            nonce_field(append),
            text(room.as_str()),
            known_epoch,
            known_seq,
            Value::Bytes(append.body.fields.clone()),
            text(envelope),
        ],
    }
}

/// What the answer says of one plain append: nothing where it has to go the long way.
pub(super) fn read_one(answer: &Value) -> Option<Option<Placed>> {
    if answer.is_null() {
        return Some(None);
    }
    let answer = answer.as_str()?;
    let (epoch, line) = answer.split_once('\n')?;
    placed(line, epoch).map(Some)
}

impl AppendCall {
    /// Writes the call of `append_plain.lua`, for appends that are all plain.
    pub(super) fn plain_words(
        &self,
        server_id: &ServerId,
        channel: &Str,
        retention: &Retention,
        appends: &[&Append],
    ) -> Words {
        let groups = &self.groups;
        let partitions = self.partitions();
        let order = || groups.iter().flat_map(|group| &group.places);
        let mut args = Vec::with_capacity(FIXED_ARGS + 3 * groups.len() + 2 * appends.len());
        args.push(number(retention.max_messages));
        args.push(text(channel.clone()));
        args.push(text(groups.len().to_string()));
        args.push(counts(groups, &partitions));
        args.push(text(format!(
            r#"{{"server_id":"{server_id}","type":"message","room":""#
        )));
        args.extend(order().map(|place| nonce_field(appends[place.position])));
        for group in groups {
            args.push(text(group.room.as_str()));
            args.extend(cursor(group.known.as_ref()));
            let fields = group
                .places
                .iter()
                .map(|place| &appends[place.position].body.fields);
            args.extend(fields.map(|fields| Value::Bytes(fields.clone())));
        }
        let rooms = || groups.iter().map(|group| &group.room);
        let mut keys = Vec::with_capacity(1 + partitions.len() + 2 * groups.len());
        keys.extend(
            partitions
                .first()
                .map(|&first| Key::from(keys::feed(first))),
        );
        keys.extend(partitions.iter().map(|&of| Key::from(keys::partition(of))));
        keys.extend(rooms().map(|room| Key::from(keys::head(room))));
        keys.extend(rooms().map(|room| Key::from(keys::log(room))));
        Words { keys, args }
    }

    /// What the answer to that says of each append, in the order in which they were given:
    /// nothing where it was not carried out and has to go the long way.
    pub(super) fn read_plain(&self, answer: &Value) -> Option<Vec<Option<Placed>>> {
        let answer = answer.as_str()?;
        let mut lines = answer.split('\n');
        let count = self.groups.iter().map(|group| group.places.len()).sum();
        let mut all = vec![None; count];
        for group in &self.groups {
            let epoch = lines.next()?;
            if epoch == "~" {
                continue;
            }
            for place in &group.places {
                all[place.position] = Some(placed(lines.next()?, epoch)?);
            }
        }
        Some(all)
    }
}

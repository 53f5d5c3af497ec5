//! Finding people by what they are called.

use bytes::Bytes;
use fred::types::Value;

use crate::{
    Partition, StoreError,
    find_people::PersonPlace,
    redis::{Redis, append_call::text, failure, keys, read::number, script::Script},
};

const WHAT: &str = "a search for people";

/// What no text has, so that it is behind all that begin as what is before it.
const BEHIND_ALL: u8 = 0xff;

impl Redis {
    /// See `crate::Store::people_after`.
    pub(crate) async fn people_after(
        &self,
        beginning: &str,
        after: Option<&PersonPlace>,
        limit: usize,
    ) -> Result<Vec<PersonPlace>, StoreError> {
        let from = match after {
            Some(place) => format!("({}", place.to_text()),
            None => format!("[{beginning}"),
        };
        let up_to = [b"(", beginning.as_bytes(), &[BEHIND_ALL]].concat();
        let args = vec![
            text(from),
            Value::Bytes(Bytes::from(up_to)),
            number(limit as u64),
        ];
        let mut found = Vec::new();
        let grouping = self.link.current()?.grouping();
        for group in grouping.split(Partition::all(), |partition| *partition) {
            let keys = group.iter().map(|(_, partition)| keys::people(*partition));
            let keys = keys.map(Into::into).collect();
            let mut answer = self
                .ask(WHAT, Script::FindPeople, keys, args.clone())
                .await?;
            while !answer.is_empty() {
                let place = PersonPlace::read(&answer.text()?);
                found.push(place.ok_or_else(|| failure::nonsense(WHAT))?);
            }
        }
        Ok(found)
    }

    /// See `crate::Store::forget_places`.
    pub(crate) async fn forget_places(&self, places: &[PersonPlace]) -> Result<(), StoreError> {
        let connection = self.link.current()?;
        for place in places {
            let people = keys::people(Partition::of_user(place.user()));
            let args = vec![text(people), text(place.to_text())];
            let _: Value = connection.command("ZREM", args).await?;
        }
        Ok(())
    }
}

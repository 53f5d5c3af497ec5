//! What can be made out of a frame that is wrong.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::RequestId;

/// Just enough of a frame to tell garbage from a frame with a wrong field: it
/// is an object and has a `type`, which is text.
pub(super) struct Outline {
    /// The type.
    pub(super) kind: String,
    /// The id, where there is one of the right form, and only one.
    pub(super) id: Option<RequestId>,
    /// Whether it has one `id` at most.
    pub(super) is_sound: bool,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Outlining)
    }
}

struct Outlining;

impl<'de> Visitor<'de> for Outlining {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let (mut kind, mut ids) = (None, Vec::new());
        while let Some(field) = map.next_key::<Cow<'de, str>>()? {
            match field.as_ref() {
                "type" => kind = Some(map.next_value::<String>()?),
                "id" => ids.push(map.next_value::<&'de RawValue>()?),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        let kind = kind.ok_or_else(|| de::Error::missing_field("type"))?;
        let id = match ids[..] {
            [id] => RequestId::as_written(id).ok(),
            _ => None,
        };
        Ok(Outline {
            kind,
            id,
            is_sound: ids.len() < 2,
        })
    }
}

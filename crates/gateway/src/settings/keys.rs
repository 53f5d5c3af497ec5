//! The names of all settings, read off the structs themselves.

use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor, value::Error},
    forward_to_deserialize_any,
};

use super::{
    AdminSettings, AuthSettings, EmbeddedSettings, HttpSettings, LimitSettings, LogSettings,
    PresenceSettings, RedisSettings, RoomSettings, Settings,
};

/// All keys, such as `listen` and `limits.frame_bytes`.
pub fn known_keys() -> Vec<String> {
    let mut keys = Vec::new();
    for &name in fields::<Settings>() {
        match section(name) {
            Some(fields) => keys.extend(fields.iter().map(|field| format!("{name}.{field}"))),
            None => keys.push(name.to_owned()),
        }
    }
    keys
}

/// The fields of a section; `None` where the name is a setting itself.
pub(super) fn section(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "admin" => fields::<AdminSettings>(),
        "embedded" => fields::<EmbeddedSettings>(),
        "redis" => fields::<RedisSettings>(),
        "auth" => fields::<AuthSettings>(),
        "http" => fields::<HttpSettings>(),
        "limits" => fields::<LimitSettings>(),
        "rooms" => fields::<RoomSettings>(),
        "presence" => fields::<PresenceSettings>(),
        "log" => fields::<LogSettings>(),
        _ => return None,
    })
}

/// The known key that is most like this one, if any is.
pub(super) fn nearest(key: &str) -> Option<String> {
    let own_part = |key: &str| key.rsplit('.').next().unwrap_or(key).to_owned();
    let likeness = |known: &str| {
        let whole = strsim::normalized_damerau_levenshtein(key, known);
        let part = strsim::normalized_damerau_levenshtein(&own_part(key), &own_part(known));
        whole.max(part * 0.95)
    };
    known_keys()
        .into_iter()
        .map(|known| (likeness(&known), known))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

/// The fields that serde knows of a struct.
fn fields<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Ends with an error by design: nothing is there to be read but the names.
    let _ = T::deserialize(FieldNames(&mut names));
    names
}

struct FieldNames<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for FieldNames<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("only the names are wanted"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_a_key_or_a_section() {
        let keys = known_keys();
        assert!(keys.iter().any(|key| key == "listen"));
        assert!(keys.iter().any(|key| key == "limits.frame_bytes"));
        assert!(keys.iter().any(|key| key == "rooms.lifetimes"));
        assert!(
            !keys.iter().any(|key| key == "presence"),
            "a section is no key"
        );
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(
            nearest("limits.frame_byte").as_deref(),
            Some("limits.frame_bytes")
        );
        assert_eq!(
            nearest("limit.frame_bytes").as_deref(),
            Some("limits.frame_bytes")
        );
        assert_eq!(nearest("jwt_secret").as_deref(), Some("auth.jwt_secret"));
        assert_eq!(nearest("quux"), None);
    }
}

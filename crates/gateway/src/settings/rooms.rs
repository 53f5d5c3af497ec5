//! `[rooms]`: what a room keeps, and who makes one.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use super::{kinds, parse_span};

/// What a room keeps, and who makes one.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoomSettings {
    /// The most messages that a room keeps, and whatever happened since the first of them; 0 is no limit.
    #[serde(deserialize_with = "kinds::whole")]
    pub max_messages: u64,
    /// The most bytes of recent events that this node remembers, of all its rooms together.
    #[serde(deserialize_with = "kinds::whole")]
    pub recent_bytes: usize,
    /// For how many milliseconds this node goes on following a room that nobody here is in any more.
    #[serde(deserialize_with = "kinds::whole")]
    pub linger_ms: u64,
    /// For how many milliseconds a room without messages outlives what happened there last
    /// and the last who was there; 0 is for good.
    #[serde(deserialize_with = "kinds::whole")]
    pub keep_empty_ms: u64,
    /// Whether joining a room that nobody has made makes a public one.
    #[serde(deserialize_with = "kinds::yes_or_no")]
    pub create_on_join: bool,
    /// The words that are reactions as `:word:`, beside the emoji of Unicode; for the environment a
    /// text with commas.
    #[serde(deserialize_with = "kinds::list")]
    pub custom_reactions: Vec<String>,
    /// How long messages live in rooms whose id begins so.
    pub lifetimes: Lifetimes,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            max_messages: 10_000,
            recent_bytes: 64 * 1024 * 1024,
            linger_ms: 60_000,
            keep_empty_ms: 3_600_000,
            create_on_join: true,
            custom_reactions: Vec::new(),
            lifetimes: Lifetimes(BTreeMap::from([("event:".to_owned(), 30_000)])),
        }
    }
}

/// A lifetime in milliseconds per beginning of a room id; the longest one that fits counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lifetimes(pub BTreeMap<String, u64>);

/// Reads a table, or, for the environment, a text like `event:=30s, tmp:=5m`.
impl<'de> Deserialize<'de> for Lifetimes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LifetimesVisitor)
    }
}

struct LifetimesVisitor;

impl<'de> Visitor<'de> for LifetimesVisitor {
    type Value = Lifetimes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of room prefixes and times, such as \"event:\" = \"30s\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Lifetimes, E> {
        let pairs = text
            .split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty());
        let parsed = pairs.map(|pair| {
            let (prefix, span) = pair
                .split_once('=')
                .ok_or_else(|| E::custom(format!("must be like event:=30s, not {pair:?}")))?;
            let span = parse_span(span).map_err(E::custom)?;
            Ok((prefix.trim().to_owned(), span))
        });
        parsed.collect::<Result<_, E>>().map(Lifetimes)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<Lifetimes, A::Error> {
        let mut lifetimes = BTreeMap::new();
        while let Some((prefix, Milliseconds(span))) = pairs.next_entry::<String, _>()? {
            lifetimes.insert(prefix, span);
        }
        Ok(Lifetimes(lifetimes))
    }
}

struct Milliseconds(u64);

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MillisecondsVisitor).map(Self)
    }
}

struct MillisecondsVisitor;

impl Visitor<'_> for MillisecondsVisitor {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"30s\", or milliseconds")
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<u64, E> {
        Ok(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<u64, E> {
        u64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<u64, E> {
        parse_span(text).map_err(E::custom)
    }
}

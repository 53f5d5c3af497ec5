//! A document of the store: read with the time, and replaced if it is still the same.

use rookery_protocol::UserId;
use serde::{Serialize, de::DeserializeOwned};

use super::{AccountTimes, Skeleton};
use crate::{Partition, Store, StoreError};

/// How often a step is tried anew where somebody else was faster each time.
const TRIES: usize = 32;

/// Which document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum DocumentKey {
    /// The account of a user.
    Account(UserId),
    /// Whose a name is.
    Name(Skeleton),
    /// Whom a user has blocked.
    Blocks(UserId),
}

impl DocumentKey {
    /// Where it lies.
    pub(crate) fn partition(&self) -> Partition {
        match self {
            Self::Account(user) | Self::Blocks(user) => Partition::of_user(user),
            Self::Name(name) => Partition::of_name(name),
        }
    }
}

/// What tells a document from what it was before. At random, so that one which is made
/// anew is not taken for the one that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(pub(crate) u64);

impl Version {
    fn fresh() -> Self {
        Self(rand::random())
    }
}

/// A document as it lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) version: Version,
    /// As JSON.
    pub(crate) json: String,
}

impl Document {
    /// As it is written: 16 hexadecimal digits, a space, the JSON.
    pub(crate) fn to_text(&self) -> String {
        format!("{:016x} {}", self.version.0, self.json)
    }

    /// Takes a text as one.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (version, json) = text.split_once(' ')?;
        Some(Self {
            version: Version(u64::from_str_radix(version, 16).ok()?),
            json: json.to_owned(),
        })
    }
}

/// Documents of one moment; `None` where there is none.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    /// When that was, in milliseconds since the Unix epoch.
    pub(crate) now: u64,
    /// In the order asked.
    pub(crate) found: Vec<Option<Document>>,
}

/// What a step does with a document.
pub(super) enum Next<T, A> {
    /// It stays as it is.
    Keep(A),
    /// This takes its place.
    Put(T, A),
    /// It goes.
    Remove(A),
}

impl Store {
    /// Documents, in the order asked.
    pub(super) async fn documents(&self, keys: &[DocumentKey]) -> Result<Documents, StoreError> {
        match self {
            Self::Embedded(engine) => engine.documents(keys).await,
            Self::Redis(engine) => engine.documents(keys).await,
        }
    }

    /// Puts `next` in the place of a document where that has still this version; `None` is
    /// that there is none. Whether it did.
    async fn swap_document(
        &self,
        key: &DocumentKey,
        version: Option<Version>,
        next: Option<Document>,
    ) -> Result<bool, StoreError> {
        match self {
            Self::Embedded(engine) => engine.swap_document(key, version, next).await,
            Self::Redis(engine) => engine.swap_document(key, version, next).await,
        }
    }

    pub(super) fn account_times(&self) -> AccountTimes {
        match self {
            Self::Embedded(engine) => engine.account_times(),
            Self::Redis(engine) => engine.account_times(),
        }
    }

    /// A document as what it is, and the time.
    pub(super) async fn read_document<T: DeserializeOwned>(
        &self,
        key: &DocumentKey,
    ) -> Result<(Option<T>, u64), StoreError> {
        let Documents { now, mut found } = self.documents(std::slice::from_ref(key)).await?;
        let document = found.pop().flatten();
        let held = document.map(|document| read_json(&document)).transpose()?;
        Ok((held, now))
    }

    /// Carries out a step on a document: `step` is given what lies there and the time, and is
    /// asked again where somebody else was faster.
    pub(super) async fn change_document<T, A>(
        &self,
        key: &DocumentKey,
        mut step: impl FnMut(Option<T>, u64) -> Result<Next<T, A>, StoreError>,
    ) -> Result<A, StoreError>
    where
        T: Serialize + DeserializeOwned,
    {
        for _ in 0..TRIES {
            let Documents { now, mut found } = self.documents(std::slice::from_ref(key)).await?;
            let document = found.pop().flatten();
            let version = document.as_ref().map(|document| document.version);
            let held = document.map(|document| read_json(&document)).transpose()?;
            let (next, answer) = match step(held, now)? {
                Next::Keep(answer) => return Ok(answer),
                Next::Put(next, answer) => (Some(written(&next)?), answer),
                Next::Remove(answer) => (None, answer),
            };
            if self.swap_document(key, version, next).await? {
                return Ok(answer);
            }
        }
        let words = "others change the same account without a pause".to_owned();
        Err(StoreError::Unavailable(words))
    }
}

pub(super) fn read_json<T: DeserializeOwned>(document: &Document) -> Result<T, StoreError> {
    serde_json::from_str(&document.json)
        .map_err(|error| StoreError::Broken(format!("what is kept of an account: {error}")))
}

fn written<T: Serialize>(value: &T) -> Result<Document, StoreError> {
    let json = serde_json::to_string(value);
    Ok(Document {
        version: Version::fresh(),
        json: json.map_err(|error| StoreError::Broken(format!("an account: {error}")))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let document = Document {
            version: Version(7),
            json: r#"{"a": "b c"}"#.to_owned(),
        };
        assert_eq!(document.to_text(), r#"0000000000000007 {"a": "b c"}"#);
        assert_eq!(Document::read(&document.to_text()), Some(document));
        assert_eq!(Document::read("x"), None);
    }
}

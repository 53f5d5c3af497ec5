//! Whom a user wants to hear nothing of. A document of its own: it may be long, and is seldom
//! looked at.

use rookery_protocol::UserId;
use serde::{Deserialize, Serialize};

use super::document::{DocumentKey, Next, read_json};
use crate::{Store, StoreError};

/// The document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Blocks {
    /// Who was blocked first goes first.
    users: Vec<UserId>,
}

/// What came of a block, or of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockChange {
    /// It is so now.
    Changed,
    /// It was so before.
    Unchanged,
    /// They have blocked as many as they may.
    TooMany,
}

impl Store {
    /// Whom a user has blocked, who was blocked first going first.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn blocks(&self, user: &UserId) -> Result<Vec<UserId>, StoreError> {
        let key = DocumentKey::Blocks(user.clone());
        let (held, _): (Option<Blocks>, u64) = self.read_document(&key).await?;
        Ok(held.unwrap_or_default().users)
    }

    /// Whether either of two has blocked the other.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn is_blocked(&self, one: &UserId, other: &UserId) -> Result<bool, StoreError> {
        Ok(self.blocks(one).await?.contains(other) || self.blocks(other).await?.contains(one))
    }

    /// Whether a user has blocked each of the others, or they have blocked the user.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached.
    pub async fn are_blocked(
        &self,
        user: &UserId,
        others: &[UserId],
    ) -> Result<Vec<bool>, StoreError> {
        let own = self.blocks(user).await?;
        let keys = others.iter().cloned().map(DocumentKey::Blocks);
        let documents = self.documents(&keys.collect::<Vec<_>>()).await?;
        let found = documents.found.into_iter().zip(others);
        found
            .map(|(document, other)| {
                let theirs: Option<Blocks> = document.map(|it| read_json(&it)).transpose()?;
                let blocks_user = theirs.is_some_and(|theirs| theirs.users.contains(user));
                Ok(blocks_user || own.contains(other))
            })
            .collect()
    }

    /// Has a user block another, or block them no more. They block at most so many; 0 is no limit.
    ///
    /// # Errors
    ///
    /// Only where the store cannot be reached, or does not write.
    pub async fn change_block(
        &self,
        user: &UserId,
        other: &UserId,
        blocked: bool,
        most: usize,
    ) -> Result<BlockChange, StoreError> {
        let key = DocumentKey::Blocks(user.clone());
        self.change_document(&key, |held: Option<Blocks>, _| {
            let mut blocks = held.unwrap_or_default();
            if blocks.users.contains(other) == blocked {
                return Ok(Next::Keep(BlockChange::Unchanged));
            }
            if !blocked {
                blocks.users.retain(|user| user != other);
                return Ok(match blocks.users.is_empty() {
                    true => Next::Remove(BlockChange::Changed),
                    false => Next::Put(blocks, BlockChange::Changed),
                });
            }
            if most != 0 && blocks.users.len() >= most {
                return Ok(Next::Keep(BlockChange::TooMany));
            }
            blocks.users.push(other.clone());
            Ok(Next::Put(blocks, BlockChange::Changed))
        })
        .await
    }
}

//! What is kept of a user: an account, what they say of themselves, who is logged in.

use serde::{Deserialize, Serialize};

use rookery_protocol::{LoginId, UserId};

use super::{Account, Profile, ProfileChange, Skeleton, Standing, log_ins::KeptLogin};

/// The document of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    /// What the user comes in with; others have a token of somebody else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) credentials: Option<Credentials>,
    pub(super) profile: Profile,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) disabled: bool,
    /// Since when there was an account, and is none any more. It stays, so that what was
    /// given out before lets nobody in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) deleted_at: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) logins: Vec<KeptLogin>,
}

/// A name and a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Credentials {
    pub(super) name: String,
    pub(super) skeleton: Skeleton,
    pub(super) password: String,
    pub(super) created_at: u64,
}

impl Record {
    /// That of a user whose account is gone.
    pub(super) fn deleted(now: u64) -> Self {
        Self {
            deleted_at: Some(now),
            ..Self::default()
        }
    }

    /// The account that is in it, if one is.
    pub(super) fn account(self, user: &UserId) -> Option<Account> {
        let credentials = self.credentials?;
        Some(Account {
            user: user.clone(),
            name: credentials.name,
            skeleton: credentials.skeleton,
            password: credentials.password,
            created_at: credentials.created_at,
            disabled: self.disabled,
        })
    }

    /// Whether it has that name.
    pub(super) fn is_called(&self, skeleton: &Skeleton) -> bool {
        let credentials = self.credentials.as_ref();
        credentials.is_some_and(|credentials| credentials.skeleton == *skeleton)
    }

    pub(super) fn change_profile(&mut self, change: ProfileChange) {
        let profile = &mut self.profile;
        let ProfileChange {
            display,
            avatar,
            meta,
            hide_receipts,
        } = change;
        profile.display = display.unwrap_or(profile.display.take());
        profile.avatar = avatar.unwrap_or(profile.avatar.take());
        profile.meta = meta.unwrap_or(profile.meta.take());
        profile.hide_receipts = hide_receipts.unwrap_or(profile.hide_receipts);
    }

    /// Whether somebody may come in with that log-in, or with a token that has none.
    pub(super) fn standing(record: Option<Self>, login: Option<LoginId>) -> Standing {
        let record = record.unwrap_or_default();
        if record.disabled {
            return Standing::Disabled;
        }
        let name = record.credentials.map(|credentials| credentials.name);
        let stands = match login {
            Some(login) => record.logins.iter().any(|kept| kept.id == login),
            // What a guest had ends where they register.
            None => name.is_none() && record.deleted_at.is_none(),
        };
        match stands {
            true => Standing::Stands { name },
            false => Standing::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_said_of_oneself_stays() {
        let mut record = Record::default();
        record.change_profile(ProfileChange {
            display: Some(Some("Al".to_owned())),
            hide_receipts: Some(true),
            ..ProfileChange::default()
        });
        record.change_profile(ProfileChange {
            avatar: Some(Some("a.png".to_owned())),
            ..ProfileChange::default()
        });
        let said = &record.profile;
        assert_eq!(said.display.as_deref(), Some("Al"));
        assert!(said.hide_receipts && said.avatar.is_some());
        record.change_profile(ProfileChange {
            display: Some(None),
            ..ProfileChange::default()
        });
        assert_eq!(record.profile.display, None);
    }

    #[test]
    fn whoever_has_no_account_comes_in_with_another_token() {
        let nothing = Record::standing(None, None);
        assert_eq!(nothing, Standing::Stands { name: None });
        let login = LoginId::numbered(std::num::NonZeroU64::MIN);
        assert_eq!(Record::standing(None, Some(login)), Standing::Ended);
        let gone = Record::standing(Some(Record::deleted(7)), None);
        assert_eq!(gone, Standing::Ended);
        let disabled = Record {
            disabled: true,
            ..Record::default()
        };
        let standing = Record::standing(Some(disabled), None);
        assert_eq!(standing, Standing::Disabled);
    }
}

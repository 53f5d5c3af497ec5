//! How many rooms each user has made.
//!
//! Of each user one moment is held: the one at which all rooms that they made
//! will have been paid off, one after the other. Whoever has paid is forgotten.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use rookery_protocol::UserId;

use super::disk::Disk;
use crate::{StoreError, user_limits::HOUR_MS};

/// Below so many users nobody is looked for who has paid.
const FEW: usize = 64;

/// What the users have made. Times are in milliseconds since the Unix epoch.
#[derive(Debug, Default)]
pub(super) struct Made {
    users: Mutex<Users>,
    disk: Option<Arc<Disk>>,
}

#[derive(Debug, Default)]
struct Users {
    paid_at: HashMap<UserId, u64>,
    /// How many were left when those who have paid were last forgotten.
    left: usize,
}

impl Made {
    pub(super) fn new(disk: Option<Arc<Disk>>) -> Self {
        Self {
            users: Mutex::default(),
            disk,
        }
    }

    /// Notes that a user makes a room, or gives how long they have to wait before they may.
    pub(super) fn note(
        &self,
        user: &UserId,
        per_hour: u64,
        now: u64,
    ) -> Result<Result<(), u64>, StoreError> {
        let Some(each) = HOUR_MS.checked_div(per_hour) else {
            return Ok(Ok(()));
        };
        let mut users = self.users.lock();
        for user in users.forget_paid(now) {
            if let Some(disk) = &self.disk {
                disk.note_made(&user, None);
            }
        }
        let paid_at = match (users.paid_at.get(user), &self.disk) {
            (Some(paid_at), _) => *paid_at,
            (None, Some(disk)) => disk.paid_at(user)?.unwrap_or(0),
            (None, None) => 0,
        };
        // The clock may have been set back.
        let paid_at = paid_at.clamp(now, now + HOUR_MS) + each;
        if paid_at > now + HOUR_MS {
            return Ok(Err(paid_at - now - HOUR_MS));
        }
        users.paid_at.insert(user.clone(), paid_at);
        if let Some(disk) = &self.disk {
            disk.note_made(user, Some(paid_at));
        }
        Ok(Ok(()))
    }

    /// Lets go of all; they must be written.
    pub(super) fn forget_all(&self) {
        *self.users.lock() = Users::default();
    }
}

impl Users {
    /// Looks for those who have paid whenever there are twice as many as the last time,
    /// and gives them.
    fn forget_paid(&mut self, now: u64) -> Vec<UserId> {
        let mut paid = Vec::new();
        if self.paid_at.len() >= FEW.max(2 * self.left) {
            self.paid_at.retain(|user, paid_at| {
                let owes = *paid_at > now;
                if !owes {
                    paid.push(user.clone());
                }
                owes
            });
            self.left = self.paid_at.len();
        }
        paid
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_in_an_hour_and_then_one_after_the_other() {
        let (made, user) = (Made::default(), UserId::new("u").unwrap());
        let now = 10 * HOUR_MS;
        for _ in 0..4 {
            assert_eq!(made.note(&user, 4, now).unwrap(), Ok(()));
        }
        assert_eq!(made.note(&user, 4, now).unwrap(), Err(HOUR_MS / 4));
        assert_eq!(
            made.note(&UserId::new("other").unwrap(), 4, now).unwrap(),
            Ok(())
        );
        let later = now + HOUR_MS / 4;
        assert_eq!(made.note(&user, 4, later).unwrap(), Ok(()));
        assert_eq!(made.note(&user, 4, later).unwrap(), Err(HOUR_MS / 4));
        assert_eq!(made.note(&user, 0, later).unwrap(), Ok(()), "no limit");
        // A clock that was set back makes nobody wait for longer.
        assert_eq!(made.note(&user, 4, HOUR_MS).unwrap(), Err(HOUR_MS / 4));
    }

    #[test]
    fn who_has_paid_is_forgotten() {
        let made = Made::default();
        for number in 0..10_000 {
            let user = UserId::new(format!("u_{number}")).unwrap();
            made.note(&user, 60, number * 1000).unwrap().unwrap();
        }
        let left = made.users.lock().paid_at.len();
        assert!(
            left <= 2 * FEW,
            "{left} are left of the 60 of the last minute"
        );
    }
}

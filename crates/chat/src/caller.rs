//! Who asks for something.
//!
//! There is no caller who has not paid: whatever way somebody comes in, what they
//! ask is taken out of their allowance before any command can be given to them.

use rookery_protocol::{LoginId, User, UserId};

use crate::{chat::Chat, refusal::Refusal};

/// By which way somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// By a session, which joins rooms.
    Session,
    /// By single requests.
    Request,
}

/// That one command was paid for.
#[derive(Debug)]
pub struct Paid(());

impl Paid {
    /// Takes one command out of the user's allowance, which all ways share.
    ///
    /// # Errors
    ///
    /// The refusal to answer with, where it is used up.
    pub fn charge(chat: &Chat, user: &UserId) -> Result<Self, Refusal> {
        chat.allowances.charge_user(user).map(Self)
    }

    /// For the joins of a session that has just begun, which are free: whoever
    /// comes back joins all its rooms at once. Whoever serves the session bounds them.
    pub fn returning() -> Self {
        Self(())
    }
}

/// Who asks, and by which way.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    pub(crate) user: &'a User,
    pub(crate) way: Way,
    pub(crate) login: Option<LoginId>,
}

impl<'a> Caller<'a> {
    /// Somebody who has paid for one command.
    pub fn new(user: &'a User, way: Way, _: Paid) -> Self {
        Self {
            user,
            way,
            login: None,
        }
    }

    /// The same, who came with a log-in of their account.
    pub fn with_login(self, login: Option<LoginId>) -> Self {
        Self { login, ..self }
    }
}

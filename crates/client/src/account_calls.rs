//! Asking what a user keeps of themselves, and where they are logged in.
//!
//! Coming in with a name and a password is plain HTTP, and so are another password and the end
//! of an account: they must not be repeated by whoever does not know what came of them.

use rookery_protocol::LoginId;

use crate::{AccountSession, Client, ClientError, Me, MeChange, request::Request};

impl Client {
    /// Where the user is logged in, the latest used first.
    ///
    /// # Errors
    ///
    /// When the node refuses it, or there is no answer in time.
    pub async fn sessions(&self) -> Result<Vec<AccountSession>, ClientError> {
        let answer = self.call(Request::Sessions).await?;
        answer.sessions.ok_or(ClientError::Senseless("no sessions"))
    }

    /// Ends a session of the user, or all. Where it is that of this client, it is closed for good.
    ///
    /// # Errors
    ///
    /// As [`Self::sessions`]; `not_found` where there is none, also where an answer that was
    /// lost had said that it ended.
    pub async fn revoke_session(&self, session: Option<LoginId>) -> Result<(), ClientError> {
        let request = Request::RevokeSession { session };
        self.call(request).await.map(|_| ())
    }

    /// What is kept of the user.
    ///
    /// # Errors
    ///
    /// As [`Self::sessions`].
    pub async fn me(&self) -> Result<Me, ClientError> {
        let answer = self.call(Request::Me).await?;
        answer.me.ok_or(ClientError::Senseless("no user"))
    }

    /// Changes what is kept of the user, and gives what is so then.
    ///
    /// # Errors
    ///
    /// As [`Self::sessions`]; `conflict` where the name is somebody else's.
    pub async fn update_me(&self, change: MeChange) -> Result<Me, ClientError> {
        let answer = self.call(Request::UpdateMe(change)).await?;
        answer.me.ok_or(ClientError::Senseless("no user"))
    }
}

//! Why a token or a name is refused.

use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use rookery_protocol::{ErrorCode, User};

use crate::signing::Algorithm;

/// What is longer clients may disbelieve.
const LONGEST_MS: u64 = 60_000;

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing in it shows.
    #[error("name must not be blank")]
    Blank,
    /// More characters than a name may have.
    #[error("name has {0} characters; at most {max} are allowed", max = User::NAME_CHARS)]
    TooLong(usize),
}

/// Why a token is refused, or none was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// None was given.
    #[error("a token is needed")]
    Missing,
    /// It was good once.
    #[error("the token has expired; get a new one")]
    Expired,
    /// Its `nbf` is in the future.
    #[error("the token is not valid yet; is the clock of its maker right?")]
    NotYetValid,
    /// It was signed with another key, or changed afterwards.
    #[error("the token's signature does not fit; was it made with this node's auth.jwt_secret?")]
    Signature,
    /// It says that it is signed otherwise, or not at all.
    #[error("the token must be signed with HS256")]
    Algorithm,
    /// Its issuer signs otherwise.
    #[error("the tokens of this issuer must be signed with {0}")]
    OtherAlgorithm(Algorithm),
    /// None of its issuer's keys signed it, or it was changed afterwards.
    #[error("the token's signature does not fit its issuer's key")]
    OtherKey,
    /// Its issuer has no such key.
    #[error("the token is signed with a key that its issuer does not publish")]
    UnknownKey,
    /// It names an issuer, or an audience, that is not wanted.
    #[error("the token is for another service: its `{0}` is none that this node takes")]
    Elsewhere(&'static str),
    /// Whether it is good cannot be known for now.
    #[error("the keys of the token's issuer cannot be had just now; try again")]
    KeysAway {
        /// When that may have changed.
        retry_after_ms: u64,
    },
    /// It was good, and its session was ended since.
    #[error("the session of this token has ended; log in again")]
    Ended,
    /// Nobody may come in with its account.
    #[error("this account is disabled; whoever runs this server can say why")]
    Disabled,
    /// Whether its session has ended cannot be known for now.
    #[error("whether the session of this token has ended cannot be known just now; try again")]
    StoreAway {
        /// When that may have changed.
        retry_after_ms: u64,
    },
    /// It is none of ours, and of no issuer that is known.
    #[error(
        "the token is of nobody whose tokens are taken: its `iss` is that of no auth.issuers, to the letter, and it was not made with this node's auth.jwt_secret"
    )]
    Nobodys,
    /// It is no JSON Web Token.
    #[error("the token is not a JSON Web Token")]
    Malformed,
    /// It does not say what it must.
    #[error("the token is not usable: {0}")]
    Claims(String),
    /// No token was made for this name.
    #[error(transparent)]
    Name(#[from] NameError),
}

impl TokenError {
    /// The keys of its issuer may be there after a while, with a time of its own for
    /// each who is told.
    pub(super) fn keys_away(after: Duration) -> Self {
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        let spread_ms = rand::random_range(250..1_250);
        Self::KeysAway {
            retry_after_ms: after_ms.saturating_add(spread_ms).min(LONGEST_MS),
        }
    }

    /// The store may answer after a while.
    pub(crate) fn store_away() -> Self {
        let retry_after_ms = rand::random_range(250..1_250);
        Self::StoreAway { retry_after_ms }
    }

    /// Whether whoever brought it is to blame for it.
    pub(crate) fn is_a_failure(&self) -> bool {
        !matches!(self, Self::StoreAway { .. })
    }

    /// When it is worth trying again with the same token.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            Self::KeysAway { retry_after_ms } | Self::StoreAway { retry_after_ms } => {
                Some(*retry_after_ms)
            }
            _ => None,
        }
    }

    /// The code by which clients know it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::TokenExpired,
            Self::KeysAway { .. } | Self::StoreAway { .. } => ErrorCode::Unavailable,
            Self::Disabled => ErrorCode::Forbidden,
            Self::Name(_) => ErrorCode::BadRequest,
            _ => ErrorCode::Unauthenticated,
        }
    }
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        match error.kind() {
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYetValid,
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::InvalidAlgorithm
            | ErrorKind::InvalidAlgorithmName
            | ErrorKind::MissingAlgorithm => Self::Algorithm,
            ErrorKind::InvalidIssuer => Self::Elsewhere("iss"),
            ErrorKind::InvalidAudience => Self::Elsewhere("aud"),
            ErrorKind::MissingRequiredClaim(claim) => Self::Claims(format!("`{claim}` is missing")),
            ErrorKind::InvalidClaimFormat(claim) => Self::Claims(format!("`{claim}` is malformed")),
            ErrorKind::Json(error) if error.is_data() => algorithm_or_claims(error),
            _ => Self::Malformed,
        }
    }
}

/// An algorithm that the library does not even know, such as `none`, reads as
/// an unknown variant of the header.
fn algorithm_or_claims(error: &serde_json::Error) -> TokenError {
    let text = error.to_string();
    match text.starts_with("unknown variant") {
        true => TokenError::Algorithm,
        false => TokenError::Claims(text),
    }
}

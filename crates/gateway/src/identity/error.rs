//! Why a token or a name is refused.

use jsonwebtoken::errors::ErrorKind;
use rookery_protocol::{ErrorCode, User};

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
    /// The code by which clients know it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Expired => ErrorCode::TokenExpired,
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

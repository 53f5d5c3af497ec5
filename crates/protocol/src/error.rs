//! The error codes of frames and of HTTP answers.

use serde::{Deserialize, Serialize};

/// Why something was refused. The connection stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The frame or request is malformed or misses something.
    BadRequest,
    /// No valid token was given.
    Unauthenticated,
    /// The token was valid once.
    TokenExpired,
    /// The user may not do that.
    Forbidden,
    /// There is no such thing, or none that this user may know of.
    NotFound,
    /// It contradicts what is there already.
    Conflict,
    /// It is larger than a limit allows.
    TooLarge,
    /// Too many frames in too short a time.
    RateLimited,
    /// The room allows this user one message per span of time.
    SlowMode,
    /// The store cannot be reached; trying again later is worth it.
    Unavailable,
    /// A fault of the node.
    Internal,
}

impl ErrorCode {
    /// The code as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthenticated => "unauthenticated",
            Self::TokenExpired => "token_expired",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::SlowMode => "slow_mode",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    /// The HTTP status that fits the code.
    pub fn http_status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthenticated | Self::TokenExpired => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::RateLimited | Self::SlowMode => 429,
            Self::Unavailable => 503,
            Self::Internal => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_one_that_serde_writes() {
        use ErrorCode::*;
        for code in [
            BadRequest,
            Unauthenticated,
            TokenExpired,
            Forbidden,
            NotFound,
            Conflict,
            TooLarge,
            RateLimited,
            SlowMode,
            Unavailable,
            Internal,
        ] {
            assert_eq!(
                serde_json::to_string(&code).unwrap(),
                format!("\"{}\"", code.as_str())
            );
        }
    }
}

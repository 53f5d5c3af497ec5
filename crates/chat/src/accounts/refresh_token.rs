//! The token that the next access token is got with.
//!
//! It names its user and log-in, so that it is found, and has 256 random bits, of which only a
//! hash is kept. The one that takes its place is kept a while longer in a form that only who has
//! the old one can read: of two tabs that come with the same, both get the same new one.

use std::{fmt, num::NonZeroU64, str::FromStr};

use rand::RngCore as _;
use ring::digest::{Context, SHA256};
use rookery_protocol::{LoginId, UserId};
use rookery_store::{RefreshHash, Seal};

/// How many bytes of it are random.
const BYTES: usize = 32;

/// What the parts of the text stand between; no id of an account has it.
const BETWEEN: char = '.';

/// A refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// Whose it is.
    pub user: UserId,
    /// Of which log-in.
    pub login: LoginId,
    secret: [u8; BYTES],
}

/// It is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a refresh token")]
pub struct RefreshTokenError;

impl RefreshToken {
    /// The first of a log-in that begins.
    pub(crate) fn first(user: UserId) -> Self {
        let number = rand::random::<u64>();
        let login = LoginId::numbered(NonZeroU64::new(number).unwrap_or(NonZeroU64::MAX));
        let secret = fresh();
        Self {
            user,
            login,
            secret,
        }
    }

    /// Another one of the same log-in.
    pub(crate) fn next(&self) -> Self {
        self.with(fresh())
    }

    fn with(&self, secret: [u8; BYTES]) -> Self {
        Self {
            secret,
            ..self.clone()
        }
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> RefreshHash {
        RefreshHash(self.digest(b"rookery refresh token"))
    }

    /// What is kept of the one in its place.
    pub(crate) fn seal(&self, next: &Self) -> Seal {
        Seal(self.mask(&next.secret))
    }

    /// The one in its place.
    pub(crate) fn unseal(&self, seal: &Seal) -> Self {
        self.with(self.mask(&seal.0))
    }

    /// A token masks one other, and that is random, so each hides the other.
    fn mask(&self, other: &[u8; BYTES]) -> [u8; BYTES] {
        let mut masked = self.digest(b"rookery refresh seal");
        for (byte, other) in masked.iter_mut().zip(other) {
            *byte ^= other;
        }
        masked
    }

    fn digest(&self, what_for: &[u8]) -> [u8; BYTES] {
        let mut context = Context::new(&SHA256);
        context.update(what_for);
        context.update(&self.login.number().get().to_be_bytes());
        context.update(&self.secret);
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(context.finish().as_ref());
        bytes
    }
}

fn fresh() -> [u8; BYTES] {
    let mut secret = [0; BYTES];
    rand::rng().fill_bytes(&mut secret);
    secret
}

impl fmt::Display for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{BETWEEN}{}{BETWEEN}", self.user, self.login)?;
        self.secret
            .iter()
            .try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RefreshToken({} {} …)", self.user, self.login)
    }
}

impl FromStr for RefreshToken {
    type Err = RefreshTokenError;

    fn from_str(text: &str) -> Result<Self, RefreshTokenError> {
        let read = || {
            let (rest, digits) = text.rsplit_once(BETWEEN)?;
            let (user, login) = rest.rsplit_once(BETWEEN)?;
            let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if digits.len() != 2 * BYTES || !digits.bytes().all(is_digit) {
                return None;
            }
            let mut secret = [0; BYTES];
            for (place, byte) in secret.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
            }
            Some(Self {
                user: UserId::new(user).ok()?,
                login: login.parse().ok()?,
                secret,
            })
        };
        read().ok_or(RefreshTokenError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first() -> RefreshToken {
        RefreshToken::first(UserId::new("u_1").unwrap())
    }

    #[test]
    fn it_is_read_as_it_is_written_and_never_shown() {
        let token = first();
        assert_eq!(token.to_string().parse(), Ok(token.clone()));
        let shown = format!("{token:?}");
        let secret = token.to_string();
        let secret = secret.rsplit('.').next().unwrap();
        assert!(!shown.contains(secret), "{shown}");
        for wrong in ["", ".", "u_1", "u_1.l_1.00", &format!("{token}0"), "é.é.é"] {
            assert!(wrong.parse::<RefreshToken>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_who_has_the_old_one_gets_the_new_one() {
        let (old, other) = (first(), first());
        let next = old.next();
        let seal = old.seal(&next);
        assert_eq!(old.unseal(&seal), next);
        assert_ne!(other.with(other.secret).unseal(&seal).secret, next.secret);
        assert_ne!(seal.0, next.secret);
        assert_ne!(old.hash(), next.hash());
        assert_eq!((&next.user, next.login), (&old.user, old.login));
    }
}

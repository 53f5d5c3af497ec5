//! Who somebody is: JSON Web Tokens of ours, signed with HS256, those of issuers that
//! the settings name, and guests.
//!
//! A token of ours names the user (`sub`), what people call them (`name`) and when it
//! runs out (`exp`). No other algorithm is accepted, `none` least of all, and
//! the key is never shown.

mod claims;
mod error;
mod issuers;
mod name;
pub(crate) mod own_secret;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::{Rng, RngCore, distr::Alphanumeric};
use rookery_chat::accounts::GUEST_PREFIX;
use rookery_protocol::{LoginId, User, UserId};

pub use error::{NameError, TokenError};
pub(crate) use issuers::read_keys_once;
pub use name::accept_name;

use crate::{settings::Settings, signing};
use claims::Claims;
use issuers::Issuers;

/// Random characters of a guest's id: 95 bits, so that nobody meets another by chance.
const GUEST_CHARS: usize = 16;

/// Checks and makes tokens. Cheap to clone.
#[derive(Clone)]
pub struct Identity(Arc<Keys>);

struct Keys {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    guest_ttl: Duration,
    leeway_ms: u64,
    issuers: Issuers,
}

/// A user whose token was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Who.
    pub user: User,
    /// The log-in of an account that it was made for. Whether that has ended is not said.
    pub login: Option<LoginId>,
    /// From when on the token is refused: its `exp` and the leeway, in
    /// milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token itself.
    pub token: String,
    /// Whose it is.
    pub user: User,
    /// Its `exp`, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
}

impl Identity {
    /// With the secret of the settings, or, where there is none, a random one
    /// that lives as long as the process.
    pub fn new(settings: &Settings) -> Self {
        let auth = &settings.auth;
        let guest_ttl = Duration::from_secs(auth.guest_ttl_s);
        let issuers = Issuers::new(&auth.issuers, auth.leeway_s);
        match &auth.jwt_secret {
            Some(secret) => {
                let key = secret.reveal().as_bytes();
                Self::with_key(key, auth.leeway_s, guest_ttl, issuers)
            }
            None => {
                let mut key = [0; 32];
                rand::rng().fill_bytes(&mut key);
                Self::with_key(&key, auth.leeway_s, guest_ttl, issuers)
            }
        }
    }

    fn with_key(key: &[u8], leeway_s: u64, guest_ttl: Duration, issuers: Issuers) -> Self {
        signing::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = leeway_s;
        validation.validate_nbf = true;
        // Whoever holds the secret may mint for any audience.
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self(Arc::new(Keys {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            guest_ttl,
            leeway_ms: leeway_s * 1000,
            issuers,
        }))
    }

    /// Says whose token this is, if it is one of ours.
    ///
    /// # Errors
    ///
    /// When it is no token, was signed otherwise or with another secret, has
    /// run out or is not valid yet, or does not name a user.
    pub fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        let keys = &*self.0;
        let data = jsonwebtoken::decode::<Claims>(token, &keys.decoding, &keys.validation)?;
        let expires_at_ms = data.claims.expires_at_ms().saturating_add(keys.leeway_ms);
        Ok(Verified {
            login: data.claims.login()?,
            user: data.claims.user()?,
            expires_at_ms,
        })
    }

    /// Makes a token for a user.
    ///
    /// # Errors
    ///
    /// When the token cannot be signed, which no user causes.
    pub fn mint(&self, user: User, ttl: Duration) -> Result<Minted, TokenError> {
        self.mint_for(user, None, ttl)
    }

    /// Makes a token for a user who is logged in.
    ///
    /// # Errors
    ///
    /// As [`Self::mint`].
    pub fn mint_for(
        &self,
        user: User,
        login: Option<LoginId>,
        ttl: Duration,
    ) -> Result<Minted, TokenError> {
        let expires_at = now().saturating_add(ttl).as_secs();
        let claims = Claims::of(&user, login, expires_at);
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.0.encoding)?;
        Ok(Minted {
            token,
            user,
            expires_at_ms: expires_at.saturating_mul(1000),
        })
    }

    /// Makes a new guest and their token.
    ///
    /// # Errors
    ///
    /// When the name is no name.
    pub fn guest(&self, name: &str) -> Result<Minted, TokenError> {
        let name = accept_name(name)?;
        let random = rand::rng().sample_iter(Alphanumeric).take(GUEST_CHARS);
        let id = format!(
            "{GUEST_PREFIX}{}",
            random.map(char::from).collect::<String>()
        );
        let id = UserId::new(id).map_err(|error| TokenError::Claims(error.to_string()))?;
        self.mint(
            User {
                id,
                name: name.into(),
            },
            self.0.guest_ttl,
        )
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;

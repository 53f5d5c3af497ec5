//! One issuer: what its tokens must say, and the keys that they are good by.

use std::sync::Arc;

use jsonwebtoken::{DecodingKey, Validation, dangerous::insecure_decode, decode, decode_header};
use rookery_chat::clock;
use serde_json::{Map, Number, Value};

use super::{
    super::{TokenError, Verified, claims::milliseconds},
    claims::ClaimNames,
    jwks::Jwks,
};
use crate::{
    settings::IssuerSettings,
    signing::{Algorithm, Keys},
};

/// Stands in the settings for any `aud`.
const ANY: &str = "*";

type Claims = Map<String, Value>;

/// An issuer whose tokens are taken.
pub(super) struct Issuer {
    /// Its `iss`.
    pub(super) name: String,
    algorithm: Algorithm,
    validation: Validation,
    leeway_ms: u64,
    claims: ClaimNames,
    keys: Source,
}

/// Where its keys are from.
enum Source {
    Settings(Keys),
    Published(Arc<Jwks>),
}

/// What became of a token with the keys at hand.
enum Outcome {
    Decided(Result<Claims, TokenError>),
    /// None of them is the one that it was signed with.
    UnknownKey,
}

impl Issuer {
    /// One of the settings; `None` where it cannot be used, which is said before
    /// anything starts.
    pub(super) fn new(settings: &IssuerSettings, leeway_s: u64) -> Option<Self> {
        let algorithm = settings.algorithm?;
        let keys = match &settings.jwks_url {
            Some(url) => {
                let (name, refresh_s) = (settings.issuer.clone(), settings.refresh_s);
                Source::Published(Arc::new(Jwks::new(name, url.clone(), algorithm, refresh_s)))
            }
            None => Source::Settings(settings.fixed_keys(algorithm).ok()??),
        };
        let mut validation = Validation::new(algorithm.name());
        validation.leeway = leeway_s;
        validation.validate_nbf = true;
        validation.set_issuer(&[&settings.issuer]);
        let mut required = vec!["exp", "iss"];
        if settings.audience.iter().any(|one| one == ANY) {
            validation.validate_aud = false;
        } else {
            validation.set_audience(&settings.audience);
            required.push("aud");
        }
        validation.set_required_spec_claims(&required);
        Some(Self {
            name: settings.issuer.clone(),
            algorithm,
            validation,
            leeway_ms: leeway_s * 1000,
            claims: ClaimNames::of(settings),
            keys,
        })
    }

    /// Its keys, where it publishes them.
    pub(super) fn fetched(&self) -> Option<Arc<Jwks>> {
        match &self.keys {
            Source::Published(jwks) => Some(Arc::clone(jwks)),
            Source::Settings(_) => None,
        }
    }

    /// Says whose token this is. Waits only for a key that is not known.
    pub(super) async fn verify(&self, token: &str) -> Result<Verified, TokenError> {
        let header = decode_header(token).map_err(|error| self.refused(error))?;
        if header.alg != self.algorithm.name() {
            return Err(TokenError::OtherAlgorithm(self.algorithm));
        }
        if header.crit.is_some() {
            let words = "its head has `crit`, and nothing of that is understood here";
            return Err(TokenError::Claims(words.to_owned()));
        }
        let named = header.kid.as_deref();
        let claims = match &self.keys {
            // There they have no names.
            Source::Settings(keys) => match self.try_keys(keys, None, token) {
                Outcome::Decided(decided) => decided?,
                Outcome::UnknownKey => return Err(TokenError::OtherKey),
            },
            Source::Published(jwks) => match self.try_keys(&jwks.keys(), named, token) {
                Outcome::Decided(decided) => decided?,
                Outcome::UnknownKey => self.ask_and_try(jwks, named, token).await?,
            },
        };
        let exp = claims.get("exp").and_then(Value::as_number);
        Ok(Verified {
            login: None,
            user: self.claims.user(&claims)?,
            // It was looked at before.
            expires_at_ms: exp.map_or(0, |exp| self.end(exp)),
        })
    }

    async fn ask_and_try(
        &self,
        jwks: &Jwks,
        named: Option<&str>,
        token: &str,
    ) -> Result<Claims, TokenError> {
        // The key of an old token is gone, and is not worth a question.
        self.may_be_alive(token)?;
        let asked = jwks.ask().await;
        match self.try_keys(&asked.keys, named, token) {
            Outcome::Decided(decided) => decided,
            Outcome::UnknownKey => Err(asked.without_it),
        }
    }

    fn try_keys(&self, keys: &Keys, named: Option<&str>, token: &str) -> Outcome {
        for key in keys.named(named) {
            match self.decode(token, key) {
                Err(TokenError::Signature) => {}
                decided => return Outcome::Decided(decided),
            }
        }
        match named.is_some_and(|named| keys.has(named)) {
            true => Outcome::Decided(Err(TokenError::OtherKey)),
            false => Outcome::UnknownKey,
        }
    }

    /// Nothing is believed here: all that comes of it is a refusal.
    fn may_be_alive(&self, token: &str) -> Result<(), TokenError> {
        let said = insecure_decode::<Claims>(token).map_err(|error| self.refused(error))?;
        match said.claims.get("exp").and_then(Value::as_number) {
            Some(exp) if self.end(exp) <= clock::now_ms() => Err(TokenError::Expired),
            _ => Ok(()),
        }
    }

    /// From when on a token with this `exp` is refused.
    fn end(&self, exp: &Number) -> u64 {
        milliseconds(exp).saturating_add(self.leeway_ms)
    }

    fn decode(&self, token: &str, key: &DecodingKey) -> Result<Claims, TokenError> {
        let decoded = decode::<Claims>(token, key, &self.validation);
        Ok(decoded.map_err(|error| self.refused(error))?.claims)
    }

    fn refused(&self, error: jsonwebtoken::errors::Error) -> TokenError {
        match TokenError::from(error) {
            TokenError::Algorithm => TokenError::OtherAlgorithm(self.algorithm),
            other => other,
        }
    }
}

//! The identities of others: tokens that issuers of the settings have signed.
//!
//! A token that names a known issuer (`iss`) is that issuer's, and good by its keys
//! and its algorithm alone; every other one is ours, or nobody's.

mod check;
mod claims;
mod fetch;
mod issuer;
mod jwks;
mod rounds;

use jsonwebtoken::dangerous::insecure_decode;
use rookery_chat::Background;
use serde::Deserialize;

pub(crate) use check::read_keys_once;

use super::{Identity, TokenError, Verified};
use crate::settings::IssuerSettings;
use issuer::Issuer;

/// All issuers of the settings.
pub(super) struct Issuers(Vec<Issuer>);

/// Who says to have signed a token.
#[derive(Deserialize)]
struct Claimed {
    iss: Option<String>,
}

impl Issuers {
    /// Those of the settings, which were checked.
    pub(super) fn new(settings: &[IssuerSettings], leeway_s: u64) -> Self {
        let issuers = settings.iter();
        Self(
            issuers
                .filter_map(|one| Issuer::new(one, leeway_s))
                .collect(),
        )
    }

    /// Whose token it says to be. Nothing is believed for that: whoever is named
    /// verifies it.
    fn named_by(&self, token: &str) -> Option<&Issuer> {
        if self.0.is_empty() {
            return None;
        }
        let claimed = insecure_decode::<Claimed>(token).ok()?.claims.iss?;
        self.0.iter().find(|issuer| issuer.name == claimed)
    }
}

impl Issuers {
    /// A token that no issuer and no secret of ours made: where there are issuers, it
    /// was likely meant to be of one.
    fn explain(&self, error: TokenError) -> TokenError {
        match error {
            TokenError::Signature | TokenError::Algorithm if !self.0.is_empty() => {
                TokenError::Nobodys
            }
            other => other,
        }
    }
}

impl Identity {
    /// Says whose token this is: one of ours, or of an issuer of the settings. Done at
    /// once, but where the issuer has to be asked for a key.
    ///
    /// # Errors
    ///
    /// As [`Identity::verify`], and [`TokenError::KeysAway`] where the issuer's keys
    /// cannot be had for now.
    pub(crate) async fn identify(&self, token: &str) -> Result<Verified, TokenError> {
        match self.0.issuers.named_by(token) {
            Some(issuer) => issuer.verify(token).await,
            None => self
                .verify(token)
                .map_err(|error| self.0.issuers.explain(error)),
        }
    }

    /// Has the keys that issuers publish read, now and again.
    pub(crate) fn keep_keys(&self, background: &Background) {
        let fetched = self.0.issuers.0.iter().filter_map(Issuer::fetched);
        let fetched: Vec<_> = fetched.collect();
        if fetched.is_empty() {
            return;
        }
        let fetcher = fetch::Fetcher::new();
        for jwks in fetched {
            let reading = jwks.keep_reading(fetcher.clone());
            background.keep_running("the keys of an issuer", reading);
        }
    }
}

//! `[[auth.issuers]]`: others whose tokens are taken, each with its algorithm and keys.

use std::{fmt, fs, path::PathBuf};

use rookery_chat::accounts::{ACCOUNT_PREFIX, GUEST_PREFIX};
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};

use super::{JwksUrl, Secret, kinds};
use crate::signing::{Algorithm, Keys};

/// What ids of others may not begin with: guests are named so, and people who register here.
pub(crate) const OUR_PREFIXES: [&str; 2] = [GUEST_PREFIX, ACCOUNT_PREFIX];

/// An issuer whose tokens are taken.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuerSettings {
    /// The `iss` of its tokens, to the letter.
    pub issuer: String,
    /// The `aud` that its tokens must have, one of these; `*` is any, or none.
    #[serde(deserialize_with = "kinds::list")]
    pub audience: Vec<String>,
    /// How it signs.
    #[serde(deserialize_with = "algorithm")]
    pub algorithm: Option<Algorithm>,
    /// Its secret, or its public key as PEM.
    #[serde(deserialize_with = "kinds::hidden")]
    pub key: Option<Secret>,
    /// A file with that.
    pub key_file: Option<PathBuf>,
    /// Where it publishes its keys.
    #[serde(deserialize_with = "jwks_url")]
    pub jwks_url: Option<JwksUrl>,
    /// How many seconds after its keys were read they are read again.
    #[serde(deserialize_with = "kinds::whole")]
    pub refresh_s: u64,
    /// The claim that is the user's id.
    pub user_claim: String,
    /// The claim that is what people call the user.
    pub name_claim: String,
    /// What is put before each id, so that those of two issuers do not meet.
    pub user_prefix: String,
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            audience: Vec::new(),
            algorithm: None,
            key: None,
            key_file: None,
            jwks_url: None,
            refresh_s: 300,
            user_claim: "sub".to_owned(),
            name_claim: "name".to_owned(),
            user_prefix: String::new(),
        }
    }
}

impl IssuerSettings {
    /// Its keys, where they stand in the settings or in a file.
    ///
    /// # Errors
    ///
    /// When they cannot be read or used, with the setting to mend.
    pub(crate) fn fixed_keys(&self, algorithm: Algorithm) -> Result<Option<Keys>, String> {
        let (setting, text) = match (&self.key, &self.key_file) {
            (Some(key), _) => ("key".to_owned(), key.reveal().to_owned()),
            (None, Some(file)) => {
                let setting = format!("key_file: {}", file.display());
                let text = fs::read_to_string(file)
                    .map_err(|error| format!("{setting}: cannot be read: {error}"))?;
                (setting, text)
            }
            (None, None) => return Ok(None),
        };
        let keys = Keys::of_text(algorithm, &text);
        keys.map(Some)
            .map_err(|error| format!("{setting}: {error}"))
    }

    fn check(&self, problems: &mut Vec<String>) {
        let mut wrong = |words: String| {
            let whose = match self.issuer.is_empty() {
                true => String::new(),
                false => format!(" of {:?}", self.issuer),
            };
            problems.push(format!("auth.issuers{whose}: {words}"));
        };
        if self.issuer.is_empty() {
            wrong(
                "issuer: must be set to the `iss` that the tokens have, to the letter".to_owned(),
            );
        }
        if self.audience.is_empty() {
            wrong("audience: must be set to the `aud` that the tokens have, or tokens that were made for other programs would come in; \"*\" takes any".to_owned());
        }
        for (name, value) in [
            ("user_claim", &self.user_claim),
            ("name_claim", &self.name_claim),
        ] {
            if value.is_empty() {
                wrong(format!(
                    "{name}: must be the name of a claim; leave it out for the usual one"
                ));
            }
        }
        let mut ours = OUR_PREFIXES.iter();
        if let Some(prefix) = ours.find(|prefix| self.user_prefix.starts_with(**prefix)) {
            wrong(format!(
                "user_prefix: must not begin with {prefix}, as ids do that nodes give themselves"
            ));
        }
        if self.refresh_s == 0 {
            wrong("refresh_s: must be at least 1; 300 fits most".to_owned());
        }
        let sources = [
            self.key.is_some(),
            self.key_file.is_some(),
            self.jwks_url.is_some(),
        ];
        if sources.into_iter().filter(|set| *set).count() != 1 {
            wrong("set exactly one of key, key_file and jwks_url".to_owned());
        }
        match self.algorithm {
            None => wrong("algorithm: must be set to HS256, RS256, ES256 or EdDSA, whichever the issuer signs with; it is never taken from a token".to_owned()),
            Some(algorithm) => {
                if let Err(words) = self.fixed_keys(algorithm) {
                    wrong(words);
                }
            }
        }
    }
}

/// What cannot work.
pub(super) fn check(issuers: &[IssuerSettings], problems: &mut Vec<String>) {
    for (number, issuer) in issuers.iter().enumerate() {
        issuer.check(problems);
        let is_named_before = issuers[..number]
            .iter()
            .any(|before| before.issuer == issuer.issuer);
        if is_named_before && !issuer.issuer.is_empty() {
            problems.push(format!("auth.issuers: {:?} is there twice; one entry takes several audiences, and a key_file several keys", issuer.issuer));
        }
    }
}

/// What works but is probably not meant so.
pub(super) fn warn(issuers: &[IssuerSettings], warnings: &mut Vec<String>) {
    let urls = issuers.iter().filter_map(|issuer| issuer.jwks_url.as_ref());
    for url in urls.filter(|url| url.is_open_to_others()) {
        warnings.push(format!(
            "auth.issuers: {url} is not https: whoever is on the way there can come in as anybody"
        ));
    }
}

fn algorithm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Algorithm>, D::Error> {
    kinds::word(deserializer).map(Some)
}

fn jwks_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JwksUrl>, D::Error> {
    kinds::word(deserializer).map(Some)
}

/// A list of tables, or a text that has it as JSON.
pub(super) fn list<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<IssuerSettings>, D::Error> {
    deserializer.deserialize_any(List)
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Vec<IssuerSettings>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "[[auth.issuers]] with its settings below it, or in the environment a list as JSON",
        )
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        serde_json::from_str(text).map_err(|error| E::custom(format!("as JSON: {error}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}

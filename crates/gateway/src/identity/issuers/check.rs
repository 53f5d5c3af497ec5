//! Whether the keys that issuers publish can be read, for `rookery check`.

use super::fetch::Fetcher;
use crate::{settings::IssuerSettings, signing::Keys};

/// Asks each issuer that publishes its keys once: how many can be used, or why none.
pub(crate) async fn read_keys_once(
    issuers: &[IssuerSettings],
) -> Vec<(&IssuerSettings, Result<usize, String>)> {
    let mut read = Vec::new();
    let published = issuers.iter().filter_map(|issuer| {
        let (url, algorithm) = (issuer.jwks_url.as_ref()?, issuer.algorithm?);
        Some((issuer, url, algorithm))
    });
    let mut fetcher = None;
    for (issuer, url, algorithm) in published {
        let fetcher = fetcher.get_or_insert_with(Fetcher::new);
        let keys = match fetcher.fetch(url).await {
            Ok(json) => Keys::of_jwks(algorithm, &json).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        read.push((issuer, keys.map(|keys| keys.count())));
    }
    read
}

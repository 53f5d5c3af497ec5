//! One question to an issuer, bounded in time and size.

use std::{sync::Arc, time::Duration};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, StatusCode, body::Bytes, header};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use crate::settings::JwksUrl;

/// How long a question may take, from the look-up of the name to the last byte.
const WITHIN: Duration = Duration::from_secs(5);

/// The most bytes of an answer; large ones have ten keys with certificates, 2 KiB each.
const MOST_BYTES: usize = 256 * 1024;

/// Asks issuers for their keys. Cheap to clone.
#[derive(Clone)]
pub(super) struct Fetcher(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

/// Why there is no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    #[error("no answer within {} s", WITHIN.as_secs())]
    TooSlow,
    #[error("it cannot be asked: {0}")]
    Unreachable(String),
    #[error("it answers with {0}, which is followed nowhere: set jwks_url to where the keys are")]
    Elsewhere(StatusCode),
    #[error("it answers with {0}")]
    Status(StatusCode),
    #[error("the answer cannot be read, or has more than {MOST_BYTES} bytes: {0}")]
    Body(String),
}

impl Fetcher {
    /// Trusts the authorities that this machine trusts.
    pub(super) fn new() -> Self {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        let (known, _) = roots.add_parsable_certificates(native.certs);
        if known == 0 {
            tracing::warn!(
                "no certificates of authorities are found on this machine: issuers are not reached by https (SSL_CERT_FILE names them)"
            );
        }
        // The provider has every version of TLS that is asked for by default.
        #[allow(clippy::expect_used)]
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .build();
        // Minutes lie between two questions: no connection is kept for the next.
        let mut client = Client::builder(TokioExecutor::new());
        Self(client.pool_max_idle_per_host(0).build(connector))
    }

    /// What the issuer answers.
    pub(super) async fn fetch(&self, url: &JwksUrl) -> Result<Bytes, FetchError> {
        let answered = tokio::time::timeout(WITHIN, self.ask(url)).await;
        answered.unwrap_or(Err(FetchError::TooSlow))
    }

    async fn ask(&self, url: &JwksUrl) -> Result<Bytes, FetchError> {
        let request = Request::get(url.reveal())
            .header(header::ACCEPT, "application/json, application/jwk-set+json")
            .header(header::USER_AGENT, "rookery")
            .body(Empty::new())
            .map_err(|error| FetchError::Unreachable(error.to_string()))?;
        let response = self.0.request(request).await;
        let response = response.map_err(|error| FetchError::Unreachable(chain(&error)))?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => return Err(FetchError::Elsewhere(status)),
            status => return Err(FetchError::Status(status)),
        }
        let body = Limited::new(response.into_body(), MOST_BYTES)
            .collect()
            .await;
        let body = body.map_err(|error| FetchError::Body(chain(&*error)))?;
        Ok(body.to_bytes())
    }
}

/// An error with what led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}

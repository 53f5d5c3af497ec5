//! The one form of all errors: `{"error": {"code", "message", "retry_after_ms?"}}`.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    error::{JsonPayloadError, PayloadError, QueryPayloadError},
    http::{StatusCode, header},
};
use rand::Rng;
use rookery_chat::{Refusal, Retry};
use rookery_protocol::ErrorCode;
use serde_json::json;

use crate::{identity::TokenError, request::BodyError};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HttpError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    retry: Option<Retry>,
}

impl HttpError {
    /// With the status that fits the code.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(code.http_status());
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            message: message.into(),
            retry: None,
        }
    }

    /// With a status of its own, where HTTP has a finer one than the code.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut error = json!({"code": self.code, "message": self.message});
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(ms) = self.retry.map(after_ms) {
            error["retry_after_ms"] = ms.into();
            response.insert_header((header::RETRY_AFTER, ms.div_ceil(1000).to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.json(json!({"error": error}))
    }
}

impl From<TokenError> for HttpError {
    fn from(error: TokenError) -> Self {
        Self {
            retry: error.retry_after_ms().map(Retry::AfterMs),
            ..Self::new(error.code(), error.to_string())
        }
    }
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> Self {
        refusal.log_fault();
        let Refusal {
            code,
            message,
            retry,
            ..
        } = refusal;
        Self {
            retry,
            ..Self::new(code, message)
        }
    }
}

/// In how many milliseconds a request is worth repeating. Requests are made by
/// programs and single clicks, so that some spread is enough.
fn after_ms(retry: Retry) -> u64 {
    match retry {
        Retry::AfterMs(ms) => ms,
        Retry::Spread => rand::rng().random_range(500..=1_500),
    }
}

/// What was wrong with a JSON body.
pub(super) fn of_json(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    of_json_body(error, " (http.body_bytes)")
}

/// The same of what somebody logs in with.
pub(super) fn of_account_json(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    of_json_body(error, "")
}

/// The same of a guest's, whose size is not for operators to set.
pub(super) fn of_guest_json(error: JsonPayloadError, _: &HttpRequest) -> actix_web::Error {
    of_json_body(error, "")
}

fn of_json_body(error: JsonPayloadError, setting: &str) -> actix_web::Error {
    let (code, message) = match error {
        JsonPayloadError::Payload(ref error) if BodyError::behind(error).is_some() => {
            return of_body(error).into();
        }
        JsonPayloadError::OverflowKnownLength { limit, .. }
        | JsonPayloadError::Overflow { limit } => (
            ErrorCode::TooLarge,
            format!("the body may have at most {limit} bytes{setting}"),
        ),
        JsonPayloadError::ContentType => (
            ErrorCode::BadRequest,
            "the body must be JSON, with content-type: application/json".to_owned(),
        ),
        JsonPayloadError::Deserialize(error) => (
            ErrorCode::BadRequest,
            format!("the body is not as wanted: {error}"),
        ),
        error => (ErrorCode::BadRequest, error.to_string()),
    };
    HttpError::new(code, message).into()
}

/// Why a body was not read to its end.
fn of_body(error: &PayloadError) -> HttpError {
    match BodyError::behind(error) {
        Some(error @ BodyError::TooMany) => HttpError {
            retry: Some(Retry::Spread),
            ..HttpError::new(ErrorCode::Unavailable, error.to_string())
        },
        Some(error @ BodyError::TooSlow) => {
            HttpError::new(ErrorCode::BadRequest, error.to_string())
                .with_status(StatusCode::REQUEST_TIMEOUT)
        }
        None => HttpError::new(ErrorCode::BadRequest, error.to_string()),
    }
}

/// What was wrong with a query string; only pages of messages have one.
pub(super) fn of_query(error: QueryPayloadError, _: &HttpRequest) -> actix_web::Error {
    let message = format!("before, after, around and limit must be whole numbers: {error}");
    HttpError::new(ErrorCode::BadRequest, message).into()
}

//! Says in words whether what the settings point to will do.

use crate::{EngineSettings, Settings};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckLine {
    /// How it stands.
    pub status: CheckStatus,
    /// What was found.
    pub found: String,
    /// What to do about it, where something is to be done.
    pub mend: Option<String>,
}

/// How something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// It works, but not as one would want it in earnest.
    Warning,
    /// It does not work.
    Failed,
}

impl CheckLine {
    /// Something that is as it should be.
    pub(crate) fn ok(found: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Ok,
            found: found.into(),
            mend: None,
        }
    }

    /// Something that works, but not as one would want it in earnest.
    pub(crate) fn warning(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Warning,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }

    /// Something that does not work.
    pub(crate) fn failed(found: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            status: CheckStatus::Failed,
            found: found.into(),
            mend: Some(mend.into()),
        }
    }
}

/// Looks at everything that the store needs, without leaving anything behind.
pub async fn check(settings: &Settings) -> Vec<CheckLine> {
    match &settings.engine {
        EngineSettings::Embedded(None) => vec![
            CheckLine::ok("the embedded engine needs nothing"),
            CheckLine::warning(
                "messages live in the memory of one process and end with it",
                "name a folder that keeps them: --data DIR or embedded.data; to run several nodes set store = \"redis\" and redis.url",
            ),
        ],
        EngineSettings::Embedded(Some(data)) => crate::embedded::check(data),
        EngineSettings::Redis(redis) => crate::redis::check(redis, &settings.server_id).await,
    }
}

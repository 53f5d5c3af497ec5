//! The bytes of request bodies that are being read on this node.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::error::PayloadError;

/// The bytes of all bodies that are being read on this node.
#[derive(Debug, Default)]
pub(crate) struct Bodies(Arc<AtomicUsize>);

/// A share of them, given back when it is dropped.
pub(crate) struct BodyShare {
    all: Arc<AtomicUsize>,
    most: usize,
    bytes: usize,
}

impl BodyShare {
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), BodyError> {
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bytes += bytes;
        match self.most {
            most if most != 0 && all > most => Err(BodyError::TooMany),
            _ => Ok(()),
        }
    }
}

impl Drop for BodyShare {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why the reading of a body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Too many bytes of bodies are being read.
    TooMany,
    /// It did not come in time.
    TooSlow,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => {
                "this node reads too many bodies just now (http.all_bodies_bytes); try again"
            }
            Self::TooSlow => "the body did not come in time (http.body_ms)",
        })
    }
}

impl std::error::Error for BodyError {}

impl BodyError {
    /// The one that is behind a failure to read a body, if one is.
    pub(crate) fn behind(error: &PayloadError) -> Option<Self> {
        match error {
            PayloadError::Io(error) => error.get_ref()?.downcast_ref().copied(),
            _ => None,
        }
    }
}

impl Bodies {
    /// A share without bytes, of at most so many that all have together (0 is no limit).
    pub(crate) fn share(&self, most: usize) -> BodyShare {
        BodyShare {
            all: Arc::clone(&self.0),
            most,
            bytes: 0,
        }
    }
}

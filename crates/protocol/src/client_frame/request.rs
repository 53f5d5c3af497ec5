//! Requests: commands that belong to no connection, so that a socket and a route of
//! HTTP take them alike.
//!
//! The fields of each are one struct, read from one JSON object, whatever brought it.

use serde::Deserialize;

use crate::RoomId;

/// Declares the closed set of requests: those that only read and those that change
/// something, by the `type` of their frame.
macro_rules! requests {
    (
        reads { $($reads:literal => $reading:ident),* $(,)? }
        changes { $($changes:literal => $changing:ident),* $(,)? }
    ) => {
        /// A command that belongs to no connection, with what is asked.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Request {
            $(#[doc = concat!("`", $reads, "`")] $reading($reading),)*
            $(#[doc = concat!("`", $changes, "`")] $changing($changing),)*
        }

        impl Request {
            /// The names of all of them, as the `type` of a frame has them.
            pub const NAMES: &'static [&'static str] = &[$($reads,)* $($changes,)*];

            /// Its place among [`Self::NAMES`].
            pub fn place(&self) -> usize {
                let name = self.name();
                // Each name is one of them.
                Self::NAMES.iter().position(|other| *other == name).unwrap_or(0)
            }

            /// The `type` of its frame.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$reading(_) => $reads,)*
                    $(Self::$changing(_) => $changes,)*
                }
            }

            /// Whether it changes nothing: without an answer it is of no use.
            pub fn only_reads(&self) -> bool {
                match self {
                    $(Self::$reading(_) => true,)*
                    $(Self::$changing(_) => false,)*
                }
            }

            /// Reads the fields of a request of this name; `None` where there is none.
            pub(super) fn read(name: &str, json: &str) -> Option<Result<Self, serde_json::Error>> {
                Some(match name {
                    $($reads => serde_json::from_str(json).map(Self::$reading),)*
                    $($changes => serde_json::from_str(json).map(Self::$changing),)*
                    _ => return None,
                })
            }
        }
    };
}

requests! {
    reads {
        "message" => OneMessage,
    }
    changes {}
}

/// One message as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OneMessage {
    /// The room.
    pub room: RoomId,
    /// Its number there.
    pub seq: u64,
}

//! An async client of Rookery.
//!
//! [`Client`] keeps one connection to whichever node can be reached, comes back
//! after every loss with a full-jitter backoff, resumes each room where it left
//! off and resends what was not acknowledged under the same nonce. What happens
//! arrives in [`Events`]: every event of a room's log exactly once and in order.
//!
//! [`RawConnection`] is the socket beneath it, without any of this: for load and
//! for tests that want to see or break the protocol itself.
//!
//! It must never hide a gap: what cannot be resumed whole is told as a new
//! snapshot, and a node that breaks the order is left.
//!
//! ```no_run
//! # async fn chat() -> Result<(), rookery_client::ClientError> {
//! use rookery_client::{Client, ClientSettings, Event};
//! use rookery_protocol::RoomId;
//!
//! let settings = ClientSettings::new(["ws://127.0.0.1:8080/ws"], "a token");
//! let (client, mut events) = Client::connect(settings)?;
//! let room = RoomId::new("general").unwrap();
//! client.join(&room).await?;
//! let sent = client.send(&room, "hi all").await?;
//! while let Some(event) = events.next().await {
//!     if matches!(event, Event::Log(event) if event.seq == sent.seq) {
//!         break; // our own message, in its place in the room
//!     }
//! }
//! client.close().await;
//! # Ok(())
//! # }
//! ```

mod account;
mod account_calls;
mod asked;
mod backoff;
mod changes;
mod client;
mod driver;
mod error;
mod event;
mod folded;
mod frame;
mod raw;
mod request;
mod requests;
mod rooms;
mod settings;

pub use account::{AccountSession, Me, MeChange};
pub use backoff::Backoff;
pub use client::{Client, HistoryPage, NewMessage, Page, Sent};
pub use error::{ClientError, ConnectionError, GaveUp, HelloError};
pub use event::{Event, Events, Lost};
pub use folded::FoldedRoom;
pub use frame::{EventContent, LogEvent};
pub use raw::{RawConnection, Received, connect_tcp};
pub use settings::ClientSettings;

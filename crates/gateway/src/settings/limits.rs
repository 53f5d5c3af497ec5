//! `[limits]`: what one client may do. 0 means no limit everywhere.

use serde::Deserialize;

use super::kinds;

/// What one client may do; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    /// The most bytes of a frame from a client.
    #[serde(deserialize_with = "kinds::whole")]
    pub frame_bytes: usize,
    /// The most characters of a message.
    #[serde(deserialize_with = "kinds::whole")]
    pub text_chars: usize,
    /// The most bytes of a message's `meta`, as JSON.
    #[serde(deserialize_with = "kinds::whole")]
    pub meta_bytes: usize,
    /// The most rooms that one connection follows.
    #[serde(deserialize_with = "kinds::whole")]
    pub rooms_per_connection: usize,
    /// The most rooms that a user is a member of.
    #[serde(deserialize_with = "kinds::whole")]
    pub rooms_per_user: u64,
    /// How many rooms a user may make in an hour, by joining what is not there.
    #[serde(deserialize_with = "kinds::whole")]
    pub rooms_made_per_hour: u64,
    /// How many bans and mutes may be in force in a room, together.
    #[serde(deserialize_with = "kinds::whole")]
    pub restraints_per_room: u64,
    /// The most invitations by code that a room has; 1 to 10,000, since they are listed as one.
    #[serde(deserialize_with = "kinds::whole")]
    pub invites_per_room: u64,
    /// How many different reactions a message may have; 1 to 100, since they stand in it.
    #[serde(deserialize_with = "kinds::whole")]
    pub reactions_per_message: u64,
    /// How many reactions may wait on a node to be told together, where many come at once.
    #[serde(deserialize_with = "kinds::whole")]
    pub reactions_waiting: usize,
    /// How many messages of a room may be pinned; 1 to 200, since they are listed as one.
    #[serde(deserialize_with = "kinds::whole")]
    pub pins_per_room: u64,
    /// Of how many people at once a node takes away what they wrote before a ban with `delete_since`.
    #[serde(deserialize_with = "kinds::whole")]
    pub purges: usize,
    /// How many frames a connection may send per second, in the long run.
    #[serde(deserialize_with = "kinds::whole")]
    pub send_rate: u32,
    /// How many frames it may send at once.
    #[serde(deserialize_with = "kinds::whole")]
    pub send_burst: u32,
    /// How many commands per second one user may have carried out here in the
    /// long run, by all connections and by HTTP together.
    #[serde(deserialize_with = "kinds::whole")]
    pub user_rate: u32,
    /// How many of them at once.
    #[serde(deserialize_with = "kinds::whole")]
    pub user_burst: u32,
    /// How many requests per second without a valid token one address may make
    /// in the long run, a refused `hello` counted like a request.
    #[serde(deserialize_with = "kinds::whole")]
    pub stranger_rate: u32,
    /// How many of them at once.
    #[serde(deserialize_with = "kinds::whole")]
    pub stranger_burst: u32,
    /// How many times in 15 minutes somebody may fail to log in under one name, on this node.
    #[serde(deserialize_with = "kinds::whole")]
    pub login_failures_per_name: u32,
    /// The same from one address.
    #[serde(deserialize_with = "kinds::whole")]
    pub login_failures_per_address: u32,
    /// How many accounts one address may make in an hour, on this node.
    #[serde(deserialize_with = "kinds::whole")]
    pub registrations_per_hour: u32,
    /// How often in a day a user may take another name, on this node.
    #[serde(deserialize_with = "kinds::whole")]
    pub name_changes_per_day: u32,
    /// The most sessions of one account.
    #[serde(deserialize_with = "kinds::whole")]
    pub sessions_per_user: usize,
    /// The most others that a user blocks.
    #[serde(deserialize_with = "kinds::whole")]
    pub blocks_per_user: usize,
    /// The most passwords that this node looks at at the same time.
    #[serde(deserialize_with = "kinds::whole")]
    pub passwords_at_once: usize,
    /// The most connections of one user to this node.
    #[serde(deserialize_with = "kinds::whole")]
    pub connections_per_user: usize,
    /// The most bytes that wait for a client that reads slowly.
    #[serde(deserialize_with = "kinds::whole")]
    pub outbox_bytes: usize,
    /// The most bytes of what a connection asked for that are read for it and wait for it.
    #[serde(deserialize_with = "kinds::whole")]
    pub answer_bytes_per_connection: usize,
    /// The same of all connections of a user.
    #[serde(deserialize_with = "kinds::whole")]
    pub answer_bytes_per_user: usize,
    /// The same of the whole node.
    #[serde(deserialize_with = "kinds::whole")]
    pub answer_bytes: usize,
    /// For how many milliseconds a client may take nothing of what waits for it.
    #[serde(deserialize_with = "kinds::whole")]
    pub stalled_ms: u64,
    /// How many milliseconds a new connection has to say `hello`.
    #[serde(deserialize_with = "kinds::whole")]
    pub hello_ms: u64,
    /// The most events that are caught up after a cursor; further behind, a snapshot is given.
    #[serde(deserialize_with = "kinds::whole")]
    pub catch_up: u64,
    /// The most connections to this node.
    #[serde(deserialize_with = "kinds::whole")]
    pub connections: usize,
}

/// The most bytes that one character takes in JSON: two escapes of six bytes.
const CHARACTER_BYTES: usize = 12;

/// What a message has beside its text and its `meta`: names of fields, and a
/// room, an id and a nonce of the greatest length, escaped as well.
const REST_BYTES: usize = 2048;

impl LimitSettings {
    /// The least bytes of a frame or a body that hold every message within the
    /// other limits, however its JSON is written; `None` where a text has no limit.
    pub(crate) fn largest_message(&self) -> Option<usize> {
        if self.text_chars == 0 {
            return None;
        }
        let text = self.text_chars.saturating_mul(CHARACTER_BYTES);
        Some(
            text.saturating_add(self.meta_bytes)
                .saturating_add(REST_BYTES),
        )
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            frame_bytes: 64 * 1024,
            text_chars: 4_000,
            meta_bytes: 4_096,
            rooms_per_connection: 500,
            rooms_per_user: 1_000,
            rooms_made_per_hour: 100,
            restraints_per_room: 1_000,
            invites_per_room: 1_000,
            reactions_per_message: 20,
            reactions_waiting: 20_000,
            pins_per_room: 50,
            purges: 16,
            send_rate: 50,
            send_burst: 200,
            user_rate: 100,
            user_burst: 500,
            stranger_rate: 10,
            stranger_burst: 100,
            login_failures_per_name: 10,
            login_failures_per_address: 100,
            registrations_per_hour: 20,
            name_changes_per_day: 5,
            sessions_per_user: 100,
            blocks_per_user: 1_000,
            passwords_at_once: 4,
            connections_per_user: 50,
            outbox_bytes: 1024 * 1024,
            answer_bytes_per_connection: 8 * 1024 * 1024,
            answer_bytes_per_user: 16 * 1024 * 1024,
            answer_bytes: 256 * 1024 * 1024,
            stalled_ms: 30_000,
            hello_ms: 5_000,
            catch_up: 1_000,
            connections: 0,
        }
    }
}

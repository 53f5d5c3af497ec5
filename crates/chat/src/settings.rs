//! What an operator can set of the chat. The program that hosts it reads these
//! from wherever settings stand there, under the same names.

/// Everything that can be set; times are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How many workers take what rooms have for their sessions.
    pub workers: usize,
    /// What one user may do.
    pub limits: Limits,
    /// What a room keeps.
    pub rooms: RoomSettings,
    /// Who is seen online.
    pub presence: PresenceSettings,
}

/// What one user may do; 0 means no limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The most characters of a message.
    pub text_chars: usize,
    /// The most bytes of a message's `meta`, as JSON.
    pub meta_bytes: usize,
    /// The most bytes of a message as a whole, whatever brings it.
    pub frame_bytes: usize,
    /// The most rooms that one session follows.
    pub rooms_per_connection: usize,
    /// The most rooms that a user is a member of.
    pub rooms_per_user: u64,
    /// The most invitations of a room that are good.
    pub invites_per_room: u64,
    /// How many different reactions a message may have.
    pub reactions_per_message: u64,
    /// How many reactions may wait on this node to be told together.
    pub reactions_waiting: usize,
    /// How many messages of a room may be pinned.
    pub pins_per_room: u64,
    /// Of how many banned people this node takes away the messages at once.
    pub purges: usize,
    /// The most sessions of one user on this node.
    pub connections_per_user: usize,
    /// How many commands per second one user may have carried out in the long run.
    pub user_rate: u32,
    /// How many of them at once.
    pub user_burst: u32,
    /// How many requests per second without a valid token one address may make.
    pub stranger_rate: u32,
    /// How many of them at once.
    pub stranger_burst: u32,
    /// How many guests a minute one address may bring.
    pub guests_per_minute: u32,
    /// How many times in 15 minutes somebody may fail to log in under one name.
    pub login_failures_per_name: u32,
    /// The same from one address.
    pub login_failures_per_address: u32,
    /// How many accounts one address may make in an hour.
    pub registrations_per_hour: u32,
    /// How often in a day a user may take another name.
    pub name_changes_per_day: u32,
    /// How many log-ins a user has at most.
    pub sessions_per_user: usize,
    /// How many others a user blocks at most.
    pub blocks_per_user: usize,
    /// How many passwords are looked at at once.
    pub passwords_at_once: usize,
    /// The most bytes of answers that a user may have waiting.
    pub answer_bytes_per_user: usize,
    /// The same of the whole node.
    pub answer_bytes: usize,
    /// The most events that are caught up after a cursor.
    pub catch_up: u64,
}

/// What a room keeps, and who makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSettings {
    /// The most messages that a room keeps, and whatever happened since the first of them; 0 is no limit.
    pub max_messages: u64,
    /// The most bytes of recent events that this node remembers.
    pub recent_bytes: usize,
    /// For how long a room is followed in which nobody here is any more.
    pub linger_ms: u64,
    /// Whether joining a room that nobody has made makes a public one.
    pub create_on_join: bool,
    /// The words that are reactions beside the emoji of Unicode, without their colons.
    pub custom_reactions: Vec<String>,
}

/// Who is seen online, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceSettings {
    /// For how long a user whose last session ended still counts as online.
    pub grace_ms: u64,
    /// After how long without a sign of life a node counts as dead.
    pub lease_ms: u64,
}

// As the settings of the program have them.
impl Default for Settings {
    fn default() -> Self {
        Self {
            workers: 1,
            limits: Limits::default(),
            rooms: RoomSettings::default(),
            presence: PresenceSettings::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            text_chars: 4_000,
            meta_bytes: 4_096,
            frame_bytes: 64 * 1024,
            rooms_per_connection: 500,
            rooms_per_user: 1_000,
            invites_per_room: 1_000,
            reactions_per_message: 20,
            reactions_waiting: 20_000,
            pins_per_room: 50,
            purges: 16,
            connections_per_user: 50,
            user_rate: 100,
            user_burst: 500,
            stranger_rate: 10,
            stranger_burst: 100,
            guests_per_minute: 60,
            login_failures_per_name: 10,
            login_failures_per_address: 100,
            registrations_per_hour: 20,
            name_changes_per_day: 5,
            sessions_per_user: 100,
            blocks_per_user: 1_000,
            passwords_at_once: 4,
            answer_bytes_per_user: 16 * 1024 * 1024,
            answer_bytes: 256 * 1024 * 1024,
            catch_up: 1_000,
        }
    }
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            max_messages: 10_000,
            recent_bytes: 64 * 1024 * 1024,
            linger_ms: 60_000,
            create_on_join: true,
            custom_reactions: Vec::new(),
        }
    }
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            grace_ms: 5_000,
            lease_ms: 6_000,
        }
    }
}

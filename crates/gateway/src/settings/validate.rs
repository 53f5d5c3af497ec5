//! What settings cannot work, each alone and together, in words that say what to do.

use super::{Engine, Settings, issuers, log_level::LogLevel};

/// The least bytes of the secret, as HS256 wants it (RFC 7518, 3.2).
const SECRET_BYTES: usize = 32;

/// How a secret is made.
pub(crate) const MAKE_SECRET: &str = "make one with `openssl rand -hex 32`";

/// The longest time before its end at which a client is told of it.
const MOST_EXPIRING_MS: u32 = 3_600_000;

/// The shortest time that a disk must be given.
const LEAST_WRITE_MS: u64 = 1_000;

/// The least memory for what was read of a folder.
const LEAST_CACHE_BYTES: usize = 1024 * 1024;

/// The shortest heartbeat; below it a node would mostly ping.
const LEAST_HEARTBEAT_MS: u64 = 100;

/// The least bytes of answers.
const LEAST_ANSWER_BYTES: usize = 64 * 1024;

/// The most invitations of a room: they are listed, and looked over, as one.
const MOST_INVITES: u64 = 10_000;

/// The most different reactions to a message, which has them all in it.
const MOST_REACTIONS: u64 = 100;

/// The most bytes of a word that is a reaction.
const MOST_WORD_BYTES: usize = 32;

/// The most pins of a room, which are listed as one.
const MOST_PINS: u64 = 200;

/// The shortest time that a client may take nothing for.
const LEAST_STALLED_MS: u64 = 1_000;

/// The least memory of recent events.
const LEAST_RECENT_BYTES: usize = 1024 * 1024;

/// The shortest time for which an empty room is kept: in it the store is told that
/// somebody is there.
const LEAST_KEEP_EMPTY_MS: u64 = 1_000;

/// The shortest lease; it is renewed several times in its life.
const LEAST_LEASE_MS: u64 = 300;

impl Settings {
    /// Everything that cannot work.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        self.check_secret(&mut problems);
        issuers::check(&self.auth.issuers, &mut problems);
        self.check_redis(&mut problems);
        self.check_embedded(&mut problems);
        self.check_addresses(&mut problems);
        self.check_times(&mut problems);
        self.check_limits(&mut problems);
        self.check_rooms(&mut problems);
        if let Err(words) = LogLevel::read(&self.log.level) {
            problems.push(format!("log.level: {words}"));
        }
        problems
    }

    /// What works but is probably not meant so.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let (Engine::Embedded, Some(url)) = (self.store, &self.redis.url) {
            warnings.push(format!("redis.url is set ({url}) but not used: the embedded engine keeps the messages; set store = \"redis\" (ROOKERY__STORE=redis) to use it"));
        }
        if self.store == Engine::Redis && self.embedded.data_settings().is_some() {
            warnings.push(format!("embedded.data is set ({}) but not used: messages are kept in Redis; set store = \"embedded\" (ROOKERY__STORE=embedded) to use it", self.embedded.data.display()));
        }
        if self.store == Engine::Redis && self.auth.guests == Some(true) {
            warnings.push(
                "auth.guests is on: whoever reaches this node may come in under any name"
                    .to_owned(),
            );
        }
        if let Ok(level) = LogLevel::read(&self.log.level) {
            warnings.extend(level.warnings);
        }
        issuers::warn(&self.auth.issuers, &mut warnings);
        let limits = &self.limits;
        let user = usize::try_from(limits.rooms_per_user).unwrap_or(usize::MAX);
        if user != 0 && limits.rooms_per_connection > user {
            warnings.push("limits.rooms_per_connection is larger than limits.rooms_per_user, so the user's limit is met first".to_owned());
        }
        let (linger_ms, keep_empty_ms) = (self.rooms.linger_ms, self.rooms.keep_empty_ms);
        if keep_empty_ms != 0 && keep_empty_ms < linger_ms {
            warnings.push("rooms.keep_empty_ms is shorter than rooms.linger_ms: nodes follow rooms that the store has forgotten, and will say that their log is gone".to_owned());
        }
        if [limits.frame_bytes, limits.outbox_bytes, limits.answer_bytes].contains(&0) {
            warnings.push(
                "limits.frame_bytes, limits.outbox_bytes or limits.answer_bytes is 0: one client can take all memory"
                    .to_owned(),
            );
        }
        warnings
    }

    fn check_secret(&self, problems: &mut Vec<String>) {
        match &self.auth.jwt_secret {
            Some(secret) if secret.reveal().len() < SECRET_BYTES => problems.push(format!(
                "auth.jwt_secret: has {} bytes, at least {SECRET_BYTES} are needed; {MAKE_SECRET}",
                secret.reveal().len()
            )),
            None if self.store == Engine::Redis => problems.push(format!(
                "auth.jwt_secret: must be set with store = \"redis\", since all nodes must share it; {MAKE_SECRET} and give it to every node (ROOKERY__AUTH__JWT_SECRET)"
            )),
            _ => {}
        }
        if self.auth.guest_ttl_s == 0 {
            problems.push(
                "auth.guest_ttl_s: must be at least 1; to keep guests out set auth.guests = false"
                    .to_owned(),
            );
        }
        if self.auth.access_ttl_s == 0 {
            problems.push(
                "auth.access_ttl_s: must be at least 1; 900, a quarter of an hour, fits most"
                    .to_owned(),
            );
        }
        if self.auth.expiring_ms > MOST_EXPIRING_MS {
            problems.push(format!(
                "auth.expiring_ms: at most {MOST_EXPIRING_MS}, an hour; 60000 is time enough to renew a token"
            ));
        }
        if self.auth.leeway_s > 300 {
            problems.push("auth.leeway_s: at most 300 seconds; beyond that expired tokens would go on working".to_owned());
        }
    }

    fn check_redis(&self, problems: &mut Vec<String>) {
        if self.store == Engine::Redis && self.redis.url.is_none() {
            problems.push("redis.url: must be set with store = \"redis\", for example redis://127.0.0.1:6379 (ROOKERY__REDIS__URL or REDIS_URL)".to_owned());
        }
        if self.redis.connect_timeout_ms < 100 {
            problems.push("redis.connect_timeout_ms: must be at least 100; an attempt is a name's look-up, TCP, perhaps TLS, and some questions".to_owned());
        }
        if self.redis.command_timeout_ms < 10 {
            problems.push("redis.command_timeout_ms: must be at least 10".to_owned());
        }
    }

    fn check_embedded(&self, problems: &mut Vec<String>) {
        if self.embedded.write_timeout_ms < LEAST_WRITE_MS {
            problems.push(format!(
                "embedded.write_timeout_ms: must be at least {LEAST_WRITE_MS}; a busy disk takes its time"
            ));
        }
        if self.embedded.cache_bytes < LEAST_CACHE_BYTES {
            problems.push(format!(
                "embedded.cache_bytes: must be at least {LEAST_CACHE_BYTES}, or everything would be read again and again"
            ));
        }
    }

    fn check_addresses(&self, problems: &mut Vec<String>) {
        if self.admin.listen == Some(self.listen) && self.listen.port() != 0 {
            problems.push(format!("admin.listen: is {} like listen; the operators' listener needs its own port, or \"off\"", self.listen));
        }
    }

    fn check_times(&self, problems: &mut Vec<String>) {
        if self.heartbeat_ms < LEAST_HEARTBEAT_MS {
            problems.push(format!(
                "heartbeat_ms: must be at least {LEAST_HEARTBEAT_MS}; 25000 fits most proxies"
            ));
        }
        if (1..LEAST_STALLED_MS).contains(&self.limits.stalled_ms) {
            problems.push(format!(
                "limits.stalled_ms: must be at least {LEAST_STALLED_MS}, or every hiccup of a network would count; 0 lifts the limit"
            ));
        }
        if self.presence.lease_ms < LEAST_LEASE_MS {
            problems.push(format!("presence.lease_ms: must be at least {LEAST_LEASE_MS}; the lease is renewed several times in its life"));
        }
    }

    fn check_limits(&self, problems: &mut Vec<String>) {
        let limits = &self.limits;
        if limits.send_rate != 0 && limits.send_burst == 0 {
            problems.push("limits.send_burst: must be at least 1 where limits.send_rate is set; to lift the limit set limits.send_rate = 0".to_owned());
        }
        let frame_fits = limits.outbox_bytes == 0 || limits.outbox_bytes >= limits.frame_bytes;
        if !frame_fits {
            problems.push(format!(
                "limits.outbox_bytes: {} is less than limits.frame_bytes, {}; no outbox could hold a message of that size",
                limits.outbox_bytes, limits.frame_bytes
            ));
        }
        for (key, most) in [
            (
                "limits.answer_bytes_per_connection",
                limits.answer_bytes_per_connection,
            ),
            ("limits.answer_bytes_per_user", limits.answer_bytes_per_user),
            ("limits.answer_bytes", limits.answer_bytes),
        ] {
            if (1..LEAST_ANSWER_BYTES).contains(&most) {
                problems.push(format!(
                    "{key}: must be at least {LEAST_ANSWER_BYTES}, or each answer would wait for the one before; 0 lifts the limit"
                ));
            }
        }
        if !(1..=MOST_INVITES).contains(&limits.invites_per_room) {
            problems.push(format!(
                "limits.invites_per_room: must be 1 to {MOST_INVITES}; who_may_invite of a room says who makes any"
            ));
        }
        for (name, value, most) in [
            (
                "reactions_per_message",
                limits.reactions_per_message,
                MOST_REACTIONS,
            ),
            ("pins_per_room", limits.pins_per_room, MOST_PINS),
        ] {
            if !(1..=most).contains(&value) {
                problems.push(format!("limits.{name}: must be 1 to {most}"));
            }
        }
        self.check_messages_fit(problems);
    }

    /// Whether a message within the limits is never refused for its bytes.
    fn check_messages_fit(&self, problems: &mut Vec<String>) {
        let Some(needed) = self.limits.largest_message() else {
            return;
        };
        for (key, most) in [
            ("limits.frame_bytes", self.limits.frame_bytes),
            ("http.body_bytes", self.http.body_bytes),
        ] {
            if most != 0 && most < needed {
                problems.push(format!(
                    "{key}: {most} does not hold every message that the other limits allow; {needed} do: limits.text_chars ({}) as JSON escapes of 12 bytes each, limits.meta_bytes ({}) and 2048 for the rest. Raise it, or lower those",
                    self.limits.text_chars, self.limits.meta_bytes
                ));
            }
        }
    }

    fn check_rooms(&self, problems: &mut Vec<String>) {
        if self.rooms.recent_bytes < LEAST_RECENT_BYTES {
            problems.push(format!(
                "rooms.recent_bytes: must be at least {LEAST_RECENT_BYTES}; less does not bridge the time in which somebody comes in"
            ));
        }
        if (1..LEAST_KEEP_EMPTY_MS).contains(&self.rooms.keep_empty_ms) {
            problems.push(format!(
                "rooms.keep_empty_ms: must be at least {LEAST_KEEP_EMPTY_MS}, or rooms would go while people come in; 0 keeps empty rooms for good"
            ));
        }
        for word in &self.rooms.custom_reactions {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte);
            if !(1..=MOST_WORD_BYTES).contains(&word.len()) || !word.bytes().all(allowed) {
                problems.push(format!(
                    "rooms.custom_reactions: {word:?} must be 1 to {MOST_WORD_BYTES} of A-Z a-z 0-9 _ + -, without colons"
                ));
            }
        }
        for prefix in self.rooms.lifetimes.0.keys() {
            // The empty prefix is the one of all rooms.
            if !prefix.is_empty() && rookery_protocol::RoomId::new(prefix).is_err() {
                problems.push(format!(
                    "rooms.lifetimes: {prefix:?} cannot begin a room id; ids have 1 to 64 of A-Z a-z 0-9 _ . : -"
                ));
            }
        }
    }
}

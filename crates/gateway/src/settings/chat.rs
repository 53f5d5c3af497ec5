//! The part of the settings that the chat goes by.

use rookery_chat::settings::{Limits, PresenceSettings, RoomSettings, Settings as ChatSettings};

use super::Settings;

impl Settings {
    /// What the chat is to be made with.
    pub fn chat_settings(&self) -> ChatSettings {
        let (limits, rooms) = (&self.limits, &self.rooms);
        ChatSettings {
            workers: self.worker_count(),
            limits: Limits {
                text_chars: limits.text_chars,
                meta_bytes: limits.meta_bytes,
                frame_bytes: limits.frame_bytes,
                rooms_per_connection: limits.rooms_per_connection,
                rooms_per_user: limits.rooms_per_user,
                invites_per_room: limits.invites_per_room,
                reactions_per_message: limits.reactions_per_message,
                reactions_waiting: limits.reactions_waiting,
                pins_per_room: limits.pins_per_room,
                purges: limits.purges,
                connections_per_user: limits.connections_per_user,
                user_rate: limits.user_rate,
                user_burst: limits.user_burst,
                stranger_rate: limits.stranger_rate,
                stranger_burst: limits.stranger_burst,
                guests_per_minute: self.auth.guests_per_minute,
                login_failures_per_name: limits.login_failures_per_name,
                login_failures_per_address: limits.login_failures_per_address,
                registrations_per_hour: limits.registrations_per_hour,
                name_changes_per_day: limits.name_changes_per_day,
                sessions_per_user: limits.sessions_per_user,
                blocks_per_user: limits.blocks_per_user,
                passwords_at_once: limits.passwords_at_once,
                answer_bytes_per_user: limits.answer_bytes_per_user,
                answer_bytes: limits.answer_bytes,
                catch_up: limits.catch_up,
            },
            rooms: RoomSettings {
                max_messages: rooms.max_messages,
                recent_bytes: rooms.recent_bytes,
                linger_ms: rooms.linger_ms,
                create_on_join: rooms.create_on_join,
                custom_reactions: rooms.custom_reactions.clone(),
            },
            presence: PresenceSettings {
                grace_ms: self.presence.grace_ms,
                lease_ms: self.presence.lease_ms,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chat_has_the_defaults_of_the_program() {
        let settings = Settings::default();
        let wanted = ChatSettings {
            workers: settings.worker_count(),
            ..ChatSettings::default()
        };
        assert_eq!(settings.chat_settings(), wanted);
    }
}

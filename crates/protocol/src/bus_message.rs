//! What the lines of the shared channel say, by their type.
//!
//! Nodes of two versions live side by side during an update: what a version does
//! not know is given as [`BusMessage::Unknown`], to be skipped and counted.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    Envelope, Epoch, LoginId, RoomId, ServerId, SessionId, User, UserId, server_frame::Status,
};

/// One message of the shared channel.
#[derive(Debug)]
pub enum BusMessage<'a> {
    /// An event that is in a room's log.
    Event {
        /// The room.
        room: &'a str,
        /// The life of its log.
        epoch: Epoch,
        /// The number in it.
        seq: u64,
        /// When it is gone, where it does not live for good.
        expires_at: Option<u64>,
        /// The event as clients get it.
        json: &'a str,
    },
    /// Somebody writes, or no longer does.
    Typing {
        /// The room.
        room: &'a str,
        /// Who.
        user: UserId,
        /// What its members are told.
        json: &'a str,
    },
    /// Somebody came or went, by the store's word.
    Presence {
        /// The room.
        room: &'a str,
        /// Who and which way; in a big room the store does not say.
        who: Option<(User, Status)>,
        /// How many are there now.
        online_count: u64,
        /// When, by the store's clock in microseconds.
        at: u64,
    },
    /// Up to where somebody has received or read.
    Receipt {
        /// The room.
        room: &'a str,
        /// What its members are told.
        json: &'a str,
    },
    /// Something for all sessions of one user.
    ToUser {
        /// Whose sessions.
        user: UserId,
        /// What they are told.
        json: &'a str,
    },
    /// Something that every node is to do.
    Control(Control),
    /// A node listens for its own echo, and the others hear of it.
    Probe {
        /// What it carries.
        json: &'a str,
    },
    /// Something that this version does not know.
    Unknown,
}

/// What every node is told to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum Control {
    /// Close the sessions of a user with 4503: all of them, or one.
    RevokeSession {
        /// The user.
        user: UserId,
        /// The one session; all where it is not there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<SessionId>,
    },
    /// Log-ins of an account have ended: close what came with them, with 4503.
    EndLogins {
        /// Whose.
        user: UserId,
        /// Which.
        logins: Vec<LoginId>,
    },
    /// Nobody may come in as this user any more: close all their sessions with 4504.
    ShutOut {
        /// The user.
        user: UserId,
    },
    /// A guest has an account now: what came with the guest's token ends.
    Registered {
        /// The user.
        user: UserId,
    },
    /// A user is called otherwise: close their sessions, which come back under the new name.
    Renamed {
        /// The user.
        user: UserId,
    },
    /// A user is no member of a room any more, of which its log says nothing.
    Left {
        /// The room.
        room: RoomId,
        /// The user.
        user: UserId,
    },
    /// A room is gone with everything in it.
    RoomDeleted {
        /// The room.
        room: RoomId,
    },
}

#[derive(Deserialize)]
struct TypingData {
    user: User,
}

#[derive(Deserialize)]
struct PresenceData {
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    status: Option<Status>,
    online_count: u64,
    at: u64,
}

/// What goes to a user: whose, and what they are told.
#[derive(Debug, Serialize, Deserialize)]
struct ToUserData<'a> {
    user: UserId,
    #[serde(borrow)]
    frame: &'a RawValue,
}

impl<'a> BusMessage<'a> {
    /// Reads an envelope by its type.
    pub fn of(envelope: &'a Envelope<'_>) -> Self {
        Self::read(envelope).unwrap_or(Self::Unknown)
    }

    fn read(envelope: &'a Envelope<'_>) -> Option<Self> {
        let (kind, json) = (envelope.kind.as_ref(), envelope.data.get());
        if let Some(seq) = envelope.seq {
            return Some(Self::Event {
                room: envelope.room.as_deref()?,
                epoch: Epoch::new(envelope.epoch.as_deref()?).ok()?,
                seq,
                expires_at: envelope.expires_at,
                json,
            });
        }
        Some(match kind {
            "typing" => {
                let TypingData { user } = serde_json::from_str(json).ok()?;
                Self::Typing {
                    room: envelope.room.as_deref()?,
                    user: user.id,
                    json,
                }
            }
            "presence" => {
                let data: PresenceData = serde_json::from_str(json).ok()?;
                Self::Presence {
                    room: envelope.room.as_deref()?,
                    who: data.user.zip(data.status),
                    online_count: data.online_count,
                    at: data.at,
                }
            }
            "receipt" => Self::Receipt {
                room: envelope.room.as_deref()?,
                json,
            },
            "to_user" => {
                let ToUserData { user, frame } = serde_json::from_str(json).ok()?;
                Self::ToUser {
                    user,
                    json: frame.get(),
                }
            }
            "control" => Self::Control(serde_json::from_str(json).ok()?),
            "probe" => Self::Probe { json },
            _ => return None,
        })
    }
}

/// The line that has all sessions of a user told something, a frame on one line of JSON.
pub fn to_user_line(server_id: &ServerId, user: &UserId, frame: &RawValue) -> Vec<u8> {
    let user = user.clone();
    line(server_id.as_str(), "to_user", &ToUserData { user, frame })
}

/// The line that has every node do something. `server_id` is the node that has
/// done it already, or [`Envelope::OPERATOR`].
pub fn control_line(server_id: &str, control: &Control) -> Vec<u8> {
    line(server_id, "control", control)
}

fn line(server_id: &str, kind: &str, data: &impl Serialize) -> Vec<u8> {
    let mut line = Vec::new();
    // Ids and JSON that was read before: writing them into memory cannot fail.
    if let Ok(data) = serde_json::value::to_raw_value(data) {
        let envelope = Envelope {
            server_id: server_id.into(),
            kind: kind.into(),
            room: None,
            epoch: None,
            seq: None,
            expires_at: None,
            data: &data,
        };
        envelope.write_line(&mut line);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope;

    fn read(line: &str, look: impl FnOnce(BusMessage<'_>)) {
        let envelope = envelope::lines(line).next().unwrap().unwrap();
        look(BusMessage::of(&envelope));
    }

    #[test]
    fn what_is_written_is_read() {
        let user = UserId::new("anna").unwrap();
        let control = Control::RevokeSession {
            user: user.clone(),
            session: None,
        };
        let line = control_line(Envelope::OPERATOR, &control);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            "{\"server_id\":\"operator\",\"type\":\"control\",\"data\":{\"action\":\"revoke_session\",\"user\":\"anna\"}}\n"
        );
        read(&line, |message| {
            assert!(matches!(message, BusMessage::Control(read) if read == control));
        });
        let frame = RawValue::from_string(r#"{"type":"rooms","rows":[]}"#.into()).unwrap();
        let line = to_user_line(&ServerId::new("n_1").unwrap(), &user, &frame);
        read(std::str::from_utf8(&line).unwrap(), |message| {
            let BusMessage::ToUser { user: read, json } = message else {
                panic!()
            };
            assert_eq!((read, json), (user, frame.get()));
        });
    }

    #[test]
    fn what_is_not_known_is_unknown_and_so_is_what_is_broken() {
        for line in [
            r#"{"server_id":"n_2","type":"hologram","data":{}}"#,
            r#"{"server_id":"n_2","type":"control","data":{"action":"explode"}}"#,
            r#"{"server_id":"n_2","type":"control","data":7}"#,
            r#"{"server_id":"n_2","type":"typing","data":{"user":{"id":"a","name":"A"}}}"#,
            r#"{"server_id":"n_2","type":"presence","room":"r","data":{}}"#,
            r#"{"server_id":"n_2","type":"message","room":"r","seq":1,"data":{}}"#,
            r#"{"server_id":"n_2","type":"to_user","data":{"user":"a b"}}"#,
        ] {
            read(line, |message| {
                assert!(
                    matches!(message, BusMessage::Unknown),
                    "{line}: {message:?}"
                );
            });
        }
    }

    #[test]
    fn an_event_is_given_as_it_came() {
        let line = r#"{"server_id":"n_1","type":"message","room":"r","epoch":"e","seq":4,"expires_at":9,"data":{"later": 1}}"#;
        read(line, |message| {
            let BusMessage::Event {
                seq,
                json,
                expires_at,
                ..
            } = message
            else {
                panic!()
            };
            assert_eq!((seq, expires_at, json), (4, Some(9), r#"{"later": 1}"#));
        });
    }
}

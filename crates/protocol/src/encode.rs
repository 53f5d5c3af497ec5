//! Writes the frames of a node that are not events of the log.

use serde::Serialize;

use crate::{
    Epoch, ErrorCode, RequestId, RoomId, User,
    server_frame::{
        ErrorFrame, Expiring, NewEpoch, Pong, Presence, Reconnect, RoomKind, RoomNotice, RoomTold,
        ServerFrame, Status, Typing, Welcome,
    },
};

/// Serialises what is made of strings and numbers only, which cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// `welcome`.
pub fn welcome(welcome: Welcome) -> Vec<u8> {
    json(&ServerFrame::Welcome(Box::new(welcome)))
}

/// `error`.
pub fn error(
    id: Option<RequestId>,
    code: ErrorCode,
    message: impl Into<String>,
    retry_after_ms: Option<u64>,
) -> Vec<u8> {
    json(&ServerFrame::Error(ErrorFrame {
        id,
        code,
        message: message.into(),
        retry_after_ms,
    }))
}

/// `pong`.
pub fn pong(id: Option<RequestId>, server_time: u64) -> Vec<u8> {
    json(&ServerFrame::Pong(Pong { id, server_time }))
}

/// `epoch`.
pub fn epoch(room: &RoomId, epoch: &Epoch, seq: u64) -> Vec<u8> {
    json(&ServerFrame::Epoch(NewEpoch {
        room: room.clone(),
        epoch: epoch.clone(),
        seq,
    }))
}

/// `reconnect`.
pub fn reconnect(after_ms: u64) -> Vec<u8> {
    json(&ServerFrame::Reconnect(Reconnect { after_ms }))
}

/// `expiring`.
pub fn expiring(in_ms: u64) -> Vec<u8> {
    json(&ServerFrame::Expiring(Expiring { in_ms }))
}

/// `room`.
pub fn room_told(room: &RoomId, change: RoomNotice) -> Vec<u8> {
    json(&ServerFrame::Room(RoomTold {
        room: room.clone(),
        change,
    }))
}

/// `typing`.
pub fn typing(room: &RoomId, user: &User, on: bool, expires_ms: u64) -> Vec<u8> {
    json(&ServerFrame::Typing(Typing {
        room: room.clone(),
        user: user.clone(),
        on,
        expires_ms,
    }))
}

/// `presence` of one user in a room that is not big.
pub fn presence(room: &RoomId, user: &User, status: Status, online_count: u64) -> Vec<u8> {
    presence_of(room, Some((user, status)), online_count)
}

/// `presence` of a big room: only how many are here.
pub fn presence_count(room: &RoomId, online_count: u64) -> Vec<u8> {
    presence_of(room, None, online_count)
}

fn presence_of(room: &RoomId, who: Option<(&User, Status)>, online_count: u64) -> Vec<u8> {
    json(&ServerFrame::Presence(Presence {
        room: room.clone(),
        user: who.map(|(user, _)| user.clone()),
        status: who.map(|(_, status)| status),
        online_count,
        online: None,
    }))
}

/// `presence` of everybody in a room, as [`users`] writes them: it takes the place of what
/// was known.
pub fn presence_of_all(room: &RoomId, online: &[u8], online_count: u64) -> Vec<u8> {
    let mut out = presence_count(room, online_count);
    out.pop();
    out.extend_from_slice(br#","online":"#);
    out.extend_from_slice(online);
    out.push(b'}');
    out
}

/// `ok` without more.
pub fn ok(id: &RequestId) -> Vec<u8> {
    let mut out = head(id);
    out.push(b'}');
    out
}

/// `ok` to `renew`.
pub fn ok_renewed(id: &RequestId, expires_at: u64) -> Vec<u8> {
    ok_with(id, format!(r#"{{"expires_at":{expires_at}}}"#).as_bytes())
}

/// `ok` to what was stored.
pub fn ok_stored(id: &RequestId, seq: u64, ts: u64, duplicate: bool) -> Vec<u8> {
    let mut out = head(id);
    let mut digits = itoa::Buffer::new();
    out.extend_from_slice(br#","seq":"#);
    out.extend_from_slice(digits.format(seq).as_bytes());
    out.extend_from_slice(br#","ts":"#);
    out.extend_from_slice(digits.format(ts).as_bytes());
    out.extend_from_slice(if duplicate {
        br#","duplicate":true}"#
    } else {
        br#","duplicate":false}"#
    });
    out
}

/// `ok` to `history`: a page of finished messages.
pub fn ok_history<'a>(
    id: &RequestId,
    epoch: &Epoch,
    messages: impl IntoIterator<Item = &'a [u8]>,
    more: bool,
) -> Vec<u8> {
    let mut out = head(id);
    out.push(b',');
    out.extend_from_slice(&history(epoch, messages, more)[1..]);
    out
}

/// `ok` with the fields of a JSON object.
pub fn ok_with(id: &RequestId, fields: &[u8]) -> Vec<u8> {
    let mut out = head(id);
    if fields != b"{}" {
        out.push(b',');
    }
    out.extend_from_slice(fields.get(1..).unwrap_or(b"}"));
    out
}

/// A page of history as an object of its own, as HTTP answers with it.
pub fn history<'a>(
    epoch: &Epoch,
    messages: impl IntoIterator<Item = &'a [u8]>,
    more: bool,
) -> Vec<u8> {
    // An epoch needs no escaping.
    let mut out = format!(r#"{{"epoch":"{epoch}","messages":"#).into_bytes();
    array(&mut out, messages);
    out.extend_from_slice(format!(r#","more":{more}}}"#).as_bytes());
    out
}

/// What a joining client gets beside the events or messages.
#[derive(Debug, Clone)]
pub struct SnapshotHead<'a> {
    /// The room.
    pub room: &'a RoomId,
    /// Who may come in.
    pub kind: RoomKind,
    /// What people call it.
    pub name: &'a str,
    /// The life of its log.
    pub epoch: &'a Epoch,
    /// The number of its last event.
    pub seq: u64,
    /// How long its messages live.
    pub ttl_ms: Option<u64>,
    /// Whether the items are raw events after a cursor, or messages as they are now.
    pub recovered: bool,
    /// The messages that are pinned.
    pub pins: &'a [u64],
    /// Who is here, at most 200, as [`users`] writes them.
    pub online: &'a [u8],
    /// How many are here.
    pub online_count: u64,
}

/// A list of users.
pub fn users<'a>(users: impl IntoIterator<Item = &'a User>) -> Vec<u8> {
    let users: Vec<_> = users.into_iter().collect();
    json(&users)
}

/// `ok` to `join` up to its events or messages; [`ok_joined_items`] has the rest.
pub fn ok_joined_head(id: &RequestId, snapshot: &SnapshotHead<'_>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Head<'a> {
        room: &'a RoomId,
        kind: RoomKind,
        name: &'a str,
        epoch: &'a Epoch,
        seq: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        ttl_ms: Option<u64>,
        recovered: bool,
        #[serde(skip_serializing_if = "<[u64]>::is_empty")]
        pins: &'a [u64],
        online_count: u64,
    }
    let SnapshotHead {
        room,
        kind,
        name,
        epoch,
        seq,
        ttl_ms,
        recovered,
        pins,
        online,
        online_count,
    } = *snapshot;
    let mut inner = json(&Head {
        room,
        kind,
        name,
        epoch,
        seq,
        ttl_ms,
        recovered,
        pins,
        online_count,
    });
    inner.pop();
    let mut out = head(id);
    out.extend_from_slice(br#","room":"#);
    out.extend_from_slice(&inner);
    out.extend_from_slice(br#","online":"#);
    out.extend_from_slice(online);
    out
}

/// The rest of `ok` to `join`, the same for all who are shown the same: the
/// finished JSON of raw events after a cursor, or of messages as they are now.
pub fn ok_joined_items<'a>(recovered: bool, items: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = if recovered {
        br#","events":"#.to_vec()
    } else {
        br#","messages":"#.to_vec()
    };
    array(&mut out, items);
    out.extend_from_slice(b"}}");
    out
}

/// `{"type":"ok","id":…`, in a vector with room for a short rest.
fn head(id: &RequestId) -> Vec<u8> {
    let mut out = Vec::with_capacity(128);
    out.extend_from_slice(br#"{"type":"ok","id":"#);
    // A number or a string into memory cannot fail.
    let _ = serde_json::to_writer(&mut out, id);
    out
}

/// A JSON array of finished items.
fn array<'a>(out: &mut Vec<u8>, items: impl IntoIterator<Item = &'a [u8]>) {
    out.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(item);
    }
    out.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserId;

    fn read(bytes: &[u8]) -> ServerFrame {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn an_error_has_what_is_known_and_no_more() {
        assert_eq!(
            String::from_utf8(error(None, ErrorCode::NotFound, "no such room", None)).unwrap(),
            r#"{"type":"error","code":"not_found","message":"no such room"}"#
        );
    }

    #[test]
    fn a_stored_answer_is_as_in_the_example() {
        assert_eq!(
            String::from_utf8(ok_stored(&3.into(), 45, 1_795_300_000_412, false)).unwrap(),
            r#"{"type":"ok","id":3,"seq":45,"ts":1795300000412,"duplicate":false}"#
        );
    }

    #[test]
    fn a_snapshot_reads_back() {
        let room = RoomId::new("general").unwrap();
        let epoch = Epoch::new("k3v9").unwrap();
        let online = users(&[User {
            id: UserId::new("u_8").unwrap(),
            name: "Bea".into(),
        }]);
        let mut snapshot = SnapshotHead {
            room: &room,
            kind: RoomKind::Public,
            name: "General",
            epoch: &epoch,
            seq: 44,
            ttl_ms: None,
            recovered: true,
            pins: &[],
            online: &online,
            online_count: 1,
        };
        let event = br#"{"type":"message","room":"general","seq":44,"ts":5,"from":{"id":"u","name":"n"},"text":"x"}"#;
        let joined = |snapshot: &SnapshotHead<'_>, items: &[&[u8]]| {
            let items = ok_joined_items(snapshot.recovered, items.iter().copied());
            read(&[ok_joined_head(&2.into(), snapshot), items].concat())
        };
        let ServerFrame::Ok(answer) = joined(&snapshot, &[event]) else {
            panic!();
        };
        let read_back = answer.room.unwrap();
        assert!(read_back.recovered);
        assert_eq!(read_back.events.unwrap().len(), 1);
        assert_eq!(read_back.online[0].name.as_ref(), "Bea");

        snapshot.recovered = false;
        let ServerFrame::Ok(answer) = joined(&snapshot, &[event, event]) else {
            panic!();
        };
        assert_eq!(answer.room.unwrap().messages.unwrap().len(), 2);
    }

    #[test]
    fn a_page_of_history_reads_back() {
        let ServerFrame::Ok(answer) =
            read(&ok_history(&1.into(), &Epoch::new("k3").unwrap(), [], true))
        else {
            panic!()
        };
        assert_eq!((answer.messages, answer.more), (Some(vec![]), Some(true)));
    }
}

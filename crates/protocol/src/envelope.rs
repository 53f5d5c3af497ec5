//! What nodes say to each other on the shared channel.
//!
//! A payload is one JSON object per line, readable by a program in any
//! language. The event of a durable envelope stands in it as clients get it,
//! so a receiving node passes those bytes on without looking into them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{RoomId, ServerId};

/// One line of the shared channel.
#[derive(Debug, Deserialize, Serialize)]
pub struct Envelope<'a> {
    /// The node that has already delivered this to its own clients; `store`
    /// where no node has, because the store itself decided it (presence).
    #[serde(borrow)]
    pub server_id: Cow<'a, str>,
    /// The kind of event, as in the frame; `probe` between nodes only.
    #[serde(borrow, rename = "type")]
    pub kind: Cow<'a, str>,
    /// The room that it happened in.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Cow<'a, str>>,
    /// The life of the room's log, of durable events only.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<Cow<'a, str>>,
    /// The number in the room, of durable events only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// When the event is gone, where it does not live for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// The event as clients get it, or what a probe carries.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

impl<'a> Envelope<'a> {
    /// The `server_id` of what the store itself decided.
    pub const STORE: &'static str = "store";

    /// The `server_id` of what an operator has every node do.
    pub const OPERATOR: &'static str = "operator";

    /// An envelope of what has no number.
    pub fn ephemeral(
        server_id: &'a ServerId,
        kind: &'static str,
        room: Option<&'a RoomId>,
        data: &'a RawValue,
    ) -> Self {
        Self {
            server_id: server_id.as_str().into(),
            kind: kind.into(),
            room: room.map(|room| room.as_str().into()),
            epoch: None,
            seq: None,
            expires_at: None,
            data,
        }
    }

    /// Appends this envelope and a newline to a payload.
    pub fn write_line(&self, payload: &mut Vec<u8>) {
        // Strings and numbers into memory cannot fail.
        let _ = serde_json::to_writer(&mut *payload, self);
        payload.push(b'\n');
    }
}

/// The envelopes of a payload, line by line. A line that is none is given as
/// an error and the lines after it are still read.
pub fn lines(payload: &str) -> impl Iterator<Item = Result<Envelope<'_>, serde_json::Error>> {
    payload
        .lines()
        .filter(|line| !line.is_empty())
        .map(serde_json::from_str)
}

/// As [`lines`], without the events of one node, which are told by how a line
/// begins and not read any further. Its probes are among what is given.
pub fn lines_but_events_of<'a>(
    server_id: &ServerId,
    payload: &'a str,
) -> impl Iterator<Item = Result<Envelope<'a>, serde_json::Error>> {
    let begins_as_event = move |line: &str| {
        let rest = line.strip_prefix(r#"{"server_id":""#);
        rest.and_then(|rest| rest.strip_prefix(server_id.as_str()))
            .and_then(|rest| rest.strip_prefix(r#"","type":""#))
            .is_some_and(|rest| !rest.starts_with("probe\""))
    };
    payload
        .lines()
        .filter(move |line| !line.is_empty() && !begins_as_event(line))
        .map(serde_json::from_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_of_several_lines_is_read_and_garbage_skipped() {
        let payload = concat!(
            r#"{"server_id":"n_a1","type":"message","room":"general","epoch":"k3v9","seq":45,"data":{"type":"message","seq":45}}"#,
            "\nnot json\n",
            r#"{"server_id":"n_a1","type":"typing","room":"general","later":1,"data":{"on":true}}"#,
        );
        let read: Vec<_> = lines(payload).collect();
        assert_eq!(read.len(), 3);
        let first = read[0].as_ref().unwrap();
        assert_eq!(
            (first.seq, first.epoch.as_deref()),
            (Some(45), Some("k3v9"))
        );
        assert_eq!(first.data.get(), r#"{"type":"message","seq":45}"#);
        assert!(read[1].is_err());
        assert_eq!(read[2].as_ref().unwrap().seq, None);
    }

    #[test]
    fn events_of_one_node_are_left_out_and_its_probes_are_not() {
        let node = ServerId::new("n_1").unwrap();
        let payload = [
            r#"{"server_id":"n_1","type":"message","room":"r","seq":1,"data":{}}"#,
            r#"{"server_id":"n_12","type":"message","room":"r","seq":2,"data":{}}"#,
            r#"{"server_id":"n_1","type":"typing","room":"r","data":{}}"#,
            r#"{"server_id":"n_1","type":"probe","data":3}"#,
            r#"{"server_id":"store","type":"presence","room":"r","data":{}}"#,
            r#"{"server_id":"n_1", not json"#,
        ]
        .join("\n");
        let left: Vec<_> = lines_but_events_of(&node, &payload)
            .map(|envelope| envelope.map(|envelope| envelope.kind.into_owned()).ok())
            .collect();
        let kinds = ["message", "probe", "presence"].map(|kind| Some(kind.to_owned()));
        assert_eq!(left[..3], kinds);
        assert_eq!(left[3..], [None], "what is no envelope is said to be none");
    }

    #[test]
    fn what_is_written_is_read() {
        let data = RawValue::from_string("{}".into()).unwrap();
        let (node, room) = (ServerId::new("n_1").unwrap(), RoomId::new("r").unwrap());
        let envelope = Envelope::ephemeral(&node, "typing", Some(&room), &data);
        let mut payload = Vec::new();
        envelope.write_line(&mut payload);
        assert_eq!(
            String::from_utf8(payload).unwrap(),
            "{\"server_id\":\"n_1\",\"type\":\"typing\",\"room\":\"r\",\"data\":{}}\n"
        );
    }
}

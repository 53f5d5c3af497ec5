//! The commands of one message, written once, with places in them for the numbers that change.

use clap::ValueEnum;

use crate::fleet::encode;

pub(super) const CHANNEL: &str = "baseline:bus";

/// Number, append and publish in one step, as a chat with numbered messages has to.
pub(super) const APPEND_SCRIPT: &str = "local seq = redis.call('INCR', KEYS[1]) \
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', '10000', seq .. '-0', 'message', ARGV[1]) \
    redis.call('PUBLISH', ARGV[2], ARGV[1]) \
    return seq";

/// Where a number goes: eight digits, so numbers begin at this one.
const NUMBER_PLACE: &str = "00000000";
const FIRST_NUMBER: u64 = 10_000_000;
const TEXT_BYTES: usize = 200;

/// What is done for each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// ZADD and PUBLISH, what the goals are compared with
    ZaddPublish,
    /// XADD MAXLEN ~ alone: no number of our own, nobody told
    Xadd,
    /// INCR, XADD and PUBLISH in one script call per message
    AppendScript,
}

impl Kind {
    pub(super) fn publishes(self) -> bool {
        self != Self::Xadd
    }

    /// Lines of the protocol in the answers to one message.
    pub(super) fn answer_lines(self) -> u64 {
        match self {
            Self::ZaddPublish | Self::Xadd => 2,
            Self::AppendScript => 1,
        }
    }

    /// The command that says how many messages a room holds.
    pub(super) fn count_command(self) -> &'static str {
        match self {
            Self::ZaddPublish => "ZCARD",
            Self::Xadd | Self::AppendScript => "XLEN",
        }
    }
}

pub(super) fn log_key(room: usize) -> String {
    format!("baseline:{{room-{room:03}}}:log")
}

/// A message as Rookery stores it, with zeros in place of its number.
pub(super) fn message(room: usize) -> String {
    let text = format!(
        "@@{NUMBER_PLACE}@@{}",
        "x".repeat(TEXT_BYTES - NUMBER_PLACE.len() - 4)
    );
    format!(
        r#"{{"type":"message","room":"r-{room:03}","seq":{NUMBER_PLACE},"ts":1767225600000,"from":{{"id":"u{room:06}","name":"u{room:06}"}},"text":"{text}","nonce":"{NUMBER_PLACE}"}}"#
    )
}

/// The bytes that send a message to a room.
pub(super) fn bytes(kind: Kind, room: usize, script_sha: &str) -> Vec<u8> {
    let (key, message) = (log_key(room), message(room));
    match kind {
        Kind::ZaddPublish => {
            let mut bytes = encode(&["ZADD", &key, NUMBER_PLACE, &message]);
            bytes.extend(encode(&["PUBLISH", CHANNEL, &message]));
            bytes
        }
        Kind::Xadd => encode(&[
            "XADD", &key, "MAXLEN", "~", "10000", "*", "message", &message,
        ]),
        Kind::AppendScript => {
            let seq_key = format!("baseline:{{room-{room:03}}}:seq");
            encode(&[
                "EVALSHA", script_sha, "2", &seq_key, &key, &message, CHANNEL,
            ])
        }
    }
}

/// Where the numbers of a message stand in its bytes.
pub(super) fn number_places(bytes: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(bytes, NUMBER_PLACE).collect()
}

/// Writes the number of the message that is sent after `number` others into its places.
pub(super) fn write_number(bytes: &mut [u8], places: &[usize], number: u64) {
    let digits = (FIRST_NUMBER + number).to_string();
    for &place in places {
        bytes[place..place + NUMBER_PLACE.len()].copy_from_slice(digits.as_bytes());
    }
}

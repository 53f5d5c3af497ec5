//! The close codes. The range alone tells a client what to do, so that it also
//! understands a code that it does not know.

/// Why a node closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The client asked for it.
    Normal = 1000,
    /// The bytes break RFC 6455.
    WebSocketProtocol = 1002,
    /// A text was no UTF-8 (RFC 6455, 8.1).
    NotUtf8 = 1007,
    /// The node is about to stop.
    Draining = 4000,
    /// A fault of the node.
    Internal = 4001,
    /// The client did not read for so long that its outbox was full.
    SlowReader = 4002,
    /// Nothing was heard for two heartbeats.
    HeartbeatLost = 4003,
    /// What the connection was sent no longer agrees with the log.
    OutOfSync = 4004,
    /// The token ran out.
    TokenExpired = 4005,
    /// The user has another name, under which the client comes back.
    Renamed = 4006,
    /// The client went on although it was told to slow down.
    Flooding = 4008,
    /// A message was so large that it was not even passed over.
    TooLarge = 4009,
    /// What came was not a frame of this protocol.
    NotAFrame = 4500,
    /// The token was refused.
    AuthenticationFailed = 4501,
    /// No `hello` came in time.
    NoHello = 4502,
    /// Somebody ended this session.
    SessionRevoked = 4503,
    /// The user is banned.
    Banned = 4504,
    /// The user has too many connections.
    TooManyConnections = 4505,
    /// The client speaks a version that this node does not.
    UnknownVersion = 4506,
}

impl CloseCode {
    /// The number on the wire.
    pub fn as_u16(self) -> u16 {
        self as u16
    }

    /// A few words for people, sent as the reason of the close frame.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "",
            Self::WebSocketProtocol => "WebSocket protocol error",
            Self::NotUtf8 => "not UTF-8",
            Self::Draining => "draining",
            Self::Internal => "internal error",
            Self::SlowReader => "too slow a reader",
            Self::HeartbeatLost => "heartbeat lost",
            Self::OutOfSync => "out of sync",
            Self::TokenExpired => "token expired",
            Self::Renamed => "another name",
            Self::Flooding => "flooding",
            Self::TooLarge => "too large a message",
            Self::NotAFrame => "not a frame of this protocol",
            Self::AuthenticationFailed => "authentication failed",
            Self::NoHello => "no hello in time",
            Self::SessionRevoked => "session revoked",
            Self::Banned => "banned",
            Self::TooManyConnections => "too many connections",
            Self::UnknownVersion => "unknown protocol version",
        }
    }
}

/// Whether a client that was closed with this code is to come back: yes, but
/// for 4500 to 4999 and the few WebSocket codes that say the client is at fault.
pub fn may_come_back(code: u16) -> bool {
    !matches!(code, 1002 | 1003 | 1007 | 1009 | 1010 | 4500..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_decides() {
        assert!(may_come_back(CloseCode::SlowReader.as_u16()));
        assert!(may_come_back(4499));
        assert!(may_come_back(1006));
        assert!(!may_come_back(CloseCode::NotAFrame.as_u16()));
        assert!(!may_come_back(4999));
        assert!(may_come_back(CloseCode::TooLarge.as_u16()));
    }
}

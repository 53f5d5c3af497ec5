//! The routes of the API that are requests: which frame each stands for.
//!
//! A route gives the fields of the frame by its path, its query and its body; what it does
//! and what it answers is the same.

/// A method of HTTP at a path, and the request that it is.
#[derive(Debug)]
pub(crate) struct ApiRoute {
    /// The method.
    pub(crate) method: &'static str,
    /// The path; what is in braces is a field of the request.
    pub(crate) path: &'static str,
    /// The `type` of the frame.
    pub(crate) request: &'static str,
}

impl ApiRoute {
    /// What the method says of the request, as fields of JSON.
    pub(crate) fn said_by_method(&self) -> Option<&'static str> {
        match (self.request, self.method) {
            ("react", "PUT") => Some(r#""on":true"#),
            ("react", "DELETE") => Some(r#""on":false"#),
            _ => None,
        }
    }

    /// The field of the request that a part of the path is.
    pub(crate) fn field<'a>(&self, part: &'a str) -> &'a str {
        match (self.request, part) {
            // The number of a message that something is done to.
            ("edit" | "delete" | "react" | "reactors" | "pin" | "unpin", "seq") => "target",
            ("revoke_session", "id") => "session",
            _ => part,
        }
    }
}

const fn route(method: &'static str, path: &'static str, request: &'static str) -> ApiRoute {
    ApiRoute {
        method,
        path,
        request,
    }
}

/// One reaction to a message.
const REACTIONS: &str = "/api/v1/rooms/{room}/messages/{seq}/reactions/{emoji}";

/// All of them; those of a path stand together.
pub(crate) const API: &[ApiRoute] = &[
    route("GET", "/api/v1/rooms/{room}/messages/{seq}", "message"),
    route("PATCH", "/api/v1/rooms/{room}/messages/{seq}", "edit"),
    route("DELETE", "/api/v1/rooms/{room}/messages/{seq}", "delete"),
    route("PUT", REACTIONS, "react"),
    route("DELETE", REACTIONS, "react"),
    route("GET", REACTIONS, "reactors"),
    route("GET", "/api/v1/rooms/{room}/pins", "pins"),
    route("PUT", "/api/v1/rooms/{room}/pins/{seq}", "pin"),
    route("DELETE", "/api/v1/rooms/{room}/pins/{seq}", "unpin"),
    route("GET", "/api/v1/rooms", "directory"),
    route("POST", "/api/v1/rooms", "create_room"),
    route("PATCH", "/api/v1/rooms/{room}", "update_room"),
    route("DELETE", "/api/v1/rooms/{room}", "delete_room"),
    route("PUT", "/api/v1/directs/{user}", "open_direct"),
    route("GET", "/api/v1/me/rooms", "my_rooms"),
    route("DELETE", "/api/v1/me/rooms/{room}", "leave"),
    route("GET", "/api/v1/rooms/{room}/members", "members"),
    route("POST", "/api/v1/rooms/{room}/members", "invite"),
    route("GET", "/api/v1/rooms/{room}/invites", "invites"),
    route("POST", "/api/v1/rooms/{room}/invites", "create_invite"),
    route(
        "DELETE",
        "/api/v1/rooms/{room}/invites/{code}",
        "revoke_invite",
    ),
    route("POST", "/api/v1/invites/{code}", "accept_invite"),
    route("PATCH", "/api/v1/rooms/{room}/members/{user}", "set_role"),
    route("DELETE", "/api/v1/rooms/{room}/members/{user}", "remove"),
    route("GET", "/api/v1/rooms/{room}/bans", "bans"),
    route("PUT", "/api/v1/rooms/{room}/bans/{user}", "ban"),
    route("DELETE", "/api/v1/rooms/{room}/bans/{user}", "unban"),
    route("GET", "/api/v1/sessions", "sessions"),
    route("DELETE", "/api/v1/sessions", "revoke_session"),
    route("DELETE", "/api/v1/sessions/{id}", "revoke_session"),
    route("GET", "/api/v1/users", "users"),
    // Before what has any user in its place.
    route("POST", "/api/v1/users/presence", "presence_of"),
    route("GET", "/api/v1/users/{user}", "user"),
    route("GET", "/api/v1/me/blocks", "blocks"),
    route("PUT", "/api/v1/me/blocks/{user}", "block"),
    route("DELETE", "/api/v1/me/blocks/{user}", "unblock"),
    route("GET", "/api/v1/me", "me"),
    route("PATCH", "/api/v1/me", "update_me"),
    route("DELETE", "/api/v1/me", "delete_me"),
    route("GET", "/api/v1/rooms/{room}/mutes", "mutes"),
    route("PUT", "/api/v1/rooms/{room}/mutes/{user}", "mute"),
    route("DELETE", "/api/v1/rooms/{room}/mutes/{user}", "unmute"),
];

/// The paths of them, each once.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    let is_first = |place: usize| place == 0 || API[place].path != API[place - 1].path;
    (0..API.len())
        .filter(move |&place| is_first(place))
        .map(|place| API[place].path)
}

/// Fields that are numbers or truths, in whatever request they are; all others are texts.
/// In a path and in a query all look alike.
pub(crate) fn is_text(field: &str) -> bool {
    !matches!(
        field,
        "seq"
            | "target"
            | "limit"
            | "on"
            | "for_ms"
            | "delete_since"
            | "expires_ms"
            | "uses"
            | "back"
    )
}

#[cfg(test)]
mod tests {
    use rookery_protocol::client_frame::Request;

    use super::*;

    #[test]
    fn every_route_is_a_request_and_stands_with_its_path() {
        for route in API {
            assert!(Request::NAMES.contains(&route.request), "{route:?}");
        }
        let mut each: Vec<_> = paths().collect();
        let count = each.len();
        each.sort_unstable();
        each.dedup();
        assert_eq!(each.len(), count);
    }
}

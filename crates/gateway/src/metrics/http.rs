//! Requests to the clients' listener, counted by route and class of status
//! without a look-up. Routes are a closed set: a stranger cannot make new series.

use prometheus_client::metrics::counter::Counter;
use rookery_chat::metrics::Registrar;

use crate::request::api;

/// What was asked for: a place among [`Route::labels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route(usize);

/// Those that are not of the API's requests.
const FIXED: [&str; 11] = [
    "/ws",
    "/healthz",
    "/readyz",
    "/admitz",
    "/api/v1/guest",
    "/api/v1/accounts",
    "/api/v1/sessions/refresh",
    "/api/v1/rooms/{room}/messages",
    "page",
    "/api",
    "none",
];

impl Route {
    pub(crate) const WEB_SOCKET: Self = Self(0);
    /// The chat page, and whatever else is asked for outside of the API.
    const PAGE: Self = Self(8);
    /// The API where it has nothing.
    const API: Self = Self(9);

    /// The route of a resource, by its pattern, or of a path that is no resource's.
    pub(crate) fn of(pattern: Option<&str>, path: &str) -> Self {
        let known = pattern.and_then(|pattern| Self::labels().position(|label| label == pattern));
        known.map_or_else(|| Self::of_path(path), Self)
    }

    fn of_path(path: &str) -> Self {
        match path {
            "/ws" => Self::WEB_SOCKET,
            path if path == "/api" || path.starts_with("/api/") => Self::API,
            _ => Self::PAGE,
        }
    }

    fn labels() -> impl Iterator<Item = &'static str> {
        FIXED.into_iter().chain(api::paths())
    }
}

/// The classes of status, from `1xx`.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A counter per route and class.
#[derive(Debug)]
pub(super) struct HttpRequests(Vec<[Counter; CLASSES.len()]>);

impl HttpRequests {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let counters = new.counters(
            "rookery_http_requests",
            "Requests to the clients' listener, upgrades included, by route and class of status",
        );
        let of =
            |route, class| counters.get_or_create_owned(&[("route", route), ("status", class)]);
        let routes = Route::labels();
        Self(
            routes
                .map(|route| CLASSES.map(|class| of(route, class)))
                .collect(),
        )
    }

    pub(super) fn of(&self, route: Route, status: u16) -> &Counter {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        &self.0[route.0][class]
    }

    pub(super) fn total(&self) -> u64 {
        self.0.iter().flatten().map(Counter::get).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_has_a_route() {
        for (place, label) in Route::labels().enumerate() {
            assert_eq!(Route::of(Some(label), "/x"), Route(place));
        }
        assert_eq!(Route::of(None, "/api/v1/nothing"), Route::API);
        assert_eq!(Route::of(None, "/apiary"), Route::PAGE);
        assert_eq!(Route::of(None, "/ws"), Route::WEB_SOCKET);
    }
}

//! Requests to the clients' listener, counted by route and class of status
//! without a look-up. Routes are a closed set: a stranger cannot make new series.

use prometheus_client::metrics::counter::Counter;
use rookery_chat::metrics::Registrar;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    WebSocket,
    Healthz,
    Readyz,
    Admitz,
    Guest,
    Messages,
    Message,
    /// The chat page, and whatever else is asked for outside of the API.
    Page,
    /// The API where it has nothing.
    Api,
    /// Nothing: the connection was refused or given up before a request was read.
    None,
}

impl Route {
    const ALL: [Self; 10] = [
        Self::WebSocket,
        Self::Healthz,
        Self::Readyz,
        Self::Admitz,
        Self::Guest,
        Self::Messages,
        Self::Message,
        Self::Page,
        Self::Api,
        Self::None,
    ];

    /// The route of a resource, by its pattern, or of a path that is no resource's.
    pub(crate) fn of(pattern: Option<&str>, path: &str) -> Self {
        let known = Self::ALL
            .into_iter()
            .find(|route| pattern == Some(route.label()));
        known.unwrap_or(match path {
            "/ws" => Self::WebSocket,
            path if path == "/api" || path.starts_with("/api/") => Self::Api,
            _ => Self::Page,
        })
    }

    fn label(self) -> &'static str {
        match self {
            Self::WebSocket => "/ws",
            Self::Healthz => "/healthz",
            Self::Readyz => "/readyz",
            Self::Admitz => "/admitz",
            Self::Guest => "/api/v1/guest",
            Self::Messages => "/api/v1/rooms/{room}/messages",
            Self::Message => "/api/v1/rooms/{room}/messages/{seq}",
            Self::Page => "page",
            Self::Api => "/api",
            Self::None => "none",
        }
    }
}

/// The classes of status, from `1xx`.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// A counter per route and class.
#[derive(Debug)]
pub(super) struct HttpRequests([[Counter; CLASSES.len()]; Route::ALL.len()]);

impl HttpRequests {
    pub(super) fn new(new: &mut Registrar) -> Self {
        let counters = new.counters(
            "rookery_http_requests",
            "Requests to the clients' listener, upgrades included, by route and class of status",
        );
        Self(Route::ALL.map(|route| {
            CLASSES.map(|class| {
                counters.get_or_create_owned(&[("route", route.label()), ("status", class)])
            })
        }))
    }

    pub(super) fn of(&self, route: Route, status: u16) -> &Counter {
        let class = usize::from(status / 100).clamp(1, CLASSES.len()) - 1;
        &self.0[route as usize][class]
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
        for route in Route::ALL {
            assert_eq!(Route::ALL[route as usize], route);
            assert_eq!(Route::of(Some(route.label()), "/x"), route);
        }
        assert_eq!(Route::of(None, "/api/v1/nothing"), Route::Api);
        assert_eq!(Route::of(None, "/apiary"), Route::Page);
        assert_eq!(Route::of(None, "/ws"), Route::WebSocket);
    }
}

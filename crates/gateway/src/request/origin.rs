//! From which pages a browser may connect.
//!
//! A browser names the page's origin and cannot be talked out of it by the
//! page; whatever is no browser names none, and may come: its token decides.

use actix_web::http::header::{self, HeaderMap};

use crate::settings::{AllowedOrigin, Origin};

/// Whether an upgrade may go on: it names no origin, the host's own, or one of
/// the list.
///
/// `origin` and `host` are the headers as they came.
fn origin_allowed(origin: Option<&str>, host: Option<&str>, allowed: &[AllowedOrigin]) -> bool {
    let Some(origin) = origin else { return true };
    if listed(origin, allowed) {
        return true;
    }
    match (Origin::parse(origin), host) {
        (Some(origin), Some(host)) => origin.is_host(host),
        _ => false,
    }
}

/// The same by the headers of a request.
pub(crate) fn headers_allowed(headers: &HeaderMap, allowed: &[AllowedOrigin]) -> bool {
    let host = headers
        .get(header::HOST)
        .and_then(|value| value.to_str().ok());
    origin_allowed(origin_of(headers), host, allowed)
}

/// The origin that a request names. One that cannot be read must not pass for
/// an absent one.
pub(crate) fn origin_of(headers: &HeaderMap) -> Option<&str> {
    let origin = headers.get(header::ORIGIN)?;
    Some(origin.to_str().unwrap_or(""))
}

/// Whether the list names this origin.
pub(crate) fn listed(origin: &str, allowed: &[AllowedOrigin]) -> bool {
    let parsed = Origin::parse(origin);
    allowed.iter().any(|allowed| match allowed {
        AllowedOrigin::Any => true,
        AllowedOrigin::Null => origin == "null",
        AllowedOrigin::Page(page) => parsed.as_ref() == Some(page),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str, host: &str) -> bool {
        origin_allowed(Some(origin), Some(host), &[])
    }

    #[test]
    fn the_page_of_the_host_itself_may_connect() {
        assert!(from("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(from("http://[::1]:8080", "[::1]:8080"));
        assert!(from("HTTPS://Chat.Example.org", "chat.example.ORG"));
        assert!(from("https://chat.example.org:443", "chat.example.org"));
        assert!(from("https://chat.example.org", "chat.example.org:443"));
        assert!(from("http://chat.example.org", "chat.example.org:80"));
    }

    #[test]
    fn another_page_may_not() {
        for (origin, host) in [
            ("http://evil.example", "chat.example.org"),
            ("http://chat.example.org.evil.example", "chat.example.org"),
            ("http://chat.example.org:8081", "chat.example.org:8080"),
            ("https://chat.example.org:8080", "chat.example.org"),
            ("http://chat.example.org@evil.example", "evil.example"),
            ("http://chat.example.org/", "chat.example.org"),
            ("http://chat.example.org:", "chat.example.org:1x"),
            ("null", "chat.example.org"),
            ("", ""),
            ("file://", ""),
            ("chat.example.org", "chat.example.org"),
            ("http://[::1", "[::1"),
        ] {
            assert!(!from(origin, host), "{origin} at {host}");
        }
        assert!(!origin_allowed(Some("http://a"), None, &[]));
    }

    #[test]
    fn what_names_no_origin_is_no_browser() {
        assert!(origin_allowed(None, Some("chat.example.org"), &[]));
        assert!(origin_allowed(None, None, &[]));
    }

    #[test]
    fn the_list_is_taken_at_its_word() {
        let list = ["https://app.example.org", "http://localhost:3000", "null"]
            .map(|text| text.parse().unwrap());
        let listed = |origin| origin_allowed(Some(origin), Some("chat.example.org"), &list);
        assert!(listed("https://app.example.org"));
        assert!(listed("https://app.example.org:443"));
        assert!(listed("http://localhost:3000"));
        assert!(listed("null"));
        assert!(
            !listed("http://app.example.org"),
            "another scheme is another origin"
        );
        assert!(!listed("http://localhost"));
        assert!(origin_allowed(
            Some("http://x.y"),
            None,
            &[AllowedOrigin::Any]
        ));
    }

    #[test]
    fn a_wrong_entry_is_refused_in_words() {
        for wrong in [
            "app.example.org",
            "https://app.example.org/",
            "https://app.example.org/chat",
            "ftp://a",
            "https://",
        ] {
            let error = wrong.parse::<AllowedOrigin>().unwrap_err();
            assert!(error.contains("without a path"), "{wrong}: {error}");
        }
    }
}

//! The page as browsers get it.

use super::*;

#[actix_web::test]
async fn the_page_comes_with_its_types_and_its_walls() {
    let node = node("").await;
    for (uri, kind) in [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = ask(&node, get(uri)).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert_eq!(answer.header("content-type"), kind);
        assert!(!answer.body.is_empty());
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'; script-src 'self'; ")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
}

#[actix_web::test]
async fn what_the_browser_has_is_not_sent_again() {
    let node = node("").await;
    let tag = ask(&node, get("/style.css"))
        .await
        .header("etag")
        .to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}")] {
        let answer = ask(
            &node,
            get("/style.css").insert_header(("if-none-match", known)),
        )
        .await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0));
        assert_eq!(answer.header("etag"), tag);
    }
    let answer = ask(
        &node,
        get("/style.css").insert_header(("if-none-match", "\"old\"")),
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[actix_web::test]
async fn only_the_page_itself_is_embedded() {
    let node = node("").await;
    for uri in [
        "/tests/room.test.mjs",
        "/js/package.json",
        "/package.json",
        "/nothing",
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
    ] {
        let answer = ask(&node, get(uri)).await;
        assert_eq!(answer.status, 404, "{uri}");
        assert!(answer.header("content-type").starts_with("text/plain"));
    }
}

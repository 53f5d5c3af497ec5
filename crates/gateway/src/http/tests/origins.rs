//! Which pages may call the API.

use serde_json::json;

use super::*;

const ALLOWED: &str = "[http]\nallowed_origins = [\"https://app.example\"]";

fn guest_from(origin: &str) -> TestRequest {
    post("/api/v1/guest", json!({"name": "Zoe"}))
        .insert_header(("host", "chat.example:8080"))
        .insert_header(("origin", origin))
}

fn preflight_from(origin: &str) -> TestRequest {
    TestRequest::default()
        .method(actix_web::http::Method::OPTIONS)
        .uri("/api/v1/rooms/general/messages")
        .insert_header(("host", "chat.example:8080"))
        .insert_header(("origin", origin))
        .insert_header(("access-control-request-method", "POST"))
}

#[actix_web::test]
async fn the_nodes_own_page_needs_no_permission() {
    let node = node(ALLOWED).await;
    let answer = ask(&node, guest_from("http://chat.example:8080")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("vary"), "Origin");
}

#[actix_web::test]
async fn an_allowed_page_is_told_so_even_with_an_error() {
    let node = node(ALLOWED).await;
    let answer = ask(&node, guest_from("https://app.example")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://app.example"
    );

    let preflight = ask(&node, preflight_from("https://app.example")).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(
        preflight.header("access-control-allow-origin"),
        "https://app.example"
    );
    assert_eq!(
        preflight.header("access-control-allow-methods"),
        "GET, POST, PUT, PATCH, DELETE"
    );
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("authorization")
    );

    let request =
        get("/api/v1/rooms/general/messages").insert_header(("origin", "https://app.example"));
    let refused = ask(&node, request).await;
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "https://app.example",
        "or the page could not read why"
    );
}

#[actix_web::test]
async fn a_foreign_page_is_refused_before_anything_is_done() {
    let node = node(ALLOWED).await;
    for origin in [
        "https://evil.example",
        "null",
        "http://app.example",
        "https://app.example.evil.example",
    ] {
        for request in [guest_from(origin), preflight_from(origin)] {
            let answer = ask(&node, request).await;
            assert_eq!(
                (answer.error().0, answer.error().1.as_str()),
                (403, "forbidden"),
                "{origin}"
            );
            assert_eq!(answer.header("access-control-allow-origin"), "");
        }
    }
}

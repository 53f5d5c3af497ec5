//! Every refusal has the one form, the fitting status, and says what to do.

use std::time::Duration;

use rookery_chat::Refusal;
use rookery_protocol::User;
use rookery_store::StoreError;
use serde_json::json;

use super::*;

const MESSAGES: &str = "/api/v1/rooms/general/messages";

#[actix_web::test]
async fn without_a_good_token_nothing_is_shown() {
    let node = node("").await;
    node.make_room("general").await;
    let none = ask(&node, get(MESSAGES)).await;
    assert_eq!(
        none.error(),
        (401, "unauthenticated".into(), "a token is needed".into())
    );
    assert_eq!(none.header("www-authenticate"), "Bearer");

    let bad = ask(&node, get(MESSAGES).bearer("abc")).await;
    assert_eq!(bad.error().1, "unauthenticated");
    let basic = ask(
        &node,
        get(MESSAGES).insert_header(("authorization", "Basic YTpi")),
    )
    .await;
    assert_eq!(basic.error().0, 401);
    let post = ask(&node, post(MESSAGES, json!({"text": "x"}))).await;
    assert_eq!(post.error().0, 401);

    let user = User {
        id: UserId::new("u").unwrap(),
        name: "U".into(),
    };
    let live = node.identity.mint(user, Duration::ZERO).unwrap();
    assert_eq!(
        ask(&node, get(MESSAGES).bearer(&live.token)).await.status,
        200,
        "within the leeway"
    );
}

#[actix_web::test]
async fn an_expired_token_has_a_code_of_its_own() {
    let node = node("[auth]\nleeway_s = 0").await;
    let user = User {
        id: UserId::new("u").unwrap(),
        name: "U".into(),
    };
    let spent = node.identity.mint(user, Duration::ZERO).unwrap();
    while node.identity.verify(&spent.token).is_ok() {
        actix_rt::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = ask(&node, get(MESSAGES).bearer(&spent.token)).await;
    assert_eq!(
        (answer.error().0, answer.error().1.as_str()),
        (401, "token_expired")
    );
}

#[actix_web::test]
async fn guests_are_refused_where_they_are_not_allowed() {
    let node = node("[auth]\nguests = false").await;
    let (status, code, message) = ask(&node, post("/api/v1/guest", json!({"name": "Zoe"})))
        .await
        .error();
    assert_eq!((status, code.as_str()), (403, "forbidden"));
    assert!(message.contains("auth.guests"), "{message}");
    let asked = ask(&node, get("/api/v1/guest")).await;
    assert_eq!(asked.json(), json!({"guests": false}));
}

#[actix_web::test]
async fn what_is_wrong_with_a_request_is_said() {
    let node = node("[http]\nbody_bytes = 2400\n[limits]\ntext_chars = 10\nmeta_bytes = 50\n[rooms]\ncreate_on_join = false").await;
    node.make_room("general").await;
    let token = node.token();
    let plain = TestRequest::post()
        .uri(MESSAGES)
        .set_payload("{}")
        .bearer(&token);
    let broken = TestRequest::post()
        .uri(MESSAGES)
        .insert_header(("content-type", "application/json"))
        .set_payload("{\"text\"")
        .bearer(&token);
    let write = |body| post(MESSAGES, body).bearer(&token);
    for (request, status, code, word) in [
        (plain, 400, "bad_request", "content-type: application/json"),
        (broken, 400, "bad_request", "EOF"),
        (write(json!([1])), 400, "bad_request", "body"),
        (write(json!({})), 400, "bad_request", "`text`"),
        (write(json!({"text": 7})), 400, "bad_request", "string"),
        (write(json!({"text": " "})), 400, "bad_request", "blank"),
        (
            write(json!({"text": "a\u{0}"})),
            400,
            "bad_request",
            "control character",
        ),
        (
            write(json!({"text": "12345678901"})),
            413,
            "too_large",
            "limits.text_chars",
        ),
        (
            write(json!({"text": "x".repeat(2400)})),
            413,
            "too_large",
            "http.body_bytes",
        ),
        (
            write(json!({"text": "a", "nonce": ""})),
            400,
            "bad_request",
            "nonce",
        ),
        (
            write(json!({"text": "a", "meta": 1})),
            400,
            "bad_request",
            "object",
        ),
        (
            write(json!({"text": "a", "meta": {"a": "x".repeat(60)}})),
            413,
            "too_large",
            "limits.meta_bytes",
        ),
        (
            write(json!({"text": "a", "files": []})),
            400,
            "bad_request",
            "files",
        ),
        (
            post("/api/v1/rooms/nowhere/messages", json!({"text": "a"})).bearer(&token),
            404,
            "not_found",
            "nowhere",
        ),
        (
            post("/api/v1/rooms/a%20b/messages", json!({"text": "a"})).bearer(&token),
            400,
            "bad_request",
            "room id",
        ),
        (
            get("/api/v1/rooms/nowhere/messages").bearer(&token),
            404,
            "not_found",
            "nowhere",
        ),
        (
            get("/api/v1/rooms/general/messages?before=1&after=2").bearer(&token),
            400,
            "bad_request",
            "at most one",
        ),
        (
            get("/api/v1/rooms/general/messages?before=x").bearer(&token),
            400,
            "bad_request",
            "before",
        ),
        (
            get("/api/v1/rooms/general/messages?before=-1").bearer(&token),
            400,
            "bad_request",
            "before",
        ),
        (
            get("/api/v1/rooms/general/messages?limit=201").bearer(&token),
            400,
            "bad_request",
            "1 to 200",
        ),
        (
            get("/api/v1/rooms/general/messages?limit=0").bearer(&token),
            400,
            "bad_request",
            "1 to 200",
        ),
        (
            post("/api/v1/guest", json!({"name": " "})),
            400,
            "bad_request",
            "blank",
        ),
        (
            post("/api/v1/guest", json!({"name": "x".repeat(65)})),
            400,
            "bad_request",
            "65 characters",
        ),
        (
            post("/api/v1/guest", json!({})),
            400,
            "bad_request",
            "`name`",
        ),
    ] {
        let uri = request.to_request();
        let shown = format!("{} {}", uri.method(), uri.uri());
        let app = test::init_service(app(Arc::clone(&node))).await;
        let answer = answer(app.call(uri).await).await;
        let (given_status, given_code, message) = answer.error();
        assert_eq!(
            (given_status, given_code.as_str()),
            (status, code),
            "{shown}: {message}"
        );
        assert!(message.contains(word), "{shown}: {message}");
    }
}

#[actix_web::test]
async fn a_path_or_method_that_is_not_there_is_refused_in_form() {
    let node = node("").await;
    for uri in [
        "/api",
        "/api/",
        "/api/v1/nothing",
        "/api/v2/guest",
        "/api/v1/rooms/general/nothing",
    ] {
        let answer = ask(&node, get(uri)).await;
        assert_eq!(
            (answer.error().0, answer.error().1.as_str()),
            (404, "not_found"),
            "{uri}"
        );
    }
    for (request, allowed) in [
        (TestRequest::put().uri("/api/v1/guest"), "GET, POST"),
        (TestRequest::delete().uri(MESSAGES), "GET, POST"),
        (TestRequest::post().uri("/healthz"), "GET, HEAD"),
        (TestRequest::put().uri("/readyz"), "GET, HEAD"),
        (TestRequest::post().uri("/"), "GET, HEAD"),
    ] {
        let answer = ask(&node, request).await;
        assert_eq!(answer.error().0, 405);
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[actix_web::test]
async fn a_store_that_is_away_is_worth_another_try() {
    let refusal = HttpError::from(Refusal::from(StoreError::Unavailable(
        "redis://secret".into(),
    )));
    let response = actix_web::ResponseError::error_response(&refusal);
    assert_eq!(response.status(), 503);
    let header = response.headers().get("retry-after").unwrap();
    let seconds: u64 = header.to_str().unwrap().parse().unwrap();
    let body = actix_web::body::to_bytes(response.into_body())
        .await
        .unwrap_or_default();
    let json: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(json["error"]["code"], "unavailable");
    let ms = json["error"]["retry_after_ms"].as_u64().unwrap();
    assert!((500..=1_500).contains(&ms), "{ms}");
    assert_eq!(seconds, ms.div_ceil(1_000), "the header never says less");
    assert!(!json.to_string().contains("secret"));
}

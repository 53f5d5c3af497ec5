//! Identities of the customer: tokens that others sign, with keys of the settings or
//! published ones. Keys and tokens are made by another library than the node's.

mod away;
mod checked;
mod issuer;
mod refused;
mod rotation;
mod taken;

use serde_json::{Value, json};

use crate::support::{Node, Raw, claims, request};
use issuer::Issuer;

const AUDIENCE: &str = "chat";

/// The name by which tokens and settings know an issuer.
fn iss(name: &str) -> String {
    format!("https://{name}.example.org/")
}

/// What a good token of this issuer says.
fn said(issuer: &str, user: &str, lives_s: i64) -> Value {
    let mut said = claims(user, lives_s);
    said["iss"] = iss(issuer).into();
    said["aud"] = AUDIENCE.into();
    said
}

/// An entry of the settings.
fn entry(issuer: &str, algorithm: &str, more: Value) -> Value {
    let mut entry = json!({"issuer": iss(issuer), "audience": AUDIENCE, "algorithm": algorithm});
    let all = entry.as_object_mut().unwrap();
    all.extend(more.as_object().unwrap().clone());
    entry
}

async fn node_with(issuers: &[Value]) -> Node {
    let issuers = json!(issuers).to_string();
    let settings = [
        ("auth.issuers", issuers.as_str()),
        ("limits.stranger_rate", "0"),
    ];
    Node::start(&settings).await
}

/// What a `hello` with this token is answered with, and the connection.
async fn hello(node: &Node, token: &str) -> (Value, Raw) {
    let mut raw = Raw::open(node).await;
    let answer = raw.ask(json!({"type": "hello", "token": token})).await;
    (answer, raw)
}

/// The user that comes in with a token.
async fn user(node: &Node, token: &str) -> Value {
    let (answer, _) = hello(node, token).await;
    assert_eq!(answer["type"], "welcome", "{answer}");
    answer["user"].clone()
}

/// The code and the words of a refusal.
async fn refusal(node: &Node, token: &str) -> (String, String) {
    let (answer, _) = hello(node, token).await;
    assert_eq!(answer["type"], "error", "{answer}");
    let text = |field: &str| answer[field].as_str().unwrap().to_owned();
    (text("code"), text("message"))
}

/// The status and the body of a request by HTTP with a token.
async fn by_http(node: &Node, token: &str) -> (u16, String) {
    let address = node.address();
    let asked = format!(
        "GET /api/v1/rooms/general/messages HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\n\r\n"
    );
    request(address, &asked).await.unwrap()
}

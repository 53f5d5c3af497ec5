//! Accounts: each thing is done on one node and seen on another.

mod coming_in;
mod limits;
mod oneself;
mod operators;
mod people;
mod revoked;

use serde_json::{Value, json};

use crate::support::{Node, Raw, SOON, request, soon};

const PASSWORD: &str = "correct horse";

/// A request, with a token where there is one.
async fn ask(node: &Node, method: &str, path: &str, token: &str, body: &Value) -> (u16, Value) {
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let bearer = match token {
        "" => String::new(),
        token => format!("authorization: Bearer {token}\r\n"),
    };
    let head = format!(
        "{method} /api/v1/{path} HTTP/1.1\r\nhost: a\r\nuser-agent: test/1\r\n{bearer}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len(),
    );
    let (status, body) = request(node.address(), &head).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_default())
}

async fn get(node: &Node, path: &str, token: &str) -> (u16, Value) {
    ask(node, "GET", path, token, &Value::Null).await
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
struct Person {
    id: String,
    access: String,
    refresh: String,
}

impl Person {
    fn of(answer: &Value) -> Self {
        let text = |value: &Value| {
            value
                .as_str()
                .unwrap_or_else(|| panic!("{answer}"))
                .to_owned()
        };
        Self {
            id: text(&answer["user"]["id"]),
            access: text(&answer["access"]),
            refresh: text(&answer["refresh"]),
        }
    }

    /// Registers.
    async fn register(node: &Node, name: &str) -> Self {
        let body = json!({"name": name, "password": PASSWORD});
        let (status, answer) = ask(node, "POST", "accounts", "", &body).await;
        assert_eq!(status, 201, "{answer}");
        Self::of(&answer)
    }

    async fn log_in(node: &Node, name: &str) -> Self {
        let (status, answer) = log_in(node, name, PASSWORD).await;
        assert_eq!(status, 201, "{answer}");
        Self::of(&answer)
    }

    /// A connection with the access token.
    async fn connect(&self, node: &Node) -> Raw {
        let mut raw = Raw::open(node).await;
        let welcome = raw.connection.hello(&self.access, "test");
        let welcome = soon("welcome", welcome).await.unwrap();
        raw.welcome = serde_json::to_value(welcome).unwrap();
        raw
    }

    /// The id of the session that it has.
    async fn session(&self, node: &Node) -> String {
        let (status, answer) = get(node, "sessions", &self.access).await;
        assert_eq!(status, 200, "{answer}");
        let mut sessions = answer["sessions"].as_array().unwrap().iter();
        let current = sessions.find(|session| session["current"] == true);
        current.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Whether its access token is refused, by a request and by `hello`.
    async fn is_refused(&self, node: &Node) {
        let (status, answer) = get(node, "me", &self.access).await;
        assert_eq!(status, 401, "{answer}");
        assert_eq!(answer["error"]["code"], "unauthenticated", "{answer}");
        let mut raw = Raw::open(node).await;
        raw.say(json!({"type": "hello", "token": self.access}))
            .await;
        assert_eq!(raw.closes(SOON).await, 4501);
    }
}

async fn log_in(node: &Node, name: &str, password: &str) -> (u16, Value) {
    let body = json!({"name": name, "password": password});
    ask(node, "POST", "sessions", "", &body).await
}

async fn refresh(node: &Node, token: &str) -> (u16, Value) {
    let body = json!({"refresh": token});
    ask(node, "POST", "sessions/refresh", "", &body).await
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
}

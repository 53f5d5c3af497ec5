//! The app as it is served, over an embedded store.

mod api;
mod origins;
mod page;
mod refusals;

use std::sync::Arc;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::StatusCode,
    test::{self, TestRequest},
};
use rookery_chat::Background;
use rookery_protocol::{RoomId, ServerId, UserId};
use rookery_store::{Join, Store, Supervisor};
use serde_json::Value;

use super::*;
use crate::{
    node::{Node, Parts},
    settings::{Sources, load},
};

/// A node with the settings of a TOML text, that does all but listen.
async fn node(toml: &str) -> Arc<Node> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rookery.toml"), toml).unwrap();
    let sources = Sources {
        folder: folder.path().to_owned(),
        ..Sources::default()
    };
    let settings = Arc::new(load(&sources).unwrap().settings);
    let server_id = ServerId::new("n_test").unwrap();
    let store = Store::connect(settings.store_settings(server_id.clone()));
    let (store, _bus) = store.await.unwrap();
    Arc::new(Node::new(Parts {
        server_id,
        store,
        settings,
        metrics: Arc::default(),
        readiness: Arc::default(),
        background: Background::new(tokio::runtime::Handle::current(), Supervisor::default()),
    }))
}

impl Node {
    /// Makes a room, as a join does.
    async fn make_room(&self, room: &str) {
        let join = Join {
            room: RoomId::new(room).unwrap(),
            user: UserId::new("u_maker").unwrap(),
            since: None,
            limit: 1,
            catch_up: 0,
            create: true,
            known: None,
        };
        self.chat.store.join(join).await.unwrap();
    }

    fn token(&self) -> String {
        self.identity.guest("Zoe").unwrap().token
    }
}

/// What came back.
struct Answer {
    status: StatusCode,
    headers: actix_web::http::header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// Status, code and message of an error in the form that all have.
    fn error(&self) -> (u16, String, String) {
        let json = self.json();
        let error = json["error"].as_object().unwrap();
        let text = |name: &str| error[name].as_str().unwrap().to_owned();
        (self.status.as_u16(), text("code"), text("message"))
    }
}

/// Asks the app once.
async fn ask(node: &Arc<Node>, request: TestRequest) -> Answer {
    let app = test::init_service(app(Arc::clone(node))).await;
    answer(app.call(request.to_request()).await).await
}

async fn answer<B: MessageBody + 'static>(result: Result<ServiceResponse<B>, Error>) -> Answer {
    let response = result.unwrap().map_into_boxed_body();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = test::read_body(response).await.to_vec();
    Answer {
        status,
        headers,
        body,
    }
}

fn get(uri: &str) -> TestRequest {
    TestRequest::get().uri(uri)
}

fn post(uri: &str, json: Value) -> TestRequest {
    TestRequest::post().uri(uri).set_json(json)
}

/// With a token.
trait Bear {
    fn bearer(self, token: &str) -> Self;
}

impl Bear for TestRequest {
    fn bearer(self, token: &str) -> Self {
        self.insert_header(("authorization", format!("Bearer {token}")))
    }
}

//! The routes of the API that are requests: the fields of a frame from the path, the query
//! and the body of an HTTP request, and its answer back.

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route, Scope,
    http::{Method, StatusCode, header},
    web,
};
use bytes::Bytes;
use rookery_chat::{Caller, Way, commands};
use rookery_protocol::{
    ErrorCode, FrameError,
    client_frame::{self, Request},
};

use super::{HttpError, accounts, bearer::Bearer, fallback, page_body::PageBody};
use crate::{
    node::Node,
    request::api::{self, API, ApiRoute},
};

/// Adds the routes to the scope `/api`.
pub(super) fn add_to(scope: Scope) -> Scope {
    api::paths().fold(scope, |scope, path| scope.service(resource(path)))
}

fn resource(path: &'static str) -> Resource {
    let routes = || API.iter().filter(move |route| route.path == path);
    let posts = accounts::posts(path);
    let allowed: Vec<&str> = routes()
        .flat_map(|route| methods(route.method).iter().copied())
        .chain(posts.is_some().then_some("POST"))
        .collect();
    let allowed = allowed.join(", ");
    let mut resource = web::resource(path.strip_prefix("/api").unwrap_or(path));
    if let Some(posts) = posts {
        resource = resource.app_data(accounts::body()).route(posts);
    }
    let served = |resource: Resource, route: &'static ApiRoute| {
        let methods = methods(route.method).iter();
        methods.fold(resource, |resource, method| {
            resource.route(served_by(method, route))
        })
    };
    routes()
        .fold(resource, served)
        .default_service(web::to(move || fallback::wrong_method(allowed.clone())))
}

/// The methods of a route: whatever may be got may be asked for its head.
fn methods(method: &str) -> &'static [&'static str] {
    match method {
        "GET" => &["GET", "HEAD"],
        "POST" => &["POST"],
        "PUT" => &["PUT"],
        "PATCH" => &["PATCH"],
        _ => &["DELETE"],
    }
}

fn served_by(method: &str, route: &'static ApiRoute) -> Route {
    // The names are those of methods.
    let method = Method::from_bytes(method.as_bytes()).unwrap_or(Method::GET);
    let serve = move |node, bearer, request, body| serve(route, node, bearer, request, body);
    web::method(method).to(serve)
}

async fn serve(
    route: &'static ApiRoute,
    node: web::Data<Node>,
    Bearer { user, login, paid }: Bearer,
    (request, values): (HttpRequest, web::Path<Vec<String>>),
    body: Bytes,
) -> Result<HttpResponse, HttpError> {
    let asked = read(route, &request, &values, &body)?;
    let caller = Caller::new(&user, Way::Request, paid).with_login(login);
    let reply = commands::request(&node.chat, caller, asked).await?;
    let status = match reply.made {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    Ok(HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(PageBody(reply.into_bytes(Bytes::from))))
}

fn read(
    route: &ApiRoute,
    request: &HttpRequest,
    values: &[String],
    body: &[u8],
) -> Result<Request, HttpError> {
    let json = fields(route, request, values, body)?;
    client_frame::parse_request(route.request, &json).map_err(|error| match error {
        FrameError::Refused { code, message, .. } => HttpError::new(code, message),
        FrameError::NotAFrame(message) => bad_request(message),
    })
}

/// One JSON object of everything that the request says; the values are those of its path.
fn fields(
    route: &ApiRoute,
    request: &HttpRequest,
    values: &[String],
    body: &[u8],
) -> Result<String, HttpError> {
    let mut fields: Vec<String> = route
        .said_by_method()
        .map(str::to_owned)
        .into_iter()
        .collect();
    for ((name, _), value) in request.match_info().iter().zip(values) {
        fields.push(field(route.field(name), value)?);
    }
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_err(|error| bad_request(format!("the query cannot be read: {error}")))?;
    for (name, value) in query.iter() {
        fields.push(field(name, value)?);
    }
    let body = inner(request, body)?;
    if !body.is_empty() {
        fields.push(body.to_owned());
    }
    Ok(format!("{{{}}}", fields.join(",")))
}

/// A field whose value is told by text.
fn field(name: &str, value: &str) -> Result<String, HttpError> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    if api::is_text(name) {
        return Ok(format!("{}:{}", quoted(name), quoted(value)));
    }
    let value: serde_json::Value = serde_json::from_str(value)
        .ok()
        .filter(|value: &serde_json::Value| value.is_u64() || value.is_boolean())
        .ok_or_else(|| bad_request(format!("{name} must be a whole number, or true or false")))?;
    Ok(format!("{}:{value}", quoted(name)))
}

/// What stands between the braces of a body; nothing where there is no body.
fn inner<'a>(request: &HttpRequest, body: &'a [u8]) -> Result<&'a str, HttpError> {
    if body.is_empty() {
        return Ok("");
    }
    let is_json = request
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| {
            let kind = kind.to_str().unwrap_or_default();
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/json")
        });
    if !is_json {
        let message = "the body must be JSON, with content-type: application/json";
        return Err(bad_request(message));
    }
    let not_an_object = || bad_request("the body is not as wanted: it must be a JSON object");
    let text = str::from_utf8(body).map_err(|_| not_an_object())?;
    // What is no JSON by itself must not become some between other fields.
    serde_json::from_str::<serde::de::IgnoredAny>(text)
        .map_err(|error| bad_request(format!("the body is not as wanted: {error}")))?;
    let text = text.trim().strip_prefix('{');
    let text = text.and_then(|text| text.strip_suffix('}'));
    text.map(str::trim).ok_or_else(not_an_object)
}

fn bad_request(message: impl Into<String>) -> HttpError {
    HttpError::new(ErrorCode::BadRequest, message)
}

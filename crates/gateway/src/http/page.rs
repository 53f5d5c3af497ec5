//! The browser client, embedded in the binary.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::fallback;

/// The files of `web/`.
#[derive(RustEmbed)]
#[folder = "../../web"]
#[exclude = "tests/*"]
#[exclude = "*node_modules/*"]
#[exclude = "*package.json"]
#[exclude = "*package-lock.json"]
#[exclude = "*.md"]
struct Files;

/// What the page may do: nothing that is not served here.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Serves a file of the page, `index.html` at `/`; 404 for everything else.
pub(super) async fn page(request: HttpRequest) -> HttpResponse {
    let path = match request.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    let Some(file) = Files::get(path) else {
        return HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("There is nothing here. The chat is at /.\n");
    };
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return fallback::wrong_method("GET, HEAD").await;
    }
    serve(&request, file)
}

fn serve(request: &HttpRequest, file: EmbeddedFile) -> HttpResponse {
    let hash = file.metadata.sha256_hash();
    let tag: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let tag = format!("\"{tag}\"");
    let mut response = match knows(request, &tag) {
        true => HttpResponse::NotModified(),
        false => HttpResponse::Ok(),
    };
    response
        .insert_header((header::ETAG, tag.clone()))
        // Ask every time, so that page and node are of one version.
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
    if knows(request, &tag) {
        return response.finish();
    }
    response
        .content_type(content_type(file.metadata.mimetype()))
        .body(file.data)
}

/// Whether the browser has this very version.
fn knows(request: &HttpRequest, tag: &str) -> bool {
    let tags = request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|tags| tags.to_str().ok());
    tags.is_some_and(|tags| {
        tags.split(',').any(|known| {
            matches!(known.trim(), "*") || known.trim().trim_start_matches("W/") == tag
        })
    })
}

fn content_type(mime: &str) -> String {
    match mime.starts_with("text/") || mime == "application/manifest+json" {
        true => format!("{mime}; charset=utf-8"),
        false => mime.to_owned(),
    }
}

//! The page of the live view: three files, embedded, that need nothing from elsewhere.

use actix_web::{HttpRequest, HttpResponse, http::header};

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves a file of the page; 404 for everything else.
pub(super) async fn page(request: HttpRequest) -> HttpResponse {
    let (kind, text) = match request.path() {
        "/" => ("text/html", include_str!("live/index.html")),
        "/live.js" => ("text/javascript", include_str!("live/live.js")),
        "/plot.js" => ("text/javascript", include_str!("live/plot.js")),
        "/live.css" => ("text/css", include_str!("live/live.css")),
        _ => {
            return HttpResponse::NotFound()
                .content_type("text/plain; charset=utf-8")
                .body(
                    "There is nothing here. The live view is at /, the metrics are at /metrics.\n",
                );
        }
    };
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .content_type(format!("{kind}; charset=utf-8"))
        .body(text)
}

//! To which names the operators' listener answers.
//!
//! A page from anywhere may ask a name of its own that it has come to lead to
//! this listener (DNS rebinding), and the browser would take the answer for the
//! page's own. Such a request carries that name; addresses and `localhost`
//! cannot be made to lead elsewhere.

use std::net::Ipv4Addr;

use actix_web::{
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::Next,
    web,
};
use rookery_protocol::ErrorCode;

use crate::{
    http::HttpError,
    settings::{AllowedHost, Settings, split_authority},
};

/// Refuses what was asked under a foreign name.
pub(crate) async fn check_host<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> actix_web::Result<ServiceResponse<EitherBody<B>>> {
    let allowed = request
        .app_data::<web::Data<Settings>>()
        .is_some_and(|settings| is_answered(&request, &settings.admin.allowed_hosts));
    if allowed {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let refusal = HttpError::new(
        ErrorCode::Forbidden,
        "the operators' listener answers to IP addresses, to localhost and to the names in admin.allowed_hosts; this request came under another name",
    );
    let refusal = request.error_response(refusal);
    Ok(refusal.map_into_right_body())
}

/// Whether every name that the request came under is one that is answered to.
/// One without any is no browser's.
fn is_answered(request: &ServiceRequest, allowed: &[AllowedHost]) -> bool {
    let of_header = request.headers().get_all(header::HOST);
    // One that cannot be read must not pass for an absent one.
    let mut names: Vec<&str> = of_header.map(|host| host.to_str().unwrap_or("?")).collect();
    names.extend(request.head().uri.authority().map(|name| name.as_str()));
    names.iter().all(|name| answers_to(name, allowed))
}

fn answers_to(authority: &str, allowed: &[AllowedHost]) -> bool {
    let Some((host, _)) = split_authority(authority) else {
        return false;
    };
    let is_address = host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok();
    // The dot of a whole name makes no difference.
    let name = host.strip_suffix('.').unwrap_or(&host);
    let is_listed = |allowed: &AllowedHost| match allowed {
        AllowedHost::Any => true,
        AllowedHost::Name(listed) => listed.strip_suffix('.').unwrap_or(listed) == name,
    };
    is_address || name == "localhost" || allowed.iter().any(is_listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_must_be_listed_and_an_address_need_not() {
        let allowed: Vec<AllowedHost> = vec!["Node-1.internal".parse().unwrap()];
        for host in [
            "127.0.0.1",
            "127.0.0.1:9090",
            "10.1.2.3:9090",
            "[::1]:9090",
            "localhost",
            "LOCALHOST:9090",
            "localhost.:9090",
            "node-1.INTERNAL:9090",
            "node-1.internal.",
        ] {
            assert!(answers_to(host, &allowed), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "node-1.internal.evil.example",
            "node-1",
            "2130706433",
            "",
            ":9090",
            "a@127.0.0.1",
            "[evil]",
        ] {
            assert!(!answers_to(host, &allowed), "{host}");
        }
        assert!(answers_to("evil.example", &[AllowedHost::Any]));
    }

    #[test]
    fn a_listed_name_has_neither_scheme_nor_port() {
        for wrong in ["http://a", "a:9090", "a/b", "", "a b"] {
            let said = wrong.parse::<AllowedHost>().unwrap_err();
            assert!(said.contains("host name"), "{wrong}: {said}");
        }
    }
}

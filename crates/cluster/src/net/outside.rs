//! What stands behind addresses outside the cluster: a page that says so.

use containers::net::HttpResponse;
use network::dns::outside;

/// The answer of a known address; `None` when nothing is known of it.
pub(super) fn http(ip: &str, host: &str) -> Option<HttpResponse> {
    let name = outside::name_of(ip)?;
    let title =
        if name.ends_with("example.com") || name.ends_with("example.org") { "Example Domain" } else { name };
    let body = format!(
        "<!doctype html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1><p>{host} is outside the cluster: this page is simulated.</p></body></html>\n"
    );
    let mut response = HttpResponse::text(200, "text/html", body);
    response.headers.push(("Content-Length".into(), response.body.len().to_string()));
    Some(response)
}

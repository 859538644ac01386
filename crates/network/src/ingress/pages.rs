//! The answers that controllers make up themselves.

use super::Kind;

/// A status with its page, in the controller's own look: content type and body.
#[must_use]
pub fn page(kind: Kind, status: u16) -> (&'static str, String) {
    let title = match status {
        301 => "301 Moved Permanently",
        302 => "302 Found",
        308 => "308 Permanent Redirect",
        403 => "403 Forbidden",
        404 => "404 Not Found",
        413 => "413 Request Entity Too Large",
        500 => "500 Internal Server Error",
        502 => "502 Bad Gateway",
        503 => "503 Service Temporarily Unavailable",
        504 => "504 Gateway Time-out",
        _ => "Error",
    };
    match kind {
        Kind::Nginx => (
            "text/html",
            format!(
                "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
            ),
        ),
        Kind::Traefik => {
            let text = match status {
                404 => "404 page not found\n",
                503 => "no available server\n",
                502 => "Bad Gateway",
                504 => "Gateway Timeout",
                301 | 302 | 308 => "Redirect",
                _ => "Internal Server Error",
            };
            ("text/plain; charset=utf-8", text.to_owned())
        }
    }
}

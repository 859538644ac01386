//! `curl -w`: variables of a finished transfer.

use clock::Millis;

/// What is known of a transfer.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'a> {
    pub(super) status: u16,
    pub(super) url: &'a str,
    pub(super) address: &'a str,
    pub(super) port: u16,
    pub(super) tls: bool,
    pub(super) bytes: usize,
    pub(super) content_type: &'a str,
    pub(super) redirect: &'a str,
    pub(super) method: &'a str,
    pub(super) error: &'a str,
    pub(super) connected: bool,
    /// Over a connection that was open already.
    pub(super) reused: bool,
    pub(super) code: i32,
    pub(super) total_ms: Millis,
    pub(super) redirects: i64,
}

fn seconds(ms: Millis) -> String {
    format!("{}.{:03}000", ms / 1000, ms % 1000)
}

fn variable(name: &str, f: &Facts<'_>) -> Option<String> {
    let scheme = if f.tls { "https" } else { "http" };
    Some(match name {
        "http_code" | "response_code" => format!("{:03}", f.status),
        "http_connect" => "000".into(),
        "time_total" => seconds(f.total_ms),
        "time_namelookup" => seconds(if f.connected { 1 } else { 0 }),
        "time_connect" => seconds(if f.connected { f.total_ms.min(2) } else { 0 }),
        "time_appconnect" => seconds(if f.connected && f.tls { f.total_ms.min(3) } else { 0 }),
        "time_pretransfer" => seconds(if f.connected { f.total_ms.min(2) } else { 0 }),
        "time_starttransfer" => seconds(if f.status > 0 { f.total_ms } else { 0 }),
        "time_redirect" => seconds(0),
        "remote_ip" => f.address.into(),
        "remote_port" => f.port.to_string(),
        "size_download" => f.bytes.to_string(),
        "size_upload" | "size_request" | "size_header" | "speed_upload" => "0".into(),
        "speed_download" => (f.bytes as i64 * 1000 / f.total_ms.max(1)).to_string(),
        "num_redirects" => f.redirects.to_string(),
        "num_connects" => i32::from(f.connected && !f.reused).to_string(),
        "redirect_url" => f.redirect.into(),
        "url" | "url_effective" => {
            if f.url.contains("://") {
                f.url.into()
            } else {
                format!("{scheme}://{}/", f.url.trim_end_matches('/'))
            }
        }
        "content_type" => f.content_type.into(),
        "method" => f.method.into(),
        "scheme" => scheme.into(),
        "http_version" => {
            if f.status > 0 {
                "1.1".into()
            } else {
                "0".into()
            }
        }
        "errormsg" => f.error.into(),
        "exitcode" => f.code.to_string(),
        "ssl_verify_result" => "0".into(),
        _ => return None,
    })
}

/// Fills a format.
pub(super) fn fill(format: &str, facts: &Facts<'_>) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(other) => {
                    out.push('\\');
                    out.push(other);
                }
                None => out.push('\\'),
            },
            '%' if chars.peek() == Some(&'%') => {
                chars.next();
                out.push('%');
            }
            '%' if chars.peek() == Some(&'{') => {
                chars.next();
                let mut name = String::new();
                let mut closed = false;
                for c in chars.by_ref() {
                    if c == '}' {
                        closed = true;
                        break;
                    }
                    name.push(c);
                }
                if !closed {
                    out.push_str(&format!("%{{{name}"));
                } else if let Some(text) = variable(&name, facts) {
                    out.push_str(&text);
                } else {
                    out.push_str(&format!("curl: unknown --write-out variable: '{name}'"));
                }
            }
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_filled() {
        let f = Facts { status: 200, address: "10.0.0.1", total_ms: 12, url: "web", ..Facts::default() };
        let table = [
            ("%{http_code}\\n", "200\n"),
            ("%{remote_ip} %{time_total}s", "10.0.0.1 0.012000s"),
            ("100%% %{url_effective}", "100% http://web/"),
            ("%{open", "%{open"),
            ("\\", "\\"),
        ];
        for (format, want) in table {
            assert_eq!(fill(format, &f), want, "{format}");
        }
        assert_eq!(fill("%{http_code}", &Facts::default()), "000");
    }
}

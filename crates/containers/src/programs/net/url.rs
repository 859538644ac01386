//! URLs as curl and wget take them apart.

/// Why curl refuses a URL, in its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UrlError {
    Malformed,
    NoHost,
    BadPort,
    BadHost,
    BadIpv6,
    Scheme(String),
}

impl UrlError {
    /// curl's exit code and text.
    #[must_use]
    pub(crate) fn curl(&self) -> (i32, String) {
        let rejected = |why: &str| (3, format!("URL rejected: {why}"));
        match self {
            Self::Malformed => rejected("Malformed input to a URL function"),
            Self::NoHost => rejected("No host part in the URL"),
            Self::BadPort => rejected("Port number was not a decimal number between 0 and 65535"),
            Self::BadHost => rejected("Bad hostname"),
            Self::BadIpv6 => rejected("Bad IPv6 address"),
            Self::Scheme(s) => (1, format!("Protocol \"{s}\" not supported or disabled in libcurl")),
        }
    }
}

/// Scheme, host, port and target of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) tls: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The port stands in the text.
    pub(crate) has_port: bool,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) user: Option<String>,
}

const LENGTH_MAX: usize = 8 << 20;

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, UrlError> {
        if text.len() > LENGTH_MAX || text.bytes().any(|b| b <= 0x20 || b == 0x7f) {
            return Err(UrlError::Malformed);
        }
        let (tls, rest) = match text.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => match scheme.to_ascii_lowercase().as_str() {
                "http" => (false, rest),
                "https" => (true, rest),
                other => return Err(UrlError::Scheme(other.to_owned())),
            },
            Some(_) | None => (false, text),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user.to_owned()), place),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        if host.is_empty() {
            return Err(UrlError::NoHost);
        }
        if !is_host(host) {
            return Err(UrlError::BadHost);
        }
        let target = tail.split('#').next().unwrap_or("");
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Self {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.unwrap_or(if tls { 443 } else { 80 }),
            has_port: port.is_some(),
            target,
            user,
        })
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    #[must_use]
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.tls { 443 } else { 80 } { host } else { format!("{host}:{}", self.port) }
    }

    #[must_use]
    pub(crate) fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Where a `Location` leads from here.
    #[must_use]
    pub(crate) fn join(&self, location: &str) -> String {
        if location.contains("://") {
            return location.to_owned();
        }
        let root = format!("{}://{}", self.scheme(), self.authority());
        if let Some(rest) = location.strip_prefix("//") {
            return format!("{}://{rest}", self.scheme());
        }
        if location.starts_with('/') {
            return format!("{root}{location}");
        }
        let path = self.target.split('?').next().unwrap_or("/");
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        format!("{root}{folder}/{location}")
    }

    /// The last name of the path; `""` for a folder.
    #[must_use]
    pub(crate) fn file_name(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or("");
        path.rsplit('/').next().unwrap_or("")
    }
}

fn is_scheme(text: &str) -> bool {
    !text.is_empty()
        && text.len() < 40
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

fn host_and_port(place: &str) -> Result<(&str, Option<u16>), UrlError> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (inside, after) = rest.split_once(']').ok_or(UrlError::BadIpv6)?;
        (inside, after.strip_prefix(':').or(if after.is_empty() { None } else { Some("x") }))
    } else {
        match place.split_once(':') {
            Some((h, p)) => (h, Some(p)),
            None => (place, None),
        }
    };
    match port {
        // `host:` is the scheme's own port.
        None | Some("") => Ok((host, None)),
        Some(p) if p.len() <= 5 && p.bytes().all(|b| b.is_ascii_digit()) => {
            let n: u32 = p.parse().map_err(|_| UrlError::BadPort)?;
            u16::try_from(n).map(|n| (host, Some(n))).map_err(|_| UrlError::BadPort)
        }
        Some(_) => Err(UrlError::BadPort),
    }
}

fn is_host(host: &str) -> bool {
    host.len() <= 255
        && !host.chars().any(|c| c.is_whitespace() || c.is_control() || "\"<>\\^`{|}%,;!$&'()*+=".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let table = [
            ("web", "http://web/ 80"),
            ("http://web:8080/a/b?x=1#y", "http://web:8080/a/b?x=1 8080"),
            ("HTTPS://shop.example.com", "https://shop.example.com/ 443"),
            ("http://u:p@web?x", "http://web/?x 80"),
            ("http://[::1]:81/", "http://[::1]:81/ 81"),
            ("http://web:/", "http://web/ 80"),
        ];
        for (text, want) in table {
            let u = Url::parse(text).expect(text);
            assert_eq!(format!("{}://{}{} {}", u.scheme(), u.authority(), u.target, u.port), want, "{text}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused_in_curls_words() {
        let table = [
            ("http://", 3, "URL rejected: No host part in the URL"),
            ("", 3, "URL rejected: No host part in the URL"),
            (
                "http://web:99999/",
                3,
                "URL rejected: Port number was not a decimal number between 0 and 65535",
            ),
            ("http://web:80a/", 3, "URL rejected: Port number was not a decimal number between 0 and 65535"),
            ("http://a b/", 3, "URL rejected: Malformed input to a URL function"),
            ("http://web/a b", 3, "URL rejected: Malformed input to a URL function"),
            ("ftp://web", 1, "Protocol \"ftp\" not supported or disabled in libcurl"),
            ("http://[::1", 3, "URL rejected: Bad IPv6 address"),
        ];
        for (text, code, want) in table {
            assert_eq!(Url::parse(text).map_err(|e| e.curl()), Err((code, want.to_owned())), "{text}");
        }
    }

    #[test]
    fn where_a_location_leads() {
        let u = Url::parse("http://web:8080/a/b?q").expect("a url");
        let table = [
            ("/x", "http://web:8080/x"),
            ("x", "http://web:8080/a/x"),
            ("https://other/", "https://other/"),
            ("//other/x", "http://other/x"),
        ];
        for (location, want) in table {
            assert_eq!(u.join(location), want);
        }
    }
}

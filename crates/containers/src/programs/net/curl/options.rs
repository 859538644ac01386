//! curl's options, read as curl reads them.
//!
//! Options that exist and are not acted on are taken, and named once on standard error.

use super::super::seconds;

/// An option: its letter (or `\0`), its long name, whether it takes a value, whether it is acted on.
struct Known(char, &'static str, bool, bool);

const KNOWN: &[Known] = &[
    Known('#', "progress-bar", false, true),
    Known('0', "http1.0", false, true),
    Known('4', "ipv4", false, true),
    Known('6', "ipv6", false, false),
    Known('A', "user-agent", true, true),
    Known('E', "cert", true, true),
    Known('F', "form", true, true),
    Known('G', "get", false, true),
    Known('H', "header", true, true),
    Known('I', "head", false, true),
    Known('J', "remote-header-name", false, true),
    Known('K', "config", true, false),
    Known('L', "location", false, true),
    Known('M', "manual", false, true),
    Known('N', "no-buffer", false, true),
    Known('O', "remote-name", false, true),
    Known('Q', "quote", true, false),
    Known('R', "remote-time", false, true),
    Known('S', "show-error", false, true),
    Known('T', "upload-file", true, true),
    Known('V', "version", false, true),
    Known('X', "request", true, true),
    Known('Y', "speed-limit", true, false),
    Known('Z', "parallel", false, false),
    Known('b', "cookie", true, true),
    Known('c', "cookie-jar", true, true),
    Known('d', "data", true, true),
    Known('e', "referer", true, true),
    Known('f', "fail", false, true),
    Known('g', "globoff", false, true),
    Known('h', "help", false, true),
    Known('i', "include", false, true),
    Known('j', "junk-session-cookies", false, true),
    Known('k', "insecure", false, true),
    Known('m', "max-time", true, true),
    Known('n', "netrc", false, true),
    Known('o', "output", true, true),
    Known('q', "disable", false, true),
    Known('r', "range", true, false),
    Known('s', "silent", false, true),
    Known('u', "user", true, true),
    Known('v', "verbose", false, true),
    Known('w', "write-out", true, true),
    Known('x', "proxy", true, false),
    Known('y', "speed-time", true, false),
    Known('z', "time-cond", true, false),
    Known('\0', "cacert", true, true),
    Known('\0', "compressed", false, true),
    Known('\0', "connect-timeout", true, true),
    Known('\0', "connect-to", true, false),
    Known('\0', "create-dirs", false, true),
    Known('\0', "data-ascii", true, true),
    Known('\0', "data-binary", true, true),
    Known('\0', "data-raw", true, true),
    Known('\0', "data-urlencode", true, true),
    Known('\0', "fail-with-body", false, true),
    Known('\0', "http1.1", false, true),
    Known('\0', "http2", false, true),
    Known('\0', "interface", true, false),
    Known('\0', "json", true, true),
    Known('\0', "keepalive-time", true, true),
    Known('\0', "key", true, true),
    Known('\0', "limit-rate", true, false),
    Known('\0', "location-trusted", false, true),
    Known('\0', "max-redirs", true, true),
    Known('\0', "no-keepalive", false, true),
    Known('\0', "no-progress-meter", false, true),
    Known('\0', "noproxy", true, true),
    Known('\0', "output-dir", true, false),
    Known('\0', "path-as-is", false, true),
    Known('\0', "resolve", true, true),
    Known('\0', "retry", true, true),
    Known('\0', "retry-all-errors", false, true),
    Known('\0', "retry-connrefused", false, true),
    Known('\0', "retry-delay", true, true),
    Known('\0', "retry-max-time", true, true),
    Known('\0', "tls-max", true, true),
    Known('\0', "tlsv1.2", false, true),
    Known('\0', "tlsv1.3", false, true),
    Known('\0', "trace-path", false, true),
    Known('\0', "unix-socket", true, false),
    Known('\0', "url", true, true),
];

/// One option given, by its long name.
type Given = (&'static str, String);

#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    given: Vec<Given>,
    pub(super) urls: Vec<String>,
}

impl Options {
    /// # Errors
    /// curl's own text for what it does not know.
    pub(super) fn parse(argv: &[String]) -> Result<Self, String> {
        const HELP: &str = "curl: try 'curl --help' or 'curl --manual' for more information\n";
        let mut o = Self::default();
        let mut rest = argv.iter().skip(1);
        let unknown = |name: &str| format!("curl: option {name}: is unknown\n{HELP}");
        let without = |name: &str| format!("curl: option {name}: requires parameter\n{HELP}");
        let mut plain_only = false;
        while let Some(arg) = rest.next() {
            if plain_only || !arg.starts_with('-') || arg == "-" {
                o.urls.push(arg.clone());
            } else if arg == "--" {
                plain_only = true;
            } else if let Some(name) = arg.strip_prefix("--") {
                let Some(known) = by_name(name) else {
                    // `--no-X` switches X off: nothing to do for what is off anyway.
                    if name.strip_prefix("no-").and_then(by_name).is_some_and(|k| !k.2) {
                        continue;
                    }
                    return Err(unknown(arg));
                };
                let value =
                    if known.2 { rest.next().cloned().ok_or_else(|| without(arg))? } else { String::new() };
                o.take(known, value);
            } else {
                let letters = &arg[1..];
                for (i, c) in letters.char_indices() {
                    let Some(known) = KNOWN.iter().find(|k| k.0 == c && c != '\0') else {
                        return Err(unknown(arg));
                    };
                    if !known.2 {
                        o.take(known, String::new());
                        continue;
                    }
                    let tail = &letters[i + c.len_utf8()..];
                    let value = if tail.is_empty() {
                        rest.next().cloned().ok_or_else(|| without(&format!("-{c}")))?
                    } else {
                        tail.to_owned()
                    };
                    o.take(known, value);
                    break;
                }
            }
        }
        for (option, name) in [("-m", "max-time"), ("--connect-timeout", "connect-timeout")] {
            if o.value(name).is_some_and(|v| seconds(v).is_none()) {
                return Err(format!("curl: option {option}: expected a proper numerical parameter\n{HELP}"));
            }
        }
        for name in ["retry", "max-redirs", "retry-delay"] {
            if o.value(name).is_some_and(|v| v.parse::<i64>().is_err()) {
                return Err(format!("curl: option --{name}: expected a proper numerical parameter\n{HELP}"));
            }
        }
        Ok(o)
    }

    fn take(&mut self, known: &'static Known, value: String) {
        if known.1 == "url" {
            self.urls.push(value);
        } else {
            self.given.push((known.1, value));
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(n, _)| *n == name)
    }

    /// The last value given.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        self.given.iter().filter(move |(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    /// Data options in the order given: name and value.
    pub(super) fn data(&self) -> impl Iterator<Item = &Given> {
        self.given.iter().filter(|(n, _)| n.starts_with("data") || *n == "json")
    }

    /// What is given and not acted on.
    pub(super) fn idle(&self) -> Vec<&'static str> {
        let idle = |name: &str| KNOWN.iter().any(|k| k.1 == name && !k.3);
        let mut all: Vec<&'static str> = self.given.iter().map(|(n, _)| *n).filter(|n| idle(n)).collect();
        all.dedup();
        all
    }

    /// An entry of `--resolve` that is none.
    pub(super) fn unresolvable(&self) -> Option<&str> {
        let fits = |entry: &&str| {
            if let Some(removed) = entry.strip_prefix('-') {
                return removed.split_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            }
            let mut parts = entry.trim_start_matches('+').splitn(3, ':');
            let (host, port, address) = (parts.next(), parts.next(), parts.next());
            host.is_some_and(|h| !h.is_empty())
                && port.is_some_and(|p| p.parse::<u16>().is_ok())
                && address.is_some_and(|a| {
                    a.split(',').all(|ip| ip.trim_matches(['[', ']']).parse::<core::net::IpAddr>().is_ok())
                })
        };
        self.values("resolve").find(|entry| !fits(entry))
    }

    /// The address that `--resolve HOST:PORT:ADDRESS` gives.
    pub(super) fn resolved(&self, host: &str, port: u16) -> Option<&str> {
        let fits = |entry: &&str| {
            let mut parts = entry.trim_start_matches('+').splitn(3, ':');
            let (h, p) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
            (h == "*" || h.eq_ignore_ascii_case(host)) && p == port.to_string()
        };
        let entry = self.values("resolve").find(fits)?;
        entry.splitn(3, ':').nth(2)?.split(',').next().map(|ip| ip.trim_matches(['[', ']']))
    }
}

fn by_name(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|k| k.1 == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_are_read_as_curl_reads_them() {
        let o =
            parse("curl -sSLo/dev/null -w %{http_code} -H a:b -Hc:d --max-time 2 web other").expect("good");
        assert!(o.has("silent") && o.has("show-error") && o.has("location"));
        assert_eq!((o.value("output"), o.value("write-out")), (Some("/dev/null"), Some("%{http_code}")));
        assert_eq!(o.values("header").collect::<Vec<_>>(), ["a:b", "c:d"]);
        assert_eq!(o.urls, ["web", "other"]);
        let o = parse("curl --resolve shop.example.com:80:10.0.0.7 x").expect("good");
        assert_eq!(o.resolved("shop.example.com", 80), Some("10.0.0.7"));
        assert_eq!((o.resolved("shop.example.com", 81), o.unresolvable()), (None, None));
        for bad in ["web:80", "web:x:10.0.0.1", "web:80:nosuch", ":80:10.0.0.1"] {
            assert_eq!(parse(&format!("curl --resolve {bad} x")).expect("good").unresolvable(), Some(bad));
        }
    }

    #[test]
    fn what_curl_does_not_know_it_says() {
        let help = "curl: try 'curl --help' or 'curl --manual' for more information\n";
        let table = [
            ("curl --nosuch x", "curl: option --nosuch: is unknown\n"),
            ("curl -o", "curl: option -o: requires parameter\n"),
            ("curl -s@ x", "curl: option -s@: is unknown\n"),
            ("curl -m soon x", "curl: option -m: expected a proper numerical parameter\n"),
        ];
        for (line, want) in table {
            assert_eq!(parse(line).err(), Some(format!("{want}{help}")), "{line}");
        }
    }
}

//! `curl` 8.5.
//!
//! Owns: what it asks, what it prints, its exit codes. Does not own: options ([`options`]), bodies ([`body`]), `-w`
//! ([`write_out`]). Several URLs of one server go over one connection, which ends at one pod.
//! Not modelled: proxies, HTTP/2; the speed in the progress meter is made up.

mod body;
mod cookies;
mod glob;
mod identity;
mod options;
mod write_out;

use clock::{Millis, Time};

use super::url::Url;
use super::{Answered, Asker, Refusal, Talk, seconds};
use crate::machine::{Program, Sys, Turn};
use crate::net::{HttpRequest, HttpResponse, NetAnswer, NetError, NetOptions, NetRequest};
use options::Options;
use write_out::Facts;

const AGENT: &str = "curl/8.5.0";
const REDIRECTS_MAX: i64 = 50;
/// The exit code for what is no URL.
const URL_MALFORMED: i32 = 3;

#[derive(Clone, Default)]
struct Curl {
    talk: Talk,
    o: Options,
    /// URLs to come, last first, each with what is told before it is asked: a line on standard error, one on output.
    urls: Vec<(String, [String; 2])>,
    /// Why it ends after them.
    wrong: Option<String>,
    /// Which URL this is, for its `-o`.
    count: usize,
    url: Option<Url>,
    /// As it was written.
    text: String,
    body: Vec<u8>,
    has_body: bool,
    /// The content type that `-F` gives the body.
    form: String,
    request: HttpRequest,
    kept: Option<Kept>,
    /// The request under way goes over the kept connection.
    reuses: bool,
    jar: cookies::Jar,
    /// Its own certificate in PEM.
    certificate: Option<String>,
    started: Time,
    redirects: i64,
    tries: i64,
    code: i32,
}

/// A connection that is open still.
#[derive(Clone, Debug)]
struct Kept {
    tls: bool,
    host: String,
    port: u16,
    address: String,
    /// Where it ends.
    end: String,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Curl { talk: Talk::new(argv), ..Curl::default() })
}

impl Curl {
    fn fill(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        if self.o.value("form").is_some() {
            (self.body, self.form) = body::form(&self.o, sys, &self.talk.input)?;
        } else {
            self.body = body::data(&self.o, sys, &self.talk.input)?;
        }
        Ok(())
    }

    /// Makes the list of URLs from what was written: one may stand for several.
    fn expand_urls(&mut self) {
        let plain = self.o.has("globoff");
        for url in &self.o.urls {
            let made = match if plain { Ok(vec![url.clone()]) } else { glob::expand(url) } {
                Ok(made) => made,
                Err(why) => {
                    self.wrong = Some(why);
                    break;
                }
            };
            let told = made.len() > 1 && !self.silent();
            let (of, file) = (made.len(), self.o.value("output").filter(|o| *o != "-"));
            for (i, text) in made.into_iter().enumerate() {
                let mut lines = [String::new(), String::new()];
                if told {
                    lines[0] = format!("\n[{}/{of}]: {text} --> {}\n", i + 1, file.unwrap_or("<stdout>"));
                    if file.is_none() {
                        lines[1] = format!("--_curl_--{text}\n");
                    }
                }
                self.urls.push((text, lines));
            }
        }
        self.urls.reverse();
    }

    /// Writes the jar that was asked for.
    fn keep_cookies(&self, sys: &mut Sys<'_>) {
        match self.o.value("cookie-jar") {
            None => {}
            Some("-") => sys.out(self.jar.text()),
            Some(file) => {
                let path = sys.path(file);
                if sys.fs().write(&path, self.jar.text().as_bytes()).is_err() {
                    sys.err(&format!(
                        "WARNING: failed to save cookies in {file}: No such file or directory\n"
                    ));
                }
            }
        }
    }

    fn silent(&self) -> bool {
        self.o.has("silent")
    }

    fn complain(&self, sys: &mut Sys<'_>, code: i32, text: &str) {
        if !self.silent() || self.o.has("show-error") {
            sys.err(&format!("curl: ({code}) {text}\n"));
        }
    }

    /// Ends the work on one URL.
    fn finish(&mut self, sys: &mut Sys<'_>, code: i32, facts: &Facts<'_>) -> Turn {
        self.code = code;
        if let Some(format) = self.o.value("write-out") {
            let text = match format.strip_prefix('@') {
                Some(file) if file != "-" => {
                    let path = sys.path(file);
                    String::from_utf8_lossy(&sys.fs().read(&path).unwrap_or_default()).into_owned()
                }
                _ => format.to_owned(),
            };
            let facts =
                Facts { code, total_ms: sys.now().since(self.started), redirects: self.redirects, ..*facts };
            sys.out(write_out::fill(&text, &facts));
        }
        self.url = None;
        self.count += 1;
        (self.redirects, self.tries) = (0, 0);
        Turn::More
    }

    fn ask(&mut self, sys: &mut Sys<'_>) -> Turn {
        let url = match Url::parse(&self.text) {
            Ok(url) => url,
            Err(e) => {
                let (code, text) = e.curl();
                self.complain(sys, code, &text);
                return self.finish(sys, code, &Facts::default());
            }
        };
        let mut r = HttpRequest::get(&url.target);
        r.headers.push(("host".into(), url.authority()));
        let user = self.o.value("user").map(str::to_owned).or_else(|| url.user.clone());
        if let Some(user) = user {
            let coded = crate::programs::base64::encode(user.as_bytes());
            r.headers.push(("authorization".into(), format!("Basic {coded}")));
        }
        r.headers.push(("user-agent".into(), self.o.value("user-agent").unwrap_or(AGENT).to_owned()));
        r.headers.push(("accept".into(), "*/*".into()));
        if let Some(referer) = self.o.value("referer") {
            r.headers.push(("referer".into(), referer.to_owned()));
        }
        let given = self.o.values("cookie").filter(|c| c.contains('=')).map(str::to_owned);
        let cookies: Vec<String> = self.jar.of(&url, sys.now()).into_iter().chain(given).collect();
        if !cookies.is_empty() {
            r.headers.push(("cookie".into(), cookies.join("; ")));
        }
        let posts = self.o.data().next().is_some();
        if let Some(file) = self.o.value("upload-file").map(str::to_owned) {
            r.body = match body::upload(&file, sys, &self.talk.input) {
                Ok(bytes) => bytes,
                Err((text, code)) => {
                    sys.err(&text);
                    return self.finish(sys, code, &Facts::default());
                }
            };
            r.method = "PUT".into();
            if url.file_name().is_empty() && file != "-" {
                r.target.push_str(file.rsplit('/').next().unwrap_or(""));
            }
            r.headers.push(("content-length".into(), r.body.len().to_string()));
        } else if !self.form.is_empty() {
            r.method = "POST".into();
            r.body.clone_from(&self.body);
            r.headers.push(("content-length".into(), r.body.len().to_string()));
            r.headers.push(("content-type".into(), self.form.clone()));
        } else if posts && self.o.has("get") {
            let mark = if r.target.contains('?') { '&' } else { '?' };
            r.target = format!("{}{mark}{}", r.target, String::from_utf8_lossy(&self.body));
        } else if posts {
            r.method = "POST".into();
            r.body.clone_from(&self.body);
            let json = self.o.has("json");
            let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
            r.headers.push(("content-length".into(), r.body.len().to_string()));
            r.headers.push(("content-type".into(), kind.into()));
        }
        for h in self.o.values("header") {
            // `Name:` removes a header, `Name;` sends an empty one.
            let (name, value) = match h.split_once(':') {
                Some((n, v)) => (n.trim(), v.trim()),
                None => match h.strip_suffix(';') {
                    Some(n) => (n.trim(), ";"),
                    None => continue,
                },
            };
            let name = name.to_lowercase();
            if name.is_empty() || name.bytes().any(|b| b <= b' ' || b == 0x7f) {
                continue;
            }
            let place = r.headers.iter().position(|(n, _)| *n == name);
            r.headers.retain(|(n, _)| *n != name);
            let value = if value == ";" {
                String::new()
            } else if value.is_empty() {
                continue;
            } else {
                value.into()
            };
            let at = place.unwrap_or(r.headers.len()).min(r.headers.len());
            r.headers.insert(at, (name, value));
        }
        if self.o.has("head") {
            r.method = "HEAD".into();
        }
        if let Some(method) = self.o.value("request") {
            r.method = method.to_owned();
        }
        if self.tries == 0 && self.redirects == 0 {
            self.started = sys.now();
        }
        let resolved = self.o.resolved(&url.host, url.port);
        let same = |k: &&Kept| (k.tls, k.port) == (url.tls, url.port) && k.host == url.host;
        let kept = self.kept.as_ref().filter(same).cloned();
        self.reuses = kept.is_some();
        let options = NetOptions {
            connect_ms: self.o.value("connect-timeout").and_then(seconds).filter(|ms| *ms > 0),
            total_ms: self.o.value("max-time").and_then(seconds).filter(|ms| *ms > 0),
            address: kept.as_ref().map(|k| k.address.clone()).or_else(|| resolved.map(str::to_owned)),
            kept: kept.map(|k| k.end),
            trace: self.o.has("trace-path").then(|| sys.locale()),
            certificate: self.certificate.clone().filter(|_| url.tls),
            ..NetOptions::default()
        };
        self.request = r.clone();
        let asked = NetRequest::Http { host: url.host.clone(), port: url.port, tls: url.tls, request: r };
        self.url = Some(url);
        self.talk.send(sys, asked, options)
    }

    /// Tries again if that was asked for and may help. True when it does.
    fn retries(&mut self, sys: &mut Sys<'_>, transient: bool, refused: bool, problem: &str) -> bool {
        let left = self.o.value("retry").and_then(|r| r.parse::<i64>().ok()).unwrap_or(0) - self.tries;
        let helps =
            transient || self.o.has("retry-all-errors") || (refused && self.o.has("retry-connrefused"));
        if left <= 0 || !helps {
            return false;
        }
        let delay = match self.o.value("retry-delay").and_then(|d| d.parse::<i64>().ok()).filter(|d| *d > 0) {
            Some(d) => d.min(3600),
            None => 1i64 << self.tries.clamp(0, 9),
        };
        let limit = self.o.value("retry-max-time").and_then(|d| d.parse::<i64>().ok()).filter(|d| *d > 0);
        if limit.is_some_and(|s| sys.now().since(self.started) + delay * 1000 > s * 1000) {
            return false;
        }
        if !self.silent() || self.o.has("show-error") {
            let (unit, times) =
                (if delay == 1 { "second" } else { "seconds" }, if left == 1 { "retry" } else { "retries" });
            sys.err(&format!(
                "Warning: Problem: {problem}. Will retry in {delay} {unit}. {left} {times} left.\n"
            ));
        }
        self.tries += 1;
        self.urls.push((self.text.clone(), Default::default()));
        self.talk.rest_until(sys.now() + delay * 1000);
        true
    }

    fn failed(
        &mut self,
        sys: &mut Sys<'_>,
        url: &Url,
        address: Option<&str>,
        error: NetError,
        took: Millis,
    ) -> Turn {
        let (host, port) = (&url.host, url.port);
        let given = |name: &str| self.o.value(name).and_then(seconds).filter(|ms| *ms > 0);
        let whole = given("max-time");
        let (code, text) = match error {
            NetError::NoServer
                if [whole, given("connect-timeout")].into_iter().flatten().any(|ms| took >= ms) =>
            {
                (28, format!("Resolving timed out after {took} milliseconds"))
            }
            NetError::NoName | NetError::NoServer => (6, format!("Could not resolve host: {host}")),
            NetError::TimedOut
                if whole.is_some_and(|ms| took >= ms)
                    && given("connect-timeout").is_none_or(|c| whole.is_some_and(|w| w < c)) =>
            {
                (28, format!("Connection timed out after {took} milliseconds"))
            }
            NetError::TimedOut if given("connect-timeout").is_some() => {
                (28, format!("Failed to connect to {host} port {port} after {took} ms: Timeout was reached"))
            }
            NetError::TimedOut => (
                28,
                format!(
                    "Failed to connect to {host} port {port} after {took} ms: Couldn't connect to server"
                ),
            ),
            NetError::Slow => {
                (28, format!("Operation timed out after {took} milliseconds with 0 bytes received"))
            }
            NetError::Reset => (52, "Empty reply from server".to_owned()),
            NetError::Tls => {
                (35, "OpenSSL/3.0.13: error:0A00010B:SSL routines::wrong version number".to_owned())
            }
            NetError::Refused | NetError::Unreachable => (
                7,
                format!(
                    "Failed to connect to {host} port {port} after {took} ms: Couldn't connect to server"
                ),
            ),
        };
        if self.o.has("verbose") {
            let mut lines = String::new();
            if let Some(ip) = address {
                lines.push_str(&format!("*   Trying {ip}:{port}...\n"));
                if matches!(error, NetError::Refused) {
                    lines.push_str(&format!("* connect to {ip} port {port} failed: Connection refused\n"));
                }
            }
            lines.push_str(&format!("* {text}\n* Closing connection\n"));
            sys.err(&lines);
        }
        let refused = error == NetError::Refused;
        let problem = if refused { "connection refused" } else { "timeout" };
        let transient =
            matches!(error, NetError::TimedOut | NetError::Slow | NetError::NoServer | NetError::NoName);
        if self.retries(sys, transient, refused, problem) {
            return Turn::More;
        }
        self.meter(sys, None, took);
        self.complain(sys, code, &text);
        let facts = Facts {
            url: &self.text.clone(),
            error: &text,
            connected: matches!(error, NetError::Slow | NetError::Reset | NetError::Tls),
            ..Facts::default()
        };
        self.finish(sys, code, &facts)
    }

    fn response(
        &mut self,
        sys: &mut Sys<'_>,
        url: &Url,
        address: &str,
        r: &HttpResponse,
        took: Millis,
    ) -> Turn {
        if self.o.has("verbose") {
            self.tell_connection(sys, url, address, r);
        }
        let closes =
            r.header("connection").is_some_and(|c| c.eq_ignore_ascii_case("close")) || r.end.is_empty();
        self.kept = (!closes).then(|| Kept {
            tls: url.tls,
            host: url.host.clone(),
            port: url.port,
            address: address.to_owned(),
            end: r.end.clone(),
        });
        if self.o.has("cookie") || self.o.has("cookie-jar") {
            for (_, value) in r.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie")) {
                self.jar.set(value, url, sys.now());
            }
        }
        if url.tls
            && !self.o.has("insecure")
            && let Some(why) = self.distrust(sys, url, r)
        {
            let text = format!(
                "{why}\nMore details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the web page mentioned above."
            );
            self.complain(sys, 60, &text);
            return self.finish(sys, 60, &Facts { error: &why, ..Facts::default() });
        }
        if self.o.has("verbose") {
            self.tell_exchange(sys, r);
        }
        let transient = matches!(r.status, 408 | 429 | 500 | 502 | 503 | 504);
        if transient && self.retries(sys, true, false, "HTTP error") {
            return Turn::More;
        }
        let redirect = matches!(r.status, 301 | 302 | 303 | 307 | 308);
        let next = r.header("location").filter(|_| redirect).map(|l| url.join(l));
        let follows = self.o.has("location") || self.o.has("location-trusted");
        if let Some(next) = next.as_ref().filter(|_| follows) {
            let most = self.o.value("max-redirs").and_then(|m| m.parse().ok()).unwrap_or(REDIRECTS_MAX);
            self.redirects += 1;
            if most >= 0 && self.redirects > most {
                let text = format!("Maximum ({most}) redirects followed");
                self.complain(sys, 47, &text);
                return self.finish(sys, 47, &Facts { error: &text, ..Facts::default() });
            }
            if self.o.has("head") || self.o.has("include") {
                sys.out(head(r));
            }
            if matches!(r.status, 301..=303) && self.o.value("request").is_none() {
                self.body.clear();
            }
            self.text.clone_from(next);
            return self.ask(sys);
        }
        let text = self.text.clone();
        let facts = Facts {
            status: r.status,
            url: &text,
            address,
            port: url.port,
            tls: url.tls,
            bytes: r.body.len(),
            content_type: r.header("content-type").unwrap_or(""),
            redirect: next.as_deref().unwrap_or(""),
            method: &self.request.method.clone(),
            connected: true,
            reused: self.reuses,
            ..Facts::default()
        };
        if r.status >= 400 && (self.o.has("fail") || self.o.has("fail-with-body")) {
            if self.o.has("fail-with-body") {
                self.print(sys, r, took);
            } else {
                self.meter(sys, Some(0), took);
            }
            let why = format!("The requested URL returned error: {}", r.status);
            self.complain(sys, 22, &why);
            return self.finish(sys, 22, &Facts { error: &why, ..facts });
        }
        let code = self.print(sys, r, took);
        self.finish(sys, code, &facts)
    }

    /// Why the server's certificate is not trusted.
    fn distrust(&self, sys: &mut Sys<'_>, url: &Url, r: &HttpResponse) -> Option<String> {
        let given = self.o.value("cacert").map(|file| sys.path(file));
        let authority = given.map(|path| sys.fs().read(&path).unwrap_or_default());
        // A file that holds no certificate vouches for nobody.
        let vouches = authority.is_some_and(|pem| pem.windows(10).any(|w| w == b"-----BEGIN"));
        let Some(c) = &r.certificate else {
            return Some("SSL certificate problem: self-signed certificate".into());
        };
        if !c.trusted && !vouches {
            return Some(if c.subject == c.issuer {
                "SSL certificate problem: self-signed certificate".into()
            } else {
                "SSL certificate problem: unable to get local issuer certificate".into()
            });
        }
        let fits = c.names.iter().any(|n| {
            n.eq_ignore_ascii_case(&url.host)
                || n.strip_prefix("*.")
                    .is_some_and(|rest| url.host.split_once('.').is_some_and(|(_, h)| h == rest))
        });
        (!fits).then(|| {
            format!("SSL: no alternative certificate subject name matches target host name '{}'", url.host)
        })
    }

    fn tell_connection(&self, sys: &mut Sys<'_>, url: &Url, address: &str, r: &HttpResponse) {
        let mut text = String::new();
        if self.reuses {
            sys.err(&format!("* Re-using existing connection with host {}\n", url.host));
            return;
        }
        if self.o.resolved(&url.host, url.port).is_some() {
            text.push_str(&format!(
                "* Added {}:{}:{address} to DNS cache\n* Hostname {} was found in DNS cache\n",
                url.host, url.port, url.host
            ));
        }
        text.push_str(&format!(
            "*   Trying {address}:{}...\n* Connected to {} ({address}) port {}\n",
            url.port, url.host, url.port
        ));
        if url.tls {
            text.push_str("* ALPN: curl offers h2,http/1.1\n* TLSv1.3 (OUT), TLS handshake, Client hello (1):\n* SSL connection using TLSv1.3 / TLS_AES_256_GCM_SHA384\n* Server certificate:\n");
            let (subject, issuer) = r.certificate.as_ref().map_or(("", ""), |c| (&c.subject, &c.issuer));
            text.push_str(&format!("*  subject: {subject}\n*  issuer: {issuer}\n"));
        }
        sys.err(&text);
    }

    fn tell_exchange(&self, sys: &mut Sys<'_>, r: &HttpResponse) {
        let mut text = format!("> {} {} HTTP/1.1\n", self.request.method, self.request.target);
        for (n, v) in &self.request.headers {
            text.push_str(&format!("> {}: {v}\n", title(n)));
        }
        text.push_str("> \n");
        for line in head(r).lines() {
            text.push_str(&format!("< {}\n", line.trim_end()));
        }
        let host = self.url.as_ref().map_or("", |u| u.host.as_str());
        if !r.body.is_empty() && !sys.is_tty(1) && self.request.method != "HEAD" {
            text.push_str(&format!("{{ [{} bytes data]\n", r.body.len()));
        }
        text.push_str(&format!("* Connection #0 to host {host} left intact\n"));
        sys.err(&text);
    }

    /// Prints or saves the answer: the exit code.
    fn print(&self, sys: &mut Sys<'_>, r: &HttpResponse, took: Millis) -> i32 {
        let mut out: Vec<u8> = Vec::new();
        if self.o.has("head") || self.o.has("include") {
            out.extend(head(r).into_bytes());
        }
        if self.request.method != "HEAD" {
            out.extend(&r.body);
        }
        let named = self.o.values("output").nth(self.count).map(str::to_owned);
        let named = named.or_else(|| {
            let url = self.url.as_ref().filter(|_| self.o.has("remote-name"))?;
            Some(url.file_name().to_owned())
        });
        match named.as_deref() {
            Some("") => {
                self.complain(sys, 23, "Remote file name has no length!");
                return 23;
            }
            Some(name) if name != "-" => {
                self.meter(sys, Some(out.len()), took);
                let path = sys.path(name);
                if name != "/dev/null"
                    && let Err(e) = sys.fs().write(&path, &out)
                {
                    if !self.silent() {
                        sys.err(&format!("Warning: Failed to open the file {name}: {e}\n"));
                    }
                    self.complain(sys, 23, "Failure writing output to destination");
                    return 23;
                }
            }
            _ => {
                if !sys.is_tty(1) {
                    self.meter(sys, Some(out.len()), took);
                }
                sys.out(&out);
            }
        }
        0
    }

    /// The progress meter: shown when the body does not go to a terminal.
    fn meter(&self, sys: &mut Sys<'_>, bytes: Option<usize>, took: Millis) {
        let to_terminal = sys.is_tty(1) && self.o.value("output").is_none() && !self.o.has("remote-name");
        let quiet = self.silent() || self.o.has("no-progress-meter") || self.o.has("head");
        if quiet || to_terminal {
            return;
        }
        const TITLE: &str = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\n                                 Dload  Upload   Total   Spent    Left  Speed\n";
        let (share, n) = match bytes {
            Some(n) if n > 0 => (100, n),
            _ => (0, 0),
        };
        let speed = n as i64 * 1000 / took.max(1);
        let spent = if took >= 1000 {
            format!("{:>2}:{:02}:{:02}", took / 3_600_000, took / 60_000 % 60, took / 1000 % 60)
        } else {
            "--:--:--".to_owned()
        };
        sys.err(&format!(
            "{TITLE}\r{share:>3} {:>5}  {share:>3} {:>5}    0     0 {:>6}      0 --:--:-- {spent:>8} --:--:-- {:>5}\n",
            short(n as i64),
            short(n as i64),
            short(speed),
            short(speed)
        ));
    }
}

/// A number in at most five characters, as the meter writes it.
fn short(n: i64) -> String {
    match n {
        ..100_000 => n.to_string(),
        100_000..10_240_000 => format!("{}k", n / 1024),
        _ => format!("{}M", n / (1024 * 1024)),
    }
}

/// Status line and headers as they come.
fn head(r: &HttpResponse) -> String {
    let mut text = format!("HTTP/1.1 {} {}\r\n", r.status, r.phrase());
    for (n, v) in &r.headers {
        text.push_str(&format!("{n}: {v}\r\n"));
    }
    text.push_str("\r\n");
    text
}

/// `user-agent` as curl writes it.
fn title(name: &str) -> String {
    let known = [
        "Host",
        "User-Agent",
        "Accept",
        "Content-Length",
        "Content-Type",
        "Authorization",
        "Cookie",
        "Referer",
    ];
    known.iter().find(|k| k.eq_ignore_ascii_case(name)).map_or_else(|| name.to_owned(), |k| (*k).to_owned())
}

impl Asker for Curl {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        self.o = Options::parse(&self.talk.argv).map_err(|e| (e, 2))?;
        if self.o.has("version") {
            sys.out("curl 8.5.0 (x86_64-pc-linux-gnu) libcurl/8.5.0 OpenSSL/3.0.13 zlib/1.3\nRelease-Date: 2023-12-06\nProtocols: http https\nFeatures: alt-svc AsynchDNS HSTS HTTPS-proxy IPv6 Largefile libz SSL threadsafe\n");
            return Err((String::new(), 0));
        }
        if self.o.has("help") || self.o.has("manual") {
            sys.out("Usage: curl [options...] <url>\n -d, --data <data>          HTTP POST data\n -f, --fail                 Fail fast with no output on HTTP errors\n -i, --include              Include response headers in output\n -o, --output <file>        Write to file instead of stdout\n -s, --silent               Silent mode\n -v, --verbose              Make the operation more talkative\n     --trace-path           Tell the request's way through the cluster, hop by hop\n");
            return Err((String::new(), 0));
        }
        if self.o.urls.is_empty() {
            let text = "curl: (2) no URL specified\ncurl: try 'curl --help' or 'curl --manual' for more information\n";
            return Err((text.to_owned(), 2));
        }
        if let Some(file) = self.o.value("cacert")
            && !self.o.has("insecure")
            && self.o.urls.iter().any(|u| u.starts_with("https"))
        {
            let path = sys.path(file);
            if sys.fs().read(&path).is_err() {
                return Err((format!("curl: (77) error setting certificate file: {file}\n"), 77));
            }
        }
        if self.o.urls.iter().any(|u| u.starts_with("https")) {
            self.certificate = identity::certificate(&self.o, sys).map_err(|why| (why, 58))?;
        }
        if let Some(entry) = self.o.unresolvable() {
            let text = format!("curl: (49) Couldn't parse CURLOPT_RESOLVE entry '{entry}'\n");
            return Err((text, 49));
        }
        for name in self.o.idle() {
            sys.err(&format!("simulated: curl takes --{name} and does not act on it\n"));
        }
        self.expand_urls();
        let files: Vec<String> =
            self.o.values("cookie").filter(|c| !c.contains('=')).map(|f| sys.path(f)).collect();
        for path in files {
            let bytes = sys.fs().read(&path).unwrap_or_default();
            self.jar.read(&String::from_utf8_lossy(&bytes));
        }
        self.talk.input_over = !body::asks_input(&self.o);
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        let Some(url) = self.url.clone() else { return Turn::Exit(2) };
        match got.answer {
            NetAnswer::Http { address, response } => {
                self.response(sys, &url, &address, &response, got.took_ms)
            }
            // The server closed the connection meanwhile: once more over a new one.
            NetAnswer::Failed { .. } if self.reuses => {
                self.kept = None;
                self.ask(sys)
            }
            NetAnswer::Failed { address, error } => {
                self.failed(sys, &url, address.as_deref(), error, got.took_ms)
            }
            _ => Turn::Exit(2),
        }
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        if let Some(turn) = self.talk.read_input(sys, body::BODY_MAX) {
            return turn;
        }
        if !std::mem::replace(&mut self.has_body, true)
            && let Err((text, code)) = self.fill(sys)
        {
            sys.err(&text);
            return Turn::Exit(code);
        }
        match self.urls.pop() {
            Some((text, [told, title])) => {
                sys.err(&told);
                sys.out(title);
                self.text = text;
                self.ask(sys)
            }
            None => {
                if let Some(why) = self.wrong.take() {
                    self.complain(sys, URL_MALFORMED, &why);
                    self.code = URL_MALFORMED;
                }
                self.keep_cookies(sys);
                Turn::Exit(self.code)
            }
        }
    }
}

impl Program for Curl {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }
}

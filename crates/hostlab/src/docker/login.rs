//! `docker login` and `logout`: an account at a registry, and the file that keeps it.

use containers::fs::Node;
use containers::images::Login;

use super::args::{self, Flag};
use super::{Console, Input, Job, Started, complain, refuse, say};
use crate::engine::Engine;
use crate::json::Json;

const FLAGS: &[Flag] = &[("username", 'u', true), ("password", 'p', true), ("password-stdin", ' ', false)];

fn host_of(text: Option<&String>) -> String {
    let host = text.map_or("docker.io", String::as_str);
    let host = host.trim_start_matches("https://").trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or(host);
    if matches!(host, "index.docker.io" | "registry-1.docker.io" | "hub.docker.com") {
        "docker.io"
    } else {
        host
    }
    .into()
}

/// Asks for what is missing, on the terminal.
struct Asking {
    host: String,
    user: Option<String>,
    password: Option<String>,
    from_stdin: bool,
    typed: String,
}

pub(super) fn login(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let args = match args::parse("login", argv, FLAGS, false, console) {
        Ok(a) => a,
        Err(done) => return done,
    };
    let host = host_of(args.words.first());
    let user = args.value("username").map(str::to_string);
    let password = args.value("password").map(str::to_string);
    let from_stdin = args.has("password-stdin");
    if from_stdin && user.is_none() {
        complain(console, "Must provide --username with --password-stdin\n");
        return Started::Done(1);
    }
    if password.is_some() {
        complain(console, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    }
    if let (Some(user), Some(password)) = (&user, &password) {
        return finish(&Login { host, user: user.clone(), password: password.clone() }, engine, console);
    }
    if !from_stdin {
        say(console, if user.is_none() { "Username: " } else { "Password: " });
    }
    Started::Goes(Box::new(Asking { host, user, password, from_stdin, typed: String::new() }))
}

fn finish(login: &Login, engine: &mut Engine, console: &mut dyn Console) -> Started {
    if let Err(why) = console.registry().login(login) {
        return refuse(console, &why);
    }
    engine.logins.retain(|l| l.host != login.host);
    engine.logins.push(login.clone());
    write_config(engine, console);
    say(
        console,
        "\nWARNING! Your credentials are stored unencrypted in '/home/learner/.docker/config.json'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\nLogin Succeeded\n",
    );
    Started::Done(0)
}

/// `~/.docker/config.json`, from which image pull secrets are made.
fn write_config(engine: &Engine, console: &mut dyn Console) {
    let auths = engine.logins.iter().map(|l| {
        let key = if l.host == "docker.io" { "https://index.docker.io/v1/" } else { &l.host };
        let pair = encode(format!("{}:{}", l.user, l.password).as_bytes());
        (key.to_string(), Json::object(vec![("auth", Json::text(pair))]))
    });
    let text = Json::object(vec![("auths", Json::Object(auths.collect()))]).pretty(0).replace("    ", "\t");
    console.put("/home/learner/.docker/config.json", Node::file(text.as_bytes(), 0o600));
}

fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let n = three.iter().fold(0u32, |n, b| n << 8 | u32::from(*b)) << (8 * (3 - three.len()));
        for i in 0..4 {
            let c = ALPHABET[(n >> (18 - 6 * i) & 63) as usize] as char;
            out.push(if i <= three.len() { c } else { '=' });
        }
    }
    out
}

impl Job for Asking {
    fn poll(&mut self, engine: &mut Engine, console: &mut dyn Console) -> Option<i32> {
        loop {
            match console.read() {
                Input::Wait => return None,
                Input::Data(bytes) => self.typed.push_str(&String::from_utf8_lossy(&bytes)),
                Input::End if self.from_stdin => self.typed.push('\n'),
                Input::End => {
                    complain(console, "\nError: Cannot perform an interactive login from a non TTY device\n");
                    return Some(1);
                }
            }
            while let Some((line, rest)) = self.typed.split_once('\n') {
                let (line, rest) = (line.trim_end_matches('\r').to_string(), rest.to_string());
                self.typed = rest;
                if self.user.is_none() {
                    self.user = Some(line);
                    if self.password.is_none() {
                        say(console, "Password: ");
                    }
                } else {
                    self.password = Some(line);
                }
                if let (Some(user), Some(password)) = (&self.user, &self.password) {
                    let login =
                        Login { host: self.host.clone(), user: user.clone(), password: password.clone() };
                    let Started::Done(code) = finish(&login, engine, console) else { return Some(1) };
                    return Some(code);
                }
            }
        }
    }
}

pub(super) fn logout(argv: &[String], engine: &mut Engine, console: &mut dyn Console) -> Started {
    let host = host_of(argv.first());
    let shown = if host == "docker.io" { "https://index.docker.io/v1/" } else { &host };
    if engine.logins.iter().all(|l| l.host != host) {
        say(console, format!("Not logged in to {shown}\n"));
        return Started::Done(0);
    }
    say(console, format!("Removing login credentials for {shown}\n"));
    engine.logins.retain(|l| l.host != host);
    write_config(engine, console);
    Started::Done(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn pairs_are_encoded() {
        assert_eq!(super::encode(b"learner:wheelhouse"), "bGVhcm5lcjp3aGVlbGhvdXNl");
        assert_eq!(super::encode(b"a:b"), "YTpi");
        assert_eq!(super::encode(b"a:"), "YTo=");
    }
}

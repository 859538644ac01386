//! `kubectl proxy`
//!
//! Models `k8s.io/kubectl/pkg/cmd/proxy`. Does not own: what is answered at the port (cluster), which is open while this
//! runs. Not modelled: `--www` and `--unix-socket`, of which a note tells.

use client::Request;
use client::handle::Frame;
use objects::{Reason, Str};

use crate::command::{Command, NOT_SIMULATED};
use crate::error::{Error, Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;

static FLAGS: &[Flag] = &[
    short('p', "port", Kind::Int, "8001", "port to serve on; 0: any that is free"),
    flag("address", Kind::Text, "127.0.0.1", "address to serve on"),
    flag("api-prefix", Kind::Text, "/", "prefix of the API"),
    flag(
        "accept-hosts",
        Kind::Text,
        r"^localhost$,^127\.0\.0\.1$,^\[::1\]$",
        "hosts to accept, as expressions",
    ),
    flag("accept-paths", Kind::Text, "^.*", "paths to accept, as expressions"),
    flag("reject-methods", Kind::Text, "^$", "methods to reject, as expressions"),
    flag(
        "reject-paths",
        Kind::Text,
        "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
        "paths to reject, even accepted ones, as expressions",
    ),
    flag("disable-filter", Kind::Bool, "false", "accept everything"),
    short('w', "www", Kind::Text, "", NOT_SIMULATED),
    short('P', "www-prefix", Kind::Text, "/static/", NOT_SIMULATED),
    short('u', "unix-socket", Kind::Text, "", NOT_SIMULATED),
    flag("keepalive", Kind::Duration, "0s", NOT_SIMULATED),
    flag("append-server-path", Kind::Bool, "false", NOT_SIMULATED),
];

/// What whoever listens is told.
const TOLD: [&str; 7] =
    ["port", "address", "accept-hosts", "accept-paths", "reject-methods", "reject-paths", "disable-filter"];

pub static COMMAND: Command = Command {
    name: "proxy",
    usage: "[--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
    short: "Serve the API on a local port",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

/// Serves until its process ends.
async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let (address, port) = (args.text("address"), args.int("port"));
    if args.is("disable-filter") {
        k.complain("W0101 00:00:00.000000       1 proxy.go:177] Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious");
    }
    if u16::try_from(port).is_err() {
        return fail(format!("listen tcp: address {port}: invalid port"));
    }
    can_be_own(address, port)?;
    let mut r = Request::raw("/");
    let mut tell = |name: &'static str, value: &str| {
        r.options.query.push((Str::new_static(name), value.into()));
    };
    for name in TOLD {
        match name {
            "port" => tell(name, &port.to_string()),
            "disable-filter" => tell(name, &args.is(name).to_string()),
            _ => tell(name, args.text(name)),
        }
    }
    tell("api-prefix", &format!("{}/", args.text("api-prefix").trim_end_matches('/')));
    let mut stream = match k.connect(r).await {
        Err(Error::Status(s)) if s.reason == Reason::Unknown => return fail(s.message),
        opened => opened?,
    };
    while let Some(frame) = stream.next().await {
        match frame {
            Frame::Listens(port) => k.say(format!("Starting to serve on {}:{port}", spelled(address))),
            Frame::Stderr(bytes) => k.io.err(&bytes),
            _ => {}
        }
    }
    Ok(())
}

/// Whether a learner's machine may have the address.
fn can_be_own(address: &str, port: i64) -> Result<()> {
    let is_number = !address.is_empty() && address.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match address {
        "" | "localhost" | "0.0.0.0" | "::" | "[::]" | "[::1]" => Ok(()),
        own if is_number && own.starts_with("127.") => Ok(()),
        other if is_number => {
            fail(format!("listen tcp {other}:{port}: bind: cannot assign requested address"))
        }
        name => fail(format!("listen tcp: lookup {name}: no such host")),
    }
}

/// An address as Go spells the one that it listens at: everywhere is IPv6's.
fn spelled(address: &str) -> &str {
    match address {
        "" | "0.0.0.0" | "::" => "[::]",
        "localhost" => "127.0.0.1",
        other => other,
    }
}

//! Programs that ask the network, one a file, and what they share: URLs, and a request under way.

mod curl;
mod dig;
mod getent;
mod host;
mod nc;
mod nslookup;
mod ping;
pub(crate) mod url;
mod usage;
mod wget;

use clock::{Millis, Time};

use crate::machine::{Got, Sys, Turn, Wait};
use crate::net::{NetAnswer, NetError, NetOptions, NetRequest};

pub(super) use curl::start as curl;
pub(super) use dig::start as dig;
pub(super) use getent::start as getent;
pub(super) use host::start as host;
pub(super) use nc::{start as nc, start_openbsd as openbsd_nc};
pub(super) use nslookup::{start as nslookup, start_bind as bind_nslookup};
pub(super) use ping::{start as ping, start_iputils as iputils_ping};
pub(super) use wget::start as wget;

/// Kinds of records that BIND's programs may be asked for.
const RECORDS: [&str; 11] = ["A", "AAAA", "ANY", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

/// What ends a program before it asks anything: a text for standard error and the exit code.
type Refusal = (String, i32);

/// A command line, the request under way, and the rest before the next.
#[derive(Clone, Debug, Default)]
struct Talk {
    argv: Vec<String>,
    has_begun: bool,
    id: Option<u32>,
    /// What came over standard input.
    input: Vec<u8>,
    input_over: bool,
    began: Time,
    rests_until: Option<Time>,
}

/// An answer, and how long it took.
struct Answered {
    answer: NetAnswer,
    took_ms: Millis,
}

/// A program that reads its line once and then asks, an answer at a time.
trait Asker {
    fn talk(&mut self) -> &mut Talk;
    /// Reads the line.
    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal>;
    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn;
    /// Asks on, or ends: nothing is under way.
    fn next(&mut self, sys: &mut Sys<'_>) -> Turn;
}

/// A step of each program here.
fn step(asker: &mut dyn Asker, sys: &mut Sys<'_>) -> Turn {
    if !std::mem::replace(&mut asker.talk().has_begun, true)
        && let Err((text, code)) = asker.begin(sys)
    {
        sys.err(&text);
        return Turn::Exit(code);
    }
    match asker.talk().poll(sys) {
        Ok(Some(got)) => asker.answered(sys, got),
        Ok(None) => asker.next(sys),
        Err(turn) => turn,
    }
}

impl Talk {
    fn new(argv: &[String]) -> Self {
        Self { argv: argv.to_vec(), ..Self::default() }
    }

    fn send(&mut self, sys: &mut Sys<'_>, request: NetRequest, options: NetOptions) -> Turn {
        let request = if options == NetOptions::default() {
            request
        } else {
            NetRequest::With { options: Box::new(options), request: Box::new(request) }
        };
        let id = sys.net(request);
        (self.id, self.began) = (Some(id), sys.now());
        Turn::Wait(Wait::Net(id))
    }

    /// Reads standard input on, at most `max` bytes of it; what to do while it is not over.
    fn read_input(&mut self, sys: &mut Sys<'_>, max: usize) -> Option<Turn> {
        if self.input_over {
            return None;
        }
        match sys.read(0, 16 << 10) {
            Got::Data(data) => {
                sys.charge((data.len() >> 8) as u32);
                self.input.extend(data);
                self.input_over = self.input.len() >= max;
                Some(Turn::More)
            }
            Got::Wait => Some(Turn::Wait(Wait::Read(0))),
            Got::End | Got::Failed(_) => {
                self.input_over = true;
                None
            }
        }
    }

    fn rest_until(&mut self, at: Time) {
        self.rests_until = Some(at);
    }

    /// The answer once it has come, or none when nothing is under way. The lines of a traced way go to standard error
    /// at once.
    fn poll(&mut self, sys: &mut Sys<'_>) -> Result<Option<Answered>, Turn> {
        let Some(id) = self.id else {
            let now = sys.now();
            self.rests_until = self.rests_until.filter(|at| now < *at);
            return self.rests_until.map_or(Ok(None), |at| Err(Turn::Wait(Wait::Until(at))));
        };
        let mut answer = sys.net_answer(id).map_err(Turn::Wait)?;
        self.id = None;
        while let NetAnswer::Traced { lines, answer: inner } = answer {
            sys.err(&(lines.join("\n") + "\n"));
            answer = *inner;
        }
        Ok(Some(Answered { answer, took_ms: sys.now().since(self.began) }))
    }
}

/// The name under which an address is looked up.
fn reversed(ip: &str) -> Option<String> {
    let parts: Vec<&str> = ip.split('.').collect();
    let is_ip = parts.len() == 4 && parts.iter().all(|p| p.parse::<u8>().is_ok());
    is_ip.then(|| format!("{}.{}.{}.{}.in-addr.arpa", parts[3], parts[2], parts[1], parts[0]))
}

/// Why a name has no address, in the words of the image's C library: glibc's, or musl's.
fn unresolved(sys: &Sys<'_>, error: NetError) -> &'static str {
    match (sys.gnu(), error == NetError::NoServer) {
        (true, false) => "Name or service not known",
        (true, true) => "Temporary failure in name resolution",
        (false, false) => "Name does not resolve",
        (false, true) => "Try again",
    }
}

/// What BIND's programs say before they give a server up, after so many tries: one that is silent, or (at once) refuses.
fn silence(server: &str, tries: usize, took: Millis) -> String {
    let how = if took < 1000 { "connection refused" } else { "timed out" };
    format!(";; communications error to {server}#53: {how}\n").repeat(tries)
}

/// What BIND's programs say of a server whose own name nobody knows.
fn unknown_server(program: &str, server: &str) -> String {
    format!("{program}: couldn't get address for '{server}': not found\n")
}

/// Why a text is no name that BIND's programs would ask for.
fn illegal(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let mut labels = name.split('.');
    if name.is_empty() {
        None
    } else if labels.clone().any(str::is_empty) {
        Some("empty label")
    } else if labels.any(|l| l.len() > 63) {
        Some("label too long")
    } else {
        (name.len() > 253).then_some("ran out of space")
    }
}

/// A span as people write it: `5`, `0.5`, at most some years. In milliseconds.
fn seconds(text: &str) -> Option<Millis> {
    let n: f64 = text.parse().ok()?;
    (n.is_finite() && n >= 0.0).then(|| (n * 1000.0).min(1e12) as Millis)
}

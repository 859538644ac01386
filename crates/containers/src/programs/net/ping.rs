//! `ping`: iputils' words where the image has GNU tools or iputils' own, busybox's elsewhere.

use clock::Time;

use super::super::args::Args;
use super::{Answered, Asker, Refusal, Talk, seconds, unresolved, usage};
use crate::machine::{Program, Reaction, Signal, Sys, Turn};
use crate::net::{NetAnswer, NetError, NetOptions, NetRequest};

/// How long one echo is waited for.
const WAIT_MS: i64 = 1_000;

#[derive(Clone, Default)]
struct Ping {
    talk: Talk,
    args: Args,
    host: String,
    address: String,
    begun: Option<Time>,
    sent: u32,
    received: u32,
    /// In microseconds.
    times: (u64, u64, u64),
    /// iputils', whatever else the image has.
    iputils: bool,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Ping { talk: Talk::new(argv), times: (u64::MAX, 0, 0), ..Ping::default() })
}

pub(in crate::programs) fn start_iputils(argv: &[String]) -> Box<dyn Program> {
    Box::new(Ping { talk: Talk::new(argv), times: (u64::MAX, 0, 0), iputils: true, ..Ping::default() })
}

impl Ping {
    fn is_iputils(&self, sys: &Sys<'_>) -> bool {
        self.iputils || sys.gnu()
    }

    fn limit(&self) -> Option<u32> {
        self.args.value('c').and_then(|c| c.parse().ok())
    }

    fn title(&mut self, sys: &mut Sys<'_>, address: &str) {
        if !self.address.is_empty() {
            return;
        }
        address.clone_into(&mut self.address);
        let (host, ip) = (&self.host, &self.address);
        let line = if self.is_iputils(sys) {
            format!("PING {host} ({ip}) 56(84) bytes of data.\n")
        } else {
            format!("PING {host} ({ip}): 56 data bytes\n")
        };
        sys.out(line);
    }

    fn end(&self, sys: &mut Sys<'_>) -> Turn {
        let loss = (self.sent - self.received) * 100 / self.sent.max(1);
        let (host, sent, received) = (&self.host, self.sent, self.received);
        let (least, most, sum) = self.times;
        let ms = |us: u64| format!("{}.{:03}", us / 1000, us % 1000);
        let mean = sum / u64::from(received.max(1));
        if self.is_iputils(sys) {
            let took = self.begun.map_or(0, |b| sys.now().since(b));
            sys.out(format!(
                "\n--- {host} ping statistics ---\n{sent} packets transmitted, {received} received, {loss}% packet loss, time {took}ms\n"
            ));
            if received > 0 {
                let spread = ms((most - least) / 2);
                sys.out(format!(
                    "rtt min/avg/max/mdev = {}/{}/{}/{spread} ms\n",
                    ms(least),
                    ms(mean),
                    ms(most)
                ));
            }
        } else {
            sys.out(format!(
                "\n--- {host} ping statistics ---\n{sent} packets transmitted, {received} packets received, {loss}% packet loss\n"
            ));
            if received > 0 {
                sys.out(format!("round-trip min/avg/max = {}/{}/{} ms\n", ms(least), ms(mean), ms(most)));
            }
        }
        Turn::Exit(i32::from(received == 0))
    }
}

impl Asker for Ping {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        let code = if self.is_iputils(sys) { 2 } else { 1 };
        self.args = Args::parse(sys, &self.talk.argv, "c:W:w:i:I:s:t:qnv46A").map_err(|e| (e, code))?;
        let Some(host) = self.args.rest.first().cloned() else {
            let text = if self.is_iputils(sys) {
                "ping: usage error: Destination address required\n".into()
            } else {
                usage::of("ping")
            };
            return Err((text, code));
        };
        if let Some(c) = self.args.value('c')
            && c.parse::<u32>().ok().is_none_or(|n| n == 0)
        {
            let text = if self.is_iputils(sys) {
                format!("ping: invalid argument: '{c}'\n")
            } else {
                format!("ping: invalid number '{c}'\n")
            };
            return Err((text, 1));
        }
        self.host = host;
        self.begun = Some(sys.now());
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        let (host, gnu) = (self.host.clone(), self.is_iputils(sys));
        match got.answer {
            NetAnswer::Pong { address, ttl } => {
                self.title(sys, &address);
                let jitter = sys.rng().next_u64() % 90;
                let us = match got.took_ms.max(0).unsigned_abs() {
                    near @ 0..10 => 40 + jitter + near * 20,
                    far => far * 1000 + jitter * 10,
                };
                let shown = format!("{}.{:03}", us / 1000, us % 1000);
                if !self.args.has('q') {
                    let n = self.sent;
                    let line = if gnu {
                        format!("64 bytes from {address}: icmp_seq={} ttl={ttl} time={shown} ms\n", n + 1)
                    } else {
                        format!("64 bytes from {address}: seq={n} ttl={ttl} time={shown} ms\n")
                    };
                    sys.out(line);
                }
                self.times = (self.times.0.min(us), self.times.1.max(us), self.times.2 + us);
                self.received += 1;
            }
            NetAnswer::Failed { error: error @ (NetError::NoName | NetError::NoServer), .. } => {
                let text = if gnu {
                    format!("ping: {host}: {}\n", unresolved(sys, error))
                } else {
                    format!("ping: bad address '{host}'\n")
                };
                sys.err(&text);
                return Turn::Exit(if gnu { 2 } else { 1 });
            }
            NetAnswer::Failed { address, error } => {
                if error == NetError::Unreachable {
                    let text = if gnu {
                        "ping: connect: Network is unreachable\n"
                    } else {
                        "ping: sendto: Network unreachable\n"
                    };
                    sys.err(text);
                    return Turn::Exit(if gnu { 2 } else { 1 });
                }
                self.title(sys, &address.unwrap_or(host));
            }
            _ => {}
        }
        self.sent += 1;
        let over = self.args.value('w').and_then(seconds);
        let late = over.zip(self.begun).is_some_and(|(ms, begun)| sys.now().since(begun) >= ms);
        if late || self.limit().is_some_and(|n| self.sent >= n) {
            return self.end(sys);
        }
        let step = self.args.value('i').and_then(seconds).unwrap_or(1000).max(200);
        self.talk.rest_until(sys.now() + (step - got.took_ms).max(1));
        Turn::More
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        let wait = self.args.value('W').and_then(seconds).unwrap_or(WAIT_MS);
        let trace = (self.args.long("trace-path") && self.sent == 0).then(|| sys.locale());
        // An echo has no answer rather than a refusal: a second later the next one is sent.
        let options = NetOptions { connect_ms: Some(wait), trace, ..NetOptions::default() };
        self.talk.send(sys, NetRequest::Ping { host: self.host.clone() }, options)
    }
}

impl Program for Ping {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }

    fn signal(&mut self, signal: Signal, sys: &mut Sys<'_>) -> Reaction {
        if signal == Signal::Int && self.sent > 0 {
            let Turn::Exit(code) = self.end(sys) else { return Reaction::Default };
            return Reaction::Exit(code);
        }
        Reaction::Default
    }
}

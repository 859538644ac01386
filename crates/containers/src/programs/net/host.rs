//! `host` of BIND 9.18: what a name is, through the search list, a sentence a record.
//!
//! Not modelled: `-a`, `-l`, `-v` and their like (accepted, the plain answer is printed), other classes.

use super::{Answered, Asker, RECORDS, Refusal, Talk, illegal, reversed, silence, unknown_server};
use crate::machine::{Program, Sys, Turn};
use crate::net::{DnsData, DnsRecord, NetAnswer, NetError, NetOptions, NetRequest};

const USAGE: &str = "\
Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
       -a is equivalent to -v -t ANY
       -A is like -a but omits RRSIG, NSEC, NSEC3
       -c specifies query class for non-IN data
       -C compares SOA records on authoritative nameservers
       -d is equivalent to -v
       -l lists all hosts in a domain, using AXFR
       -m set memory debugging flag (trace|record|usage)
       -N changes the number of dots allowed before root lookup is done
       -p specifies the port on the server to query
       -r disables recursive processing
       -R specifies number of retries for UDP packets
       -s a SERVFAIL response should stop query
       -t specifies the query type
       -T enables TCP/IP mode
       -U enables UDP mode
       -v enables verbose output
       -V print version number and exit
       -w specifies to wait forever for a reply
       -W specifies how long to wait for a reply
       -4 use IPv4 query transport only
       -6 use IPv6 query transport only
";
/// What is asked of a name when no type is given.
const KINDS: [&str; 3] = ["A", "AAAA", "MX"];

#[derive(Clone, Default)]
struct Host {
    talk: Talk,
    name: String,
    server: Option<String>,
    trace: Option<String>,
    /// Types not asked for yet, the next one last.
    kinds: Vec<String>,
    asked: String,
    /// The type was given by `-t`.
    named: bool,
    titled: bool,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Host { talk: Talk::new(argv), ..Host::default() })
}

impl Host {
    fn read(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        let argv = self.talk.argv.clone();
        let (mut rest, mut places, mut kind) = (argv.iter().skip(1), Vec::new(), None);
        while let Some(word) = rest.next() {
            let Some(flag) = word.strip_prefix('-').filter(|f| !f.is_empty()) else {
                places.push(word.clone());
                continue;
            };
            if flag == "-trace-path" {
                self.trace = Some(sys.locale());
                continue;
            }
            let (letter, value) = flag.split_at(flag.chars().next().map_or(0, char::len_utf8));
            match letter {
                "t" | "c" | "N" | "m" | "p" | "R" | "W" => {
                    let value = if value.is_empty() { rest.next().cloned() } else { Some(value.to_owned()) };
                    let Some(value) = value else {
                        let text = format!("host: option requires an argument -- '{letter}'\n{USAGE}");
                        return Err((text, 1));
                    };
                    if letter == "t" {
                        let upper = value.to_uppercase();
                        if !RECORDS.contains(&upper.as_str()) {
                            return Err((format!("host: invalid type: {value}\n"), 1));
                        }
                        kind = Some(upper);
                    }
                }
                "a" | "A" | "C" | "d" | "i" | "l" | "r" | "s" | "T" | "U" | "v" | "w" | "4" | "6" => {}
                "V" => return Err(("host 9.18.24\n".into(), 0)),
                _ => return Err((format!("host: invalid option -- '{letter}'\n{USAGE}"), 1)),
            }
        }
        let Some(name) = places.first() else { return Err((USAGE.into(), 1)) };
        self.server = places.get(1).cloned();
        self.named = kind.is_some();
        if let (Some(pointer), None) = (reversed(name), &kind) {
            (self.name, self.kinds) = (pointer + ".", vec!["PTR".into()]);
            return Ok(());
        }
        if let Some(why) = illegal(name) {
            return Err((format!("host: '{name}' is not a legal name ({why})\n"), 1));
        }
        self.name.clone_from(name);
        self.kinds = kind.map_or_else(|| KINDS.iter().rev().map(|k| (*k).to_owned()).collect(), |k| vec![k]);
        Ok(())
    }

    fn title(&mut self, sys: &mut Sys<'_>, address: &str) {
        if let Some(server) = self.server.as_ref().filter(|_| !self.titled) {
            sys.out(format!("Using domain server:\nName: {server}\nAddress: {address}#53\nAliases: \n\n"));
        }
        self.titled = true;
    }
}

fn sentence(r: &DnsRecord) -> String {
    let name = &r.name;
    match &r.data {
        DnsData::A(ip) => format!("{name} has address {ip}\n"),
        DnsData::Cname(to) => format!("{name} is an alias for {to}.\n"),
        DnsData::Ptr(to) => format!("{name} domain name pointer {to}.\n"),
        DnsData::Srv { priority, weight, port, target } => {
            format!("{name} has SRV record {priority} {weight} {port} {target}.\n")
        }
    }
}

impl Asker for Host {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        self.read(sys)
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        match got.answer {
            NetAnswer::Resolved { server, name, records } => {
                self.title(sys, &server);
                // The alias was told with the first type.
                let is_new =
                    |r: &&DnsRecord| self.asked == "A" || !matches!(r.data, DnsData::Cname(_)) || self.named;
                let mut text: String = records.iter().filter(is_new).map(sentence).collect();
                if records.is_empty() && self.named {
                    text = format!("{name} has no {} record\n", self.asked);
                }
                sys.out(text);
                Turn::More
            }
            NetAnswer::Failed { error: NetError::NoName, address: None } => {
                sys.err(&unknown_server("host", self.server.as_deref().unwrap_or_default()));
                Turn::Exit(1)
            }
            NetAnswer::Failed { error: NetError::NoName, address } => {
                self.title(sys, address.as_deref().unwrap_or(""));
                sys.out(format!("Host {} not found: 3(NXDOMAIN)\n", self.name));
                Turn::Exit(1)
            }
            NetAnswer::Failed { address, .. } => {
                let at = address.or_else(|| self.server.clone()).unwrap_or_default();
                sys.out(format!("{};; no servers could be reached\n", silence(&at, 2, got.took_ms)));
                Turn::Exit(1)
            }
            _ => Turn::Exit(1),
        }
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(kind) = self.kinds.pop() else { return Turn::Exit(0) };
        self.asked.clone_from(&kind);
        let options =
            NetOptions { server: self.server.clone(), trace: self.trace.take(), ..NetOptions::default() };
        self.talk.send(sys, NetRequest::Resolve { name: self.name.clone(), kind }, options)
    }
}

impl Program for Host {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }
}

//! `dig` 9.18: questions to a name server as they are, without the search list unless `+search` is given.
//!
//! Owns: what it asks and prints. Not modelled: DNSSEC, transfers, batch files; ids and times are made up.

use super::{Answered, Asker, RECORDS, Refusal, Talk, illegal, reversed, silence, unknown_server};
use crate::machine::{Program, Sys, Turn};
use crate::net::{DnsData, DnsRecord, NetAnswer, NetError, NetOptions, NetRequest};

const ZONE: &str = "cluster.local";
const USAGE: &str = "\
Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}
            {global-d-opt} host [@local-server] {local-d-opt}
            [ host [@local-server] {local-d-opt} [...]]

Use \"dig -h\" (or \"dig -h | more\") for complete list of options
";

#[derive(Clone, Default)]
struct Dig {
    talk: Talk,
    name: String,
    kind: String,
    server: Option<String>,
    short: bool,
    search: bool,
    /// Sections that are printed: comments, the question, the answer, statistics.
    shown: [bool; 4],
    trace: Option<String>,
    asked: bool,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Dig { talk: Talk::new(argv), shown: [true; 4], kind: "A".into(), ..Dig::default() })
}

impl Dig {
    fn read(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        let argv = self.talk.argv.clone();
        let mut rest = argv.iter().skip(1);
        while let Some(word) = rest.next() {
            if let Some(server) = word.strip_prefix('@') {
                self.server = Some(server.to_owned());
            } else if let Some(option) = word.strip_prefix('+') {
                self.wish(option)?;
            } else if word == "--trace-path" {
                self.trace = Some(sys.locale());
            } else if word == "-x" {
                let ip = rest.next().map_or("", String::as_str);
                let pointer = reversed(ip).ok_or_else(|| (format!("Invalid IP address {ip}\n"), 1))?;
                (self.name, self.kind) = (pointer, "PTR".into());
            } else if let Some(value) = word.strip_prefix("-t").or_else(|| word.strip_prefix("-q")) {
                let value =
                    if value.is_empty() { rest.next().cloned().unwrap_or_default() } else { value.into() };
                if word.starts_with("-q") {
                    self.name = value;
                } else {
                    match known(&value) {
                        Some(kind) => self.kind = kind,
                        None => sys.err(&format!(";; Warning, ignoring invalid type {value}\n")),
                    }
                }
            } else if matches!(word.as_str(), "-4" | "-6" | "-u" | "-r" | "IN" | "in") {
            } else if matches!(word.as_str(), "-p" | "-c" | "-b" | "-y" | "-k") {
                rest.next();
            } else if word.starts_with('-') {
                return Err((format!("Invalid option: {word}\n{USAGE}"), 1));
            } else if let Some(kind) = known(word) {
                self.kind = kind;
            } else if self.name.is_empty() {
                self.name.clone_from(word);
            }
        }
        if self.name.is_empty() {
            (self.name, self.kind) = (".".into(), "NS".into());
        }
        if let Some(why) = illegal(&self.name) {
            return Err((format!("dig: '{}' is not a legal name ({why})\n", self.name), 10));
        }
        Ok(())
    }

    fn wish(&mut self, option: &str) -> Result<(), Refusal> {
        let (on, name) = option.strip_prefix("no").map_or((true, option), |n| (false, n));
        match name.split('=').next().unwrap_or("") {
            "short" => self.short = on,
            "search" => self.search = on,
            "all" => self.shown = [on; 4],
            "comments" => self.shown[0] = on,
            "question" => self.shown[1] = on,
            "answer" => self.shown[2] = on,
            "stats" => self.shown[3] = on,
            "tcp" | "time" | "timeout" | "tries" | "retry" | "cmd" | "edns" | "recurse" | "trace"
            | "multiline" | "ttlid" | "authority" | "additional" | "dnssec" | "ndots" | "vc" | "cookie"
            | "identify" => {}
            _ => return Err((format!("Invalid option: +{option}\n{USAGE}"), 1)),
        }
        Ok(())
    }

    fn print(&self, sys: &mut Sys<'_>, answer: NetAnswer, took_ms: i64) -> Turn {
        let asked = self.name.trim_end_matches('.');
        let (server, name, records, status) = match answer {
            NetAnswer::Resolved { server, name, records } => (server, name, records, "NOERROR"),
            NetAnswer::Failed { error: NetError::NoName, address: None } => {
                sys.err(&unknown_server("dig", self.server.as_deref().unwrap_or_default()));
                return Turn::Exit(10);
            }
            NetAnswer::Failed { error: NetError::NoName, address } => {
                (address.unwrap_or_default(), asked.to_owned(), Vec::new(), "NXDOMAIN")
            }
            NetAnswer::Failed { address, .. } => {
                let at = address.or_else(|| self.server.clone()).unwrap_or_default();
                let one = if self.server.is_some() { "; (1 server found)\n" } else { "" };
                let version = format!(
                    "\n; <<>> DiG 9.18.24 <<>> {}\n{one};; global options: +cmd\n",
                    self.talk.argv[1..].join(" ")
                );
                let head = if self.short { String::new() } else { version };
                sys.out(format!("{}{head};; no servers could be reached\n", silence(&at, 3, took_ms)));
                return Turn::Exit(9);
            }
            _ => return Turn::Exit(9),
        };
        if self.short {
            let lines: String = records.iter().map(|r| format!("{}\n", data(r))).collect();
            sys.out(lines);
            return Turn::Exit(0);
        }
        let mut text = String::new();
        // The zone of the cluster says so of itself, and what belongs to nobody is its to deny.
        let own = name == ZONE || name.ends_with(&format!(".{ZONE}"));
        let denied = own && records.is_empty();
        if self.shown[0] {
            let (id, cookie) = (sys.rng().below(65_536), sys.rng().next_u64());
            let leaked = if name.ends_with(".local") {
                ";; WARNING: .local is reserved for Multicast DNS\n;; You are currently testing what happens when an mDNS query is leaked to DNS\n"
            } else {
                ""
            };
            let one = if self.server.is_some() { "; (1 server found)\n" } else { "" };
            let (flags, alone) = if own {
                ("qr aa rd", ";; WARNING: recursion requested but not available\n")
            } else {
                ("qr rd ra", "")
            };
            text.push_str(&format!(
                "\n; <<>> DiG 9.18.24 <<>> {}\n{one};; global options: +cmd\n;; Got answer:\n{leaked};; ->>HEADER<<- opcode: QUERY, status: {status}, id: {id}\n;; flags: {flags}; QUERY: 1, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: 1\n{alone}\n;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: 1232\n; COOKIE: {cookie:016x} (echoed)\n",
                self.talk.argv[1..].join(" "),
                records.len(),
                u8::from(denied),
            ));
        }
        if self.shown[1] {
            text.push_str(&format!(";; QUESTION SECTION:\n;{}\n\n", row(&name, "", &self.kind, "")));
        }
        if self.shown[2] && !records.is_empty() {
            if self.shown[0] {
                text.push_str(";; ANSWER SECTION:\n");
            }
            for r in &records {
                let kind = match r.data {
                    DnsData::A(_) => "A",
                    DnsData::Cname(_) => "CNAME",
                    DnsData::Ptr(_) => "PTR",
                    DnsData::Srv { .. } => "SRV",
                };
                text.push_str(&row(&r.name, "30", kind, &data(r)));
                text.push('\n');
            }
            if self.shown[0] {
                text.push('\n');
            }
        }
        if denied && self.shown[0] {
            let serial = sys.now().0 / 1000;
            let soa = format!("ns.dns.{ZONE}. hostmaster.{ZONE}. {serial} 7200 1800 86400 30");
            text.push_str(&format!(";; AUTHORITY SECTION:\n{}\n\n", row(ZONE, "30", "SOA", &soa)));
        }
        if self.shown[3] {
            let date = crate::programs::date_text(sys.now(), "%a %b %d %H:%M:%S UTC %Y");
            let size = 40 + name.len() + records.iter().map(|r| 16 + r.name.len()).sum::<usize>();
            text.push_str(&format!(
                ";; Query time: {took_ms} msec\n;; SERVER: {server}#53({server}) (UDP)\n;; WHEN: {date}\n;; MSG SIZE  rcvd: {size}\n\n"
            ));
        }
        sys.out(text);
        Turn::Exit(0)
    }
}

/// A record in columns as BIND sets them: at 24, 32, 40 and 48, or a blank on where one is passed.
fn row(name: &str, ttl: &str, kind: &str, data: &str) -> String {
    let mut text = format!("{name}.");
    let mut column = text.len();
    for (field, at) in [(ttl, 24), ("IN", 32), (kind, 40), (data, 48)] {
        if field.is_empty() {
            continue;
        }
        let to = at.max(column + 1);
        let tabs = to / 8 - column / 8;
        let blanks = if tabs > 0 { to % 8 } else { to - column };
        text.push_str(&"\t".repeat(tabs));
        text.push_str(&" ".repeat(blanks));
        text.push_str(field);
        column = to + field.len();
    }
    text
}

fn known(word: &str) -> Option<String> {
    let upper = word.to_uppercase();
    RECORDS.contains(&upper.as_str()).then_some(upper)
}

fn data(r: &DnsRecord) -> String {
    match &r.data {
        DnsData::A(ip) => ip.clone(),
        DnsData::Cname(to) | DnsData::Ptr(to) => format!("{to}."),
        DnsData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}."),
    }
}

impl Asker for Dig {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        self.read(sys)
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        self.print(sys, got.answer, got.took_ms)
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        if std::mem::replace(&mut self.asked, true) {
            return Turn::Exit(9);
        }
        let name =
            if self.search { self.name.clone() } else { format!("{}.", self.name.trim_end_matches('.')) };
        let options =
            NetOptions { server: self.server.clone(), trace: self.trace.take(), ..NetOptions::default() };
        let request = NetRequest::Resolve { name, kind: self.kind.clone() };
        self.talk.send(sys, request, options)
    }
}

impl Program for Dig {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }
}

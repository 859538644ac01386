//! `nslookup`: BIND's words where the image has GNU tools or BIND's own, busybox's elsewhere.
//!
//! busybox asks for A and AAAA at once, and tries the search list only for names without a dot: `web.shop` fails there.
//! Not modelled: the interactive form, other classes and servers' ports.

use super::{Answered, Asker, Refusal, Talk, illegal, reversed, silence, unknown_server, usage};
use crate::machine::{Program, Sys, Turn};
use crate::net::{DnsData, DnsRecord, NetAnswer, NetError, NetOptions, NetRequest};

const KINDS: [&str; 10] = ["A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT"];

#[derive(Clone, Default)]
struct Nslookup {
    talk: Talk,
    server: Option<String>,
    trace: Option<String>,
    /// Questions not asked yet: name as asked, kind.
    questions: Vec<(String, String)>,
    asked: Option<(String, String)>,
    titled: bool,
    failed: bool,
    /// BIND's, whatever else the image has.
    bind: bool,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Nslookup { talk: Talk::new(argv), ..Nslookup::default() })
}

pub(in crate::programs) fn start_bind(argv: &[String]) -> Box<dyn Program> {
    Box::new(Nslookup { talk: Talk::new(argv), bind: true, ..Nslookup::default() })
}

impl Nslookup {
    fn is_bind(&self, sys: &Sys<'_>) -> bool {
        self.bind || sys.gnu()
    }

    fn read(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        let mut kind = None;
        let mut names: Vec<String> = Vec::new();
        for arg in &self.talk.argv[1..] {
            let Some(option) = arg.strip_prefix('-').filter(|o| !o.is_empty()) else {
                names.push(arg.clone());
                continue;
            };
            let option = option.trim_start_matches('-');
            match option.split_once('=') {
                Some(("type" | "query" | "querytype" | "q", k)) => {
                    let upper = k.to_uppercase();
                    match (KINDS.contains(&upper.as_str()), self.is_bind(sys)) {
                        (true, _) => kind = Some(upper),
                        // BIND's goes on with what it asks otherwise.
                        (false, true) => sys.out(format!("unknown query type: {k}\n")),
                        (false, false) => {
                            let text = format!("nslookup: invalid query type \"{k}\"\n");
                            return Err((text, 1));
                        }
                    }
                }
                _ if option == "trace-path" => self.trace = Some(sys.locale()),
                // Timeouts, retries, debug: accepted.
                _ => {}
            }
        }
        let Some(name) = names.first().cloned() else {
            let text = if self.is_bind(sys) {
                "nslookup: the interactive form is not simulated; give a name\n".into()
            } else {
                usage::of("nslookup")
            };
            return Err((text, 1));
        };
        self.server = names.get(1).cloned();
        if let Some(why) = illegal(&name) {
            let text = if self.is_bind(sys) {
                format!("nslookup: '{name}' is not a legal name ({why})\n")
            } else {
                format!("nslookup: invalid name '{name}'\n")
            };
            return Err((text, 1));
        }
        if let (Some(pointer), None | Some("PTR")) = (reversed(&name), kind.as_deref()) {
            self.questions.push((pointer + ".", "PTR".into()));
            return Ok(());
        }
        let kinds: Vec<String> = match kind {
            Some(k) => vec![k],
            None => vec!["A".into(), "AAAA".into()],
        };
        if self.is_bind(sys) {
            self.questions = kinds.into_iter().map(|k| (name.clone(), k)).collect();
            return Ok(());
        }
        let search = search_list(sys);
        let bare = !name.contains('.') && !search.is_empty();
        for k in kinds {
            if bare && k != "PTR" {
                self.questions.extend(search.iter().map(|s| (format!("{name}.{s}."), k.clone())));
            } else {
                self.questions.push((format!("{}.", name.trim_end_matches('.')), k));
            }
        }
        Ok(())
    }

    fn title(&mut self, sys: &mut Sys<'_>, server: &str) {
        if std::mem::replace(&mut self.titled, true) {
            return;
        }
        let text = if self.is_bind(sys) {
            format!("Server:\t\t{server}\nAddress:\t{server}#53\n\n")
        } else {
            format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n")
        };
        sys.out(text);
    }

    fn print(&mut self, sys: &mut Sys<'_>, answer: NetAnswer, took_ms: i64) -> Option<Turn> {
        let (name, kind) = self.asked.clone().unwrap_or_default();
        let shown = name.trim_end_matches('.').to_owned();
        match answer {
            NetAnswer::Resolved { server, name: full, records } => {
                self.title(sys, &server);
                let mut text: String = records.iter().map(|r| line(r, self.is_bind(sys))).collect();
                if text.is_empty() && kind != "AAAA" {
                    text = format!("*** Can't find {full}: No answer\n");
                }
                if !text.is_empty() {
                    sys.out(text);
                    if !self.is_bind(sys) {
                        sys.out("\n");
                    }
                }
                None
            }
            NetAnswer::Failed { error: NetError::NoName, address: None } => {
                let server = self.server.clone().unwrap_or_default();
                let text = if self.is_bind(sys) {
                    unknown_server("nslookup", &server)
                } else {
                    format!("nslookup: bad address '{server}'\n")
                };
                sys.err(&text);
                Some(Turn::Exit(1))
            }
            NetAnswer::Failed { error: NetError::NoName, address } => {
                self.failed = true;
                self.title(sys, address.as_deref().unwrap_or("10.96.0.10"));
                if self.is_bind(sys) {
                    sys.out(format!("** server can't find {shown}: NXDOMAIN\n\n"));
                    return Some(Turn::Exit(1));
                }
                sys.out(format!("** server can't find {shown}: NXDOMAIN\n\n"));
                None
            }
            NetAnswer::Failed { address, .. } => {
                let text = if self.is_bind(sys) {
                    let server = address.or_else(|| self.server.clone()).unwrap_or_default();
                    format!("{};; no servers could be reached\n\n", silence(&server, 3, took_ms))
                } else {
                    ";; connection timed out; no servers could be reached\n\n".to_owned()
                };
                sys.out(text);
                Some(Turn::Exit(1))
            }
            _ => Some(Turn::Exit(1)),
        }
    }
}

/// The search list of the machine's own resolver file.
fn search_list(sys: &mut Sys<'_>) -> Vec<String> {
    let bytes = sys.fs().read("/etc/resolv.conf").unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let found = text.lines().filter_map(|l| l.strip_prefix("search ")).next_back();
    found.map(|l| l.split_whitespace().take(32).map(str::to_owned).collect()).unwrap_or_default()
}

fn line(r: &DnsRecord, gnu: bool) -> String {
    let name = &r.name;
    match &r.data {
        DnsData::A(ip) => format!("Name:\t{name}\nAddress: {ip}\n"),
        DnsData::Cname(to) if gnu => format!("{name}\tcanonical name = {to}.\n"),
        DnsData::Cname(to) => format!("{name}\tcanonical name = {to}\n"),
        DnsData::Ptr(to) if gnu => format!("{name}\tname = {to}.\n"),
        DnsData::Ptr(to) => format!("{name}\tname = {to}\n"),
        DnsData::Srv { priority, weight, port, target } if gnu => {
            format!("{name}\tservice = {priority} {weight} {port} {target}.\n")
        }
        DnsData::Srv { priority, weight, port, target } => {
            format!("{name}\tservice = {priority} {weight} {port} {target}\n")
        }
    }
}

impl Asker for Nslookup {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, sys: &mut Sys<'_>) -> Result<(), Refusal> {
        self.read(sys)?;
        self.questions.reverse();
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        self.print(sys, got.answer, got.took_ms).unwrap_or(Turn::More)
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some((name, kind)) = self.questions.pop() else {
            if self.is_bind(sys) {
                sys.out("\n");
            }
            return Turn::Exit(i32::from(self.failed));
        };
        self.asked = Some((name.clone(), kind.clone()));
        let options =
            NetOptions { server: self.server.clone(), trace: self.trace.take(), ..NetOptions::default() };
        self.talk.send(sys, NetRequest::Resolve { name, kind }, options)
    }
}

impl Program for Nslookup {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        super::step(self, sys)
    }
}

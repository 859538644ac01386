//! `getent`: entries of `/etc/passwd` and its like; hosts by `/etc/hosts`, then by name servers.
//!
//! Not modelled: networks, services, several addresses by `ahosts`' kinds of sockets.

use super::{Answered, Asker, Refusal, Talk, step};
use crate::machine::{Program, Sys, Turn};
use crate::net::{DnsData, NetAnswer, NetOptions, NetRequest};

#[derive(Clone, Default)]
struct Getent {
    talk: Talk,
}

pub(in crate::programs) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Getent { talk: Talk::new(argv) })
}

impl Program for Getent {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        step(self, sys)
    }
}

impl Getent {
    fn word(&self, i: usize) -> &str {
        self.talk.argv.get(i).map_or("", String::as_str)
    }
}

impl Asker for Getent {
    fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn begin(&mut self, _: &mut Sys<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn answered(&mut self, sys: &mut Sys<'_>, got: Answered) -> Turn {
        let NetAnswer::Resolved { name, records, .. } = got.answer else { return Turn::Exit(2) };
        let mut found = false;
        for r in records {
            let DnsData::A(address) = r.data else { continue };
            found = true;
            sys.out(format!("{address:<15} {name}\n"));
        }
        Turn::Exit(if found { 0 } else { 2 })
    }

    fn next(&mut self, sys: &mut Sys<'_>) -> Turn {
        let (base, key) = (self.word(1).trim_start_matches('a').to_owned(), self.word(2).to_owned());
        let base = if base == "hostsv4" { "hosts" } else { &base };
        let text =
            String::from_utf8_lossy(&sys.fs().read(&format!("/etc/{base}")).unwrap_or_default()).into_owned();
        let hit = |l: &&str| {
            let mut fields = l.split(|c: char| c == ':' || c.is_whitespace()).filter(|f| !f.is_empty());
            key.is_empty()
                || if base == "hosts" {
                    fields.skip(1).any(|f| f == key)
                } else {
                    fields.next() == Some(&key)
                }
        };
        let found: String = text.lines().filter(hit).map(|l| format!("{l}\n")).collect();
        if found.is_empty() && base == "hosts" && !key.is_empty() {
            let request = NetRequest::Resolve { name: key, kind: "A".into() };
            return self.talk.send(sys, request, NetOptions::default());
        }
        let code = if found.is_empty() { 2 } else { 0 };
        sys.out(found);
        Turn::Exit(code)
    }
}

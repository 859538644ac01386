//! Redirections: where they lead, what is kept to put back, and the messages when a file does not open.

use super::ast::{Redirect, RedirectOp};
use super::expand::{Expander, Stop};
use super::interp::Saved;
use super::{Dialect, Shell};
use crate::fs::Errno;
use crate::machine::{Open, Sys};

/// Where a redirection leads, its words expanded.
pub(super) enum Target {
    Open(String, Open),
    Dup(u32),
    Close,
    Text(String),
}

pub(super) type Redirects = Vec<(u32, Target)>;

impl Shell {
    /// Carries out redirections; what descriptors were before is kept. On an error all is put back.
    pub(super) fn redirect(&mut self, sys: &mut Sys<'_>, redirects: Vec<(u32, Target)>) -> Result<Saved, ()> {
        let mut saved: Saved = Vec::new();
        for (fd, target) in redirects {
            let from = match target {
                Target::Close => {
                    saved.push((fd, sys.detach(fd)));
                    continue;
                }
                Target::Dup(from) => match sys.redirect(from, fd) {
                    Ok(old) => {
                        saved.push((fd, old));
                        continue;
                    }
                    Err(e) => {
                        let text = match self.dialect {
                            Dialect::Ash => format!("dup2({from},{fd}): {e}"),
                            _ => format!("{from}: {e}"),
                        };
                        self.fail(sys, &text);
                        sys.restore(saved);
                        return Err(());
                    }
                },
                Target::Text(text) => sys.open_text(&text).map_err(|e| e.to_string()),
                Target::Open(path, how) => {
                    let exists = {
                        let full = sys.path(&path);
                        sys.fs().get(&full).is_ok_and(|n| matches!(n, crate::fs::Node::File(_)))
                    };
                    if self.options.no_clobber && how == Open::Write && exists {
                        Err(match self.dialect {
                            Dialect::Bash => format!("{path}: cannot overwrite existing file"),
                            Dialect::Dash => format!("cannot create {path}: File exists"),
                            Dialect::Ash => format!("can't create {path}: File exists"),
                        })
                    } else {
                        sys.open(&path, how).map_err(|e| self.open_error(&path, how, e))
                    }
                }
            };
            match from.and_then(|from| {
                let old = sys.redirect(from, fd).map_err(|e| e.to_string());
                sys.close(from);
                old
            }) {
                Ok(old) => saved.push((fd, old)),
                Err(text) => {
                    // Said where the redirections made so far lead.
                    self.fail(sys, &text);
                    sys.restore(saved);
                    return Err(());
                }
            }
        }
        Ok(saved)
    }

    fn open_error(&self, path: &str, how: Open, e: crate::fs::Errno) -> String {
        let verb = if how == Open::Read { "open" } else { "create" };
        match self.dialect {
            Dialect::Bash => format!("{path}: {e}"),
            Dialect::Ash if how != Open::Read && e == Errno::NoEntry => {
                format!("can't create {path}: nonexistent directory")
            }
            Dialect::Ash if e == Errno::NoEntry => format!("can't open {path}: no such file"),
            Dialect::Ash => format!("can't {verb} {path}: {e}"),
            Dialect::Dash if how != Open::Read && e == Errno::NoEntry => {
                format!("cannot create {path}: Directory nonexistent")
            }
            Dialect::Dash if e == Errno::NoEntry => format!("cannot open {path}: No such file"),
            Dialect::Dash => format!("cannot {verb} {path}: {e}"),
        }
    }
}

pub(super) fn targets(x: &mut Expander<'_, '_>, redirects: &[Redirect]) -> Result<Redirects, Stop> {
    let mut out = Vec::new();
    for redirect in redirects {
        let fd = |default| redirect.fd.unwrap_or(default);
        match &redirect.op {
            RedirectOp::Read(word) => out.push((fd(0), Target::Open(x.text(word)?, Open::Read))),
            RedirectOp::Write(word) => out.push((fd(1), Target::Open(x.text(word)?, Open::Write))),
            RedirectOp::Append(word) => out.push((fd(1), Target::Open(x.text(word)?, Open::Append))),
            RedirectOp::ReadWrite(word) => out.push((fd(0), Target::Open(x.text(word)?, Open::ReadWrite))),
            RedirectOp::Here(word) => out.push((fd(0), Target::Text(x.text(word)?))),
            RedirectOp::Both(word, append) => {
                let how = if *append { Open::Append } else { Open::Write };
                out.push((1, Target::Open(x.text(word)?, how)));
                out.push((2, Target::Dup(1)));
            }
            RedirectOp::Dup(word) => {
                let text = x.text(word)?;
                let target = if text == "-" {
                    Target::Close
                } else {
                    match text.parse() {
                        Ok(from) => Target::Dup(from),
                        Err(_) => return Err(Stop::Error(format!("{text}: ambiguous redirect"))),
                    }
                };
                out.push((fd(0), target));
            }
        }
    }
    Ok(out)
}

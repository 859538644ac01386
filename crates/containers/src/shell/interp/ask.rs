//! A shell at a terminal: it asks with a prompt, reads a line, runs it, and asks again until its input ends.
//!
//! Owns: when it asks and what with. Does not own: the learner's own prompt, which is given whole lines
//! ([`Shell::submit`]), nor the echo of what is typed (the terminal's).
//! Not modelled: editing the line, history, `PS1` with colours; a prompt that `PS1` sets is printed as it stands.

use super::super::{Dialect, ParseError, Shell};
use crate::machine::{Got, Sys, Turn, Wait};

/// A line that is longer is no line.
const LINE_MAX: usize = 64 * 1024;

/// What has been typed of a command so far.
#[derive(Clone, Debug, Default)]
pub(in crate::shell) struct Asking {
    text: String,
    /// The prompt stands there.
    asked: bool,
}

impl Shell {
    /// A shell without a script, at a terminal, asks for commands.
    pub(super) fn begins_to_ask(&mut self, sys: &Sys<'_>) {
        if self.reading.as_ref().is_some_and(Vec::is_empty) && sys.is_tty(0) {
            self.reading = None;
            self.prompt = true;
            self.asking = Some(Asking::default());
        }
    }

    /// What it asks with: `/ # ` of busybox, `# ` of dash, `root@web-0:/# ` of bash.
    fn sign(&self, sys: &Sys<'_>) -> String {
        if let Some(own) = self.get("PS1") {
            return own;
        }
        let root = sys.cred().uid == 0;
        let end = if root { '#' } else { '$' };
        let cwd = sys.cwd();
        let home = self.get("HOME").filter(|home| home.len() > 1);
        let place = match home.and_then(|home| cwd.strip_prefix(&home).map(str::to_owned)) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("~{rest}"),
            _ => cwd,
        };
        match self.dialect {
            Dialect::Ash => format!("{place} {end} "),
            Dialect::Dash => format!("{end} "),
            Dialect::Bash => {
                let user = self
                    .get("USER")
                    .unwrap_or_else(|| if root { "root".into() } else { "I have no name!".into() });
                format!("{user}@{}:{place}{end} ", sys.hostname())
            }
        }
    }

    /// Asks, and takes a line when there is one.
    pub(super) fn ask(&mut self, sys: &mut Sys<'_>) -> Turn {
        let Some(mut asking) = self.asking.take() else { return Turn::Wait(Wait::Forever) };
        if !asking.asked {
            let sign = if asking.text.is_empty() { self.sign(sys) } else { "> ".to_owned() };
            sys.out(sign);
            asking.asked = true;
        }
        let got = sys.read_line_part(0);
        let turn = match got {
            Got::Data(data) => {
                asking.text.push_str(&String::from_utf8_lossy(&data));
                if asking.text.ends_with('\n') || asking.text.len() > LINE_MAX {
                    asking.asked = false;
                    match self.submit(asking.text.trim_end_matches('\n')) {
                        Err(ParseError::Incomplete(_)) if asking.text.len() <= LINE_MAX => {}
                        Err(error) => {
                            let text = self.syntax_error(&error);
                            sys.err(&text);
                            self.status = 2;
                            asking.text.clear();
                        }
                        Ok(_) => asking.text.clear(),
                    }
                }
                Turn::More
            }
            Got::Wait => Turn::Wait(Wait::Read(0)),
            Got::End | Got::Failed(_) => {
                sys.out(if self.dialect == Dialect::Bash { "exit\n" } else { "\n" });
                let code = self.status;
                return self.exit(sys, code);
            }
        };
        self.asking = Some(asking);
        turn
    }
}

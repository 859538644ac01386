//! `htpasswd` of Apache httpd 2.4: files of users and their passwords.
//!
//! Owns: `-c -n -b -i -m -s -p -D -v`. Not modelled: bcrypt (`-B`) and crypt (`-d`), which it says; what is typed is shown.

use objects::htpasswd;

use super::args::Args;
use super::input::{Input, Next};
use crate::machine::{Program, Sys, Turn};

const USAGE: &str = "\
Usage:
\thtpasswd [-cimBdpsDv] [-C cost] passwordfile username
\thtpasswd -b[cmBdpsDv] [-C cost] passwordfile username password

\thtpasswd -n[imBdps] [-C cost] username
\thtpasswd -nb[mBdps] [-C cost] username password
";
#[derive(Clone)]
struct Htpasswd {
    argv: Vec<String>,
    input: Option<Input>,
    typed: Vec<String>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Htpasswd { argv: argv.to_vec(), input: None, typed: Vec::new() })
}

fn fail(sys: &mut Sys<'_>, text: &str, code: i32) -> Turn {
    sys.err(text);
    Turn::Exit(code)
}

/// A password as the options want it kept.
fn kept(sys: &mut Sys<'_>, args: &Args, password: &str) -> String {
    if args.has('p') {
        return password.to_owned();
    }
    if args.has('s') {
        return htpasswd::sha(password);
    }
    sys.charge(200);
    let salt = sys.rng().letters(htpasswd::LETTERS, 8);
    htpasswd::apr1(password, &salt)
}

impl Htpasswd {
    /// The password: given, or typed as often as it is asked for.
    fn password(&mut self, sys: &mut Sys<'_>, args: &Args, given: Option<&String>) -> Result<String, Turn> {
        if args.has('b') {
            return Ok(given.cloned().unwrap_or_default());
        }
        let prompts: &[&str] = match (args.has('i'), args.has('v')) {
            (true, _) => &[""],
            (_, true) => &["Enter password: "],
            _ => &["New password: ", "Re-type new password: "],
        };
        while self.typed.len() < prompts.len() {
            if self.input.is_none() {
                self.input = Some(Input::new(&[]));
                sys.err(prompts[0]);
            }
            let Some(input) = &mut self.input else { return Err(Turn::More) };
            match input.line(sys) {
                Next::Line(line, _) => {
                    self.typed.push(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned());
                    sys.err(if args.has('i') { "" } else { "\n" });
                    sys.err(prompts.get(self.typed.len()).unwrap_or(&""));
                }
                Next::Wait(turn) => return Err(turn),
                _ => return Err(fail(sys, "htpasswd: password verification error\n", 3)),
            }
        }
        if self.typed.iter().any(|t| *t != self.typed[0]) {
            return Err(fail(sys, "htpasswd: password verification error\n", 3));
        }
        Ok(self.typed[0].clone())
    }

    fn run(&mut self, sys: &mut Sys<'_>) -> Result<Turn, Turn> {
        let Ok(args) = Args::parse(sys, &self.argv, "cnbimspDvBdC:") else { return Err(fail(sys, USAGE, 2)) };
        let mut words = args.rest.iter();
        let file = if args.has('n') { None } else { words.next() };
        let (Some(user), given) = (words.next(), words.next()) else { return Err(fail(sys, USAGE, 2)) };
        let wanted = usize::from(!args.has('n')) + 1 + usize::from(args.has('b') && !args.has('D'));
        if args.rest.len() != wanted || (args.has('n') && args.has('c')) {
            return Err(fail(sys, USAGE, 2));
        }
        if user.contains(':') {
            return Err(fail(sys, "htpasswd: username contains illegal character ':'\n", 6));
        }
        if args.has('B') || args.has('d') {
            let option = if args.has('B') { "-B" } else { "-d" };
            return Err(fail(
                sys,
                &format!("htpasswd: {option} is not simulated; without it passwords are kept by MD5\n"),
                1,
            ));
        }
        let Some(path) = file else {
            let password = self.password(sys, &args, given)?;
            let line = format!("{user}:{}\n\n", kept(sys, &args, &password));
            sys.out(line);
            return Ok(Turn::Exit(0));
        };
        let full = sys.path(path);
        let old = sys.fs().read(&full).ok();
        if old.is_none() && !args.has('c') {
            let text = format!("htpasswd: cannot modify file {path}; use '-c' to create it\n");
            return Err(fail(sys, &text, 1));
        }
        let old = String::from_utf8_lossy(&old.filter(|_| !args.has('c')).unwrap_or_default()).into_owned();
        let own = |line: &&str| line.split(':').next() == Some(user.as_str());
        let found = old.lines().find(own).and_then(|l| l.split_once(':')).map(|(_, k)| k.to_owned());
        if args.has('D') || args.has('v') {
            let Some(stored) = found else {
                let code = if args.has('v') { 6 } else { 0 };
                return Err(fail(sys, &format!("User {user} not found\n"), code));
            };
            if args.has('v') {
                let password = self.password(sys, &args, given)?;
                let right = htpasswd::is_kept(&password, &stored).unwrap_or(password == stored);
                sys.err(&if right {
                    format!("Password for user {user} correct.\n")
                } else {
                    "password verification failed\n".to_owned()
                });
                return Ok(Turn::Exit(if right { 0 } else { 3 }));
            }
            let rest: String = old.lines().filter(|l| !own(l)).map(|l| format!("{l}\n")).collect();
            return Ok(put(sys, path, &full, &rest, &format!("Deleting password for user {user}\n")));
        }
        let password = self.password(sys, &args, given)?;
        let line = format!("{user}:{}", kept(sys, &args, &password));
        let mut text: String =
            old.lines().map(|l| format!("{}\n", if own(&l) { line.as_str() } else { l })).collect();
        if found.is_none() {
            text.push_str(&line);
            text.push('\n');
        }
        let did = if found.is_some() { "Updating" } else { "Adding" };
        Ok(put(sys, path, &full, &text, &format!("{did} password for user {user}\n")))
    }
}

fn put(sys: &mut Sys<'_>, path: &str, full: &str, text: &str, said: &str) -> Turn {
    match sys.fs().write(full, text.as_bytes()) {
        Ok(()) => fail(sys, said, 0),
        Err(e) => fail(sys, &format!("htpasswd: cannot create file {path}: {e}\n"), 1),
    }
}

impl Program for Htpasswd {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        self.run(sys).unwrap_or_else(|turn| turn)
    }
}

//! `sudo` of somebody who may do everything already: it runs the command. `sudo -i`, `sudo su` begin a shell.
//!
//! Not modelled: becoming another user, passwords, `/etc/sudoers`.

use std::sync::Arc;

use crate::machine::{Program, Sys, Turn};

const USAGE: &str = "usage: sudo -h | -K | -k | -V\nusage: sudo [-bEHiknPS] [-g group] [-u user] [VAR=value] [command [arg ...]]\n";

#[derive(Clone)]
struct Sudo {
    argv: Vec<String>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Sudo { argv: argv.to_vec() })
}

impl Program for Sudo {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let mut env = sys.env();
        let (mut i, mut shell) = (1, false);
        while let Some(arg) = self.argv.get(i) {
            match (arg.as_str(), arg.split_once('=')) {
                ("-u" | "-g" | "-p" | "-h" | "-C" | "-D" | "-R" | "-T", _) => i += 1,
                ("-i" | "-s" | "--login" | "--shell", _) => shell = true,
                ("--", _) => {
                    i += 1;
                    break;
                }
                (a, _) if a.starts_with('-') => {}
                (_, Some((name, value))) if !name.contains('/') => {
                    Arc::make_mut(&mut env).insert(name.into(), value.into());
                }
                _ => break,
            }
            i += 1;
        }
        match self.argv.get(i..).unwrap_or_default() {
            [] if shell => Turn::Exec(vec!["bash".into()], Some(env)),
            [] => {
                sys.err(USAGE);
                Turn::Exit(1)
            }
            [su, rest @ ..]
                if su == "su" && rest.iter().all(|a| matches!(a.as_str(), "-" | "-l" | "root")) =>
            {
                Turn::Exec(vec!["bash".into()], Some(env))
            }
            command => Turn::Exec(command.to_vec(), Some(env)),
        }
    }
}

//! `env`, `printenv`, and wrappers that only run another command: `nohup`, `time`, `nice`, `ionice`, `setsid`, `stdbuf`.
//!
//! Not modelled: priorities and sessions.

use std::sync::Arc;

use crate::machine::{Program, Sys, Turn};

#[derive(Clone)]
struct Wrapper {
    argv: Vec<String>,
}

pub(super) fn start(argv: &[String]) -> Box<dyn Program> {
    Box::new(Wrapper { argv: argv.to_vec() })
}

/// PHP's entrypoint: what runs by default follows from the image's variant.
#[derive(Clone)]
struct Php(Vec<String>);

pub(super) fn php(argv: &[String]) -> Box<dyn Program> {
    Box::new(Php(argv.to_vec()))
}

impl Program for Php {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let tag = &sys.machine().image.tag;
        let given = self.0.get(1..).unwrap_or_default();
        let default = given == ["php", "-a"];
        let words: Vec<String> = if default && tag.contains("apache") {
            vec!["apache2-foreground".into()]
        } else if default && tag.contains("fpm") {
            vec!["php-fpm".into()]
        } else if given.first().is_some_and(|a| a.starts_with('-')) {
            std::iter::once("php".to_owned()).chain(given.iter().cloned()).collect()
        } else {
            given.to_vec()
        };
        if words.is_empty() { Turn::Exit(0) } else { Turn::Exec(words, None) }
    }
}

/// An image's entrypoint script: options alone go to the default server, anything else is run as it is.
pub(super) fn entrypoint(default: &str, argv: &[String]) -> Box<dyn Program> {
    let mut argv = argv.to_vec();
    if argv.get(1).is_none_or(|a| a.starts_with('-')) {
        argv.insert(argv.len().min(1), default.to_string());
    }
    argv.insert(argv.len().min(1), "--".into());
    Box::new(Wrapper { argv })
}

impl Program for Wrapper {
    fn copy(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn step(&mut self, sys: &mut Sys<'_>) -> Turn {
        let mut env = sys.env();
        let mut i = 1;
        while let Some(arg) = self.argv.get(i) {
            match arg.as_str() {
                "-i" | "-" | "--ignore-environment" => env = Arc::default(),
                "-n" | "-c" | "-o" | "-e" if !matches!(super::short_name(&self.argv[0]), "env" | "time") => {
                    i += 1
                }
                "-u" => {
                    i += 1;
                    if let Some(name) = self.argv.get(i) {
                        Arc::make_mut(&mut env).remove(name);
                    }
                }
                "--" => {
                    i += 1;
                    break;
                }
                a if a.starts_with('-') => {}
                a => match a.split_once('=') {
                    Some((name, value)) => {
                        Arc::make_mut(&mut env).insert(name.into(), value.into());
                    }
                    None => break,
                },
            }
            i += 1;
        }
        match self.argv.get(i..).filter(|r| !r.is_empty()) {
            Some(rest) => Turn::Exec(rest.to_vec(), Some(env)),
            None => {
                let out: String = env.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
                sys.out(out);
                Turn::Exit(0)
            }
        }
    }
}

pub(super) fn printenv(sys: &mut Sys<'_>, argv: &[String]) -> i32 {
    let env = sys.env();
    if argv.len() < 2 {
        let out: String = env.iter().map(|(k, v)| format!("{k}={v}\n")).collect();
        sys.out(out);
        return 0;
    }
    let mut code = 0;
    for name in &argv[1..] {
        match env.get(name) {
            Some(value) => sys.out(format!("{value}\n")),
            None => code = 1,
        }
    }
    code
}

//! Flags of the command line: `-d`, `-it`, `-p 80:80`, `--name=web`, and docker's words for a wrong one.

use super::{Console, Started, complain};

/// A flag: its long name, its letter (or a space), whether it takes a value.
pub(super) type Flag = (&'static str, char, bool);

/// Flags and words of a command.
#[derive(Clone, Debug, Default)]
pub(super) struct Args {
    flags: Vec<(&'static str, String)>,
    pub(super) words: Vec<String>,
}

impl Args {
    pub(super) fn has(&self, name: &str) -> bool {
        self.flags.iter().any(|(n, v)| *n == name && v != "false")
    }

    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn values(&self, name: &str) -> Vec<&str> {
        self.flags.iter().filter(|(n, _)| *n == name).map(|(_, v)| v.as_str()).collect()
    }
}

/// What comes after a command's name in its usage.
pub(super) fn synopsis(command: &str) -> &'static str {
    match command {
        "run" => "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "create" => "[OPTIONS] IMAGE [COMMAND] [ARG...]",
        "exec" => "[OPTIONS] CONTAINER COMMAND [ARG...]",
        "build" => "[OPTIONS] PATH | URL | -",
        "pull" | "push" => "[OPTIONS] NAME[:TAG|@DIGEST]",
        "tag" => "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
        "rmi" => "[OPTIONS] IMAGE [IMAGE...]",
        "history" => "[OPTIONS] IMAGE",
        "images" => "[OPTIONS] [REPOSITORY[:TAG]]",
        "inspect" => "[OPTIONS] NAME|ID [NAME|ID...]",
        "rename" => "CONTAINER NEW_NAME",
        "logs" | "attach" | "top" | "port" => "[OPTIONS] CONTAINER",
        "ps" | "info" | "version" => "[OPTIONS]",
        "login" | "logout" => "[OPTIONS] [SERVER]",
        "cp" => "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-",
        _ => "[OPTIONS] CONTAINER [CONTAINER...]",
    }
}

fn wrong(console: &mut dyn Console, command: &str, why: &str) -> Started {
    complain(
        console,
        format!(
            "{why}\n\nUsage:  docker {command} {}\n\nRun 'docker {command} --help' for more information\n",
            synopsis(command)
        ),
    );
    Started::Done(125)
}

/// Too few or too many words.
pub(super) fn wrong_count(console: &mut dyn Console, command: &str, at_least: usize) -> Started {
    let plural = if at_least == 1 { "" } else { "s" };
    complain(
        console,
        format!(
            "docker: 'docker {command}' requires at least {at_least} argument{plural}\n\nUsage:  docker {command} {}\n\nRun 'docker {command} --help' for more information\n",
            synopsis(command)
        ),
    );
    Started::Done(1)
}

/// Reads flags; with `first_word_ends`, all after the first word are words.
pub(super) fn parse(
    command: &str,
    argv: &[String],
    known: &[Flag],
    first_word_ends: bool,
    console: &mut dyn Console,
) -> Result<Args, Started> {
    let mut args = Args::default();
    let mut i = 0;
    while let Some(arg) = argv.get(i) {
        i += 1;
        if arg == "--" {
            args.words.extend_from_slice(&argv[i..]);
            break;
        }
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = long.split_once('=').map_or((long, None), |(n, v)| (n, Some(v.to_string())));
            let Some(flag) = known.iter().find(|f| f.0 == name) else {
                return Err(wrong(console, command, &format!("unknown flag: --{name}")));
            };
            let value = match (flag.2, value) {
                (_, Some(v)) => v,
                (false, None) => "true".into(),
                (true, None) => {
                    let Some(v) = argv.get(i) else {
                        return Err(wrong(console, command, &format!("flag needs an argument: --{name}")));
                    };
                    i += 1;
                    v.clone()
                }
            };
            args.flags.push((flag.0, value));
        } else if arg.len() > 1 && arg.starts_with('-') {
            let letters: Vec<char> = arg[1..].chars().collect();
            let mut at = 0;
            while let Some(c) = letters.get(at) {
                at += 1;
                let Some(flag) = known.iter().find(|f| f.1 == *c && f.1 != ' ') else {
                    return Err(wrong(console, command, &format!("unknown shorthand flag: '{c}' in {arg}")));
                };
                if !flag.2 {
                    args.flags.push((flag.0, "true".into()));
                    continue;
                }
                let glued: String = letters[at..].iter().collect();
                let value = if glued.is_empty() {
                    let Some(v) = argv.get(i) else {
                        return Err(wrong(
                            console,
                            command,
                            &format!("flag needs an argument: '{c}' in {arg}"),
                        ));
                    };
                    i += 1;
                    v.clone()
                } else {
                    glued.trim_start_matches('=').to_string()
                };
                args.flags.push((flag.0, value));
                break;
            }
        } else {
            args.words.push(arg.clone());
            if first_word_ends {
                args.words.extend_from_slice(&argv[i..]);
                break;
            }
        }
    }
    Ok(args)
}

//! `getopts`: options of a script, one a call.

use super::{Dialect, Shell};
use crate::machine::Sys;

pub(super) fn getopts(shell: &mut Shell, sys: &mut Sys<'_>, args: &[String]) -> i32 {
    let (Some(spec), Some(name)) = (args.first().cloned(), args.get(1).cloned()) else {
        shell.fail(sys, "getopts: usage: getopts optstring name [arg]");
        return 2;
    };
    let list = if args.len() > 2 { args[2..].to_vec() } else { shell.args.clone() };
    let index = shell.get("OPTIND").and_then(|t| t.parse::<usize>().ok()).unwrap_or(1).max(1);
    let (mut word, mut at) = shell.getopts_at;
    if index != word {
        (word, at) = (index, 0);
    }
    let end = |shell: &mut Shell, word: usize| {
        shell.assign("OPTIND", &word.to_string(), false);
        shell.assign(&name, "?", false);
        shell.getopts_at = (word, 0);
        1
    };
    let Some(arg) = list.get(word - 1).cloned() else { return end(shell, word) };
    if at == 0 {
        if arg == "--" {
            return end(shell, word + 1);
        }
        if !arg.starts_with('-') || arg.len() == 1 {
            return end(shell, word);
        }
        at = 1;
    }
    let chars: Vec<char> = arg.chars().collect();
    let Some(flag) = chars.get(at).copied() else { return end(shell, word) };
    at += 1;
    let silent = spec.starts_with(':');
    let takes = spec.find(flag).filter(|_| flag != ':').map(|i| spec[i + flag.len_utf8()..].starts_with(':'));
    let mut found = flag.to_string();
    shell.unset("OPTARG");
    match takes {
        None => {
            if silent {
                shell.assign("OPTARG", &flag.to_string(), false);
            } else {
                let text = if shell.dialect == Dialect::Bash {
                    format!("{}: illegal option -- {flag}\n", shell.name)
                } else {
                    format!("Illegal option -{flag}\n")
                };
                sys.err(&text);
            }
            found = "?".into();
        }
        Some(true) => {
            let rest: String = chars[at.min(chars.len())..].iter().collect();
            at = chars.len();
            let value = if rest.is_empty() {
                word += 1;
                list.get(word - 1).cloned()
            } else {
                Some(rest)
            };
            match value {
                Some(value) => shell.assign("OPTARG", &value, false),
                None if silent => {
                    shell.assign("OPTARG", &flag.to_string(), false);
                    found = ":".into();
                }
                None => {
                    let text = if shell.dialect == Dialect::Bash {
                        format!("{}: option requires an argument -- {flag}\n", shell.name)
                    } else {
                        format!("No arg for -{flag} option\n")
                    };
                    sys.err(&text);
                    found = "?".into();
                }
            }
        }
        Some(false) => {}
    }
    if at >= chars.len() {
        (word, at) = (word + 1, 0);
    }
    shell.getopts_at = (word, at);
    shell.assign("OPTIND", &word.to_string(), false);
    shell.assign(&name, &found, false);
    0
}

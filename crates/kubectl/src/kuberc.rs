//! The file of preferences: aliases of commands, and flags that stand where the learner gives none.
//!
//! Owns: finding the file, and what it makes of a command line. Does not own: `kubectl kuberc`, which writes it.
//! Models `k8s.io/kubectl/pkg/kuberc`. Not modelled: plugin policies, the warning about fields it does not know.

use objects::{Value, yaml};

use crate::command::{Command, GLOBAL, find, first_argument};
use crate::flags::Flag;
use crate::io::{FsError, Io};

/// Versions of the file; the older one has other names for two fields.
const KIND: &str = "Preference";
const GROUP: &str = "kubectl.config.k8s.io/";

/// Where the file lies, and whether somebody named it. `None`: preferences are off.
///
/// # Errors
/// Named and switched off at once.
pub(crate) fn place(io: &dyn Io, flag: &str) -> Result<Option<(String, bool)>, String> {
    let named = io.env("KUBERC").filter(|p| !p.is_empty());
    if named.as_deref() == Some("off") {
        if !flag.is_empty() {
            return Err(
                "disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive".into()
            );
        }
        return Ok(None);
    }
    if !flag.is_empty() {
        return Ok(Some((flag.to_owned(), true)));
    }
    Ok(Some(match named {
        Some(path) => (path, true),
        None => (format!("{}/.kube/kuberc", io.env("HOME").unwrap_or_default()), false),
    }))
}

/// The command line as the preferences make it.
///
/// # Errors
/// What is wrong with the file.
pub(crate) fn applied(words: &[String], root: &'static Command, io: &dyn Io) -> Result<Vec<String>, String> {
    if words.is_empty() || io.env("KUBECTL_KUBERC").is_some_and(|v| v.eq_ignore_ascii_case("false")) {
        return Ok(words.to_vec());
    }
    let Some(file) = read(io, &explicit(words)?).map_err(|why| format!("kuberc error {why}"))? else {
        return Ok(words.to_vec());
    };
    check(&file)?;
    let Some(at) = first_argument(root, words) else { return Ok(words.to_vec()) };
    if root.child(&words[at]).is_none() {
        return aliased(words, at, root, &file);
    }
    let (command, path, rest) = find(root, words);
    let mut out = words.to_vec();
    for d in file["defaults"].items().iter().chain(file["overrides"].items()) {
        let line: Vec<String> = d["command"].text().split_whitespace().map(str::to_owned).collect();
        let (wanted, wanted_path, _) = find(root, &line);
        if wanted_path == "kubectl" {
            let text =
                format!("Warning: command {:?} not found to set kuberc override\n", d["command"].text());
            io.err(text.as_bytes());
        } else if std::ptr::eq(wanted, command) && wanted_path == path {
            let flags = flags(command, options(d), &rest)
                .map_err(|flag| format!("invalid flag {flag} for command {}", d["command"].text()))?;
            // Before `--`, behind which there are no flags.
            let end = out.iter().position(|w| w == "--").unwrap_or(out.len());
            out.splice(end..end, flags);
        }
    }
    Ok(out)
}

fn aliased(words: &[String], at: usize, root: &'static Command, file: &Value) -> Result<Vec<String>, String> {
    let Some(alias) = file["aliases"].items().iter().find(|a| a["name"] == words[at].as_str()) else {
        return Ok(words.to_vec());
    };
    let line: Vec<String> = alias["command"].text().split_whitespace().map(str::to_owned).collect();
    let (command, path, _) = find(root, &line);
    if path == "kubectl" {
        let (text, name) = (alias["command"].text(), alias["name"].text());
        return Err(format!("command {text:?} not found to set alias {name:?}: [{}]", line.join(" ")));
    }
    let texts = |list: &Value| list.items().iter().map(|v| v.text().to_owned()).collect::<Vec<String>>();
    let given = &words[at + 1..];
    let mut out = words[..at].to_vec();
    out.extend(line);
    let flags = flags(command, options(alias), words)
        .map_err(|flag| format!("invalid alias flag {flag} in alias kubectl"))?;
    out.extend(flags);
    out.extend(texts(&alias["prependArgs"]));
    out.extend_from_slice(given);
    out.extend(texts(&alias["appendArgs"]));
    Ok(out)
}

/// `options`, which were once called `flags`.
fn options(of: &Value) -> &Value {
    if of["options"].is_null() { &of["flags"] } else { &of["options"] }
}

/// The preferred flags that the learner did not give; an error names one that the command has not.
fn flags(command: &Command, options: &Value, words: &[String]) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    for o in options.items() {
        let name = o["name"].text();
        let all = || command.flags.iter().copied().chain([GLOBAL]).flatten();
        let Some(flag) = all().find(|f| f.name == name) else { return Err(name.to_owned()) };
        if !words.iter().any(|w| gives(w, flag)) {
            out.push(format!("--{name}={}", objects::jsonpath::text(&o["default"])));
        }
    }
    Ok(out)
}

fn gives(word: &str, flag: &Flag) -> bool {
    if let Some(long) = word.strip_prefix("--") {
        return long.split('=').next() == Some(flag.name);
    }
    let Some(letters) = word.strip_prefix('-').filter(|_| flag.short != '\0') else { return false };
    letters.starts_with(flag.short)
        || letters.chars().all(|c| c.is_ascii_alphabetic()) && letters.contains(flag.short)
}

/// `--kuberc`, which counts before any command is known.
fn explicit(words: &[String]) -> Result<String, String> {
    let mut all = words.iter().take_while(|w| *w != "--");
    while let Some(w) = all.next() {
        let path = match w.strip_prefix("--kuberc") {
            Some("") => all.next().map(String::as_str),
            Some(rest) => rest.strip_prefix('=').filter(|p| !p.is_empty()),
            None => continue,
        };
        return path.map(str::to_owned).ok_or_else(|| "kuberc file is not found".to_owned());
    }
    Ok(String::new())
}

fn read(io: &dyn Io, flag: &str) -> Result<Option<Value>, String> {
    let Some((path, named)) = place(io, flag)? else { return Ok(None) };
    let bytes = match io.read(&path) {
        Ok(b) => b,
        Err(FsError::NotFound) if !named => return Ok(None),
        Err(e) => return Err(format!("kuberc: open {path}: {}", e.text())),
    };
    let all = yaml::load_stream(&String::from_utf8_lossy(&bytes)).documents;
    let some = !all.is_empty();
    let known = |v: &Value| v.kind() == KIND && v.api_version().starts_with(GROUP);
    match all.into_iter().map(|d| d.value).find(known) {
        Some(file) => Ok(Some(file)),
        None if !some => Ok(None),
        None => {
            let why = format!("no valid preferences found in {path}, use --v=5 to see details");
            if named {
                return Err(format!("kuberc: {why}"));
            }
            io.err(format!("kuberc: no preferences loaded from {path}: {why}").as_bytes());
            Ok(None)
        }
    }
}

fn check(file: &Value) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for alias in file["aliases"].items() {
        let name = alias["name"].text();
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphabetic()) {
            return Err("invalid alias name, can only include alphabetical characters".into());
        }
        if seen.contains(&name) {
            return Err(format!("duplicate alias name {name}"));
        }
        seen.push(name);
    }
    for part in ["aliases", "defaults", "overrides"] {
        for o in file[part].items().iter().flat_map(|p| options(p).items()) {
            if o["name"].text().starts_with('-') {
                return Err(format!("flag name {} should be in long form without dashes", o["name"].text()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::testing::MemoryIo;

    use super::*;

    const FILE: &str = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ndefaults:\n- command: get\n  options:\n  - {name: output, default: wide}\n- command: set image\n  options:\n  - {name: local, default: \"true\"}\naliases:\n- name: gn\n  command: get\n  prependArgs: [nodes]\n  options:\n  - {name: output, default: json}\n- name: runx\n  command: run\n  options:\n  - {name: image, default: nginx}\n  appendArgs: [\"--\", hello]\n";

    fn line(file: &str, text: &str) -> Result<String, String> {
        let io = MemoryIo::default();
        io.vars.borrow_mut().insert("HOME".into(), "/home/x".into());
        if !file.is_empty() {
            io.write("/home/x/.kube/kuberc", file.as_bytes()).unwrap();
        }
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        applied(&words, crate::verbs::root(), &io).map(|w| w.join(" "))
    }

    #[test]
    fn lines_change_as_preferences_say() {
        for (text, want) in [
            ("get pods", "get pods --output=wide"),
            ("get pods -o yaml", "get pods -o yaml"),
            ("get pods -Aoyaml", "get pods -Aoyaml"),
            ("describe pods", "describe pods"),
            ("set image deploy/x a=b", "set image deploy/x a=b --local=true"),
            ("gn worker", "get --output=json nodes worker"),
            ("gn --output=name", "get nodes --output=name"),
            ("-n x runx web", "-n x run --image=nginx web -- hello"),
            ("nosuch", "nosuch"),
        ] {
            assert_eq!(line(FILE, text).as_deref(), Ok(want), "{text}");
            assert_eq!(line("", text).as_deref(), Ok(text), "without a file: {text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said() {
        let head = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n";
        for (rest, want) in [
            (
                "aliases: [{name: a-b, command: get}]",
                "invalid alias name, can only include alphabetical characters",
            ),
            ("aliases: [{name: a, command: get}, {name: a, command: get}]", "duplicate alias name a"),
            (
                "defaults: [{command: get, options: [{name: --output, default: x}]}]",
                "flag name --output should be in long form without dashes",
            ),
            (
                "defaults: [{command: get, options: [{name: nosuch, default: x}]}]",
                "invalid flag nosuch for command get",
            ),
        ] {
            assert_eq!(line(&format!("{head}{rest}"), "get pods"), Err(want.to_owned()), "{rest}");
        }
        assert_eq!(
            line("", "get pods --kuberc=/none"),
            Err("kuberc error kuberc: open /none: no such file or directory".to_owned())
        );
    }
}

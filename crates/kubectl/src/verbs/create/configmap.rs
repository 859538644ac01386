//! `kubectl create configmap`, and the reading of literals, files and env files it shares with secrets.

use objects::resources::CONFIGMAPS;
use objects::{Value, base64, value};

use super::{GENERATOR, generate, named};
use crate::command::{Command, one_name};
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag};
use crate::io::FsError;
use crate::session::Kubectl;

pub static SOURCES: &[Flag] = &[
    flag("from-file", Kind::Words, "", "file, directory or key=file"),
    flag("from-literal", Kind::Texts, "", "key=value"),
    flag("from-env-file", Kind::Words, "", "file of KEY=value lines"),
    flag("append-hash", Kind::Bool, "false", "put a hash of the content behind the name"),
];

pub static COMMAND: Command = Command {
    name: "configmap",
    aliases: &["cm"],
    usage: "NAME [--from-file=[key=]source] [--from-literal=key1=value1]",
    short: "A config map from files or key=value pairs",
    flags: &[SOURCES, GENERATOR[0], GENERATOR[1], GENERATOR[2], GENERATOR[3], GENERATOR[4]],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let name = one_name(args)?;
    let mut c = named(CONFIGMAPS, &name);
    for (key, bytes) in key_values(k, args, "config")? {
        if let Some(why) = valid_key(&key) {
            return fail(format!("\"{key}\" is not a valid key name for a ConfigMap: {why}"));
        }
        for (field, shown) in [("data", "Data"), ("binaryData", "BinaryData")] {
            if c[field].find(&key).is_some() {
                return fail(format!(
                    "cannot add key \"{key}\", another key by that name already exists in {shown} for ConfigMap \"{name}\""
                ));
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => c.set_at(&["data", &key], text),
            Err(e) => c.set_at(&["binaryData", &key], base64::encode(e.as_bytes())),
        }
    }
    if args.is("append-hash") {
        let mut body = value!({"kind": "ConfigMap", "name": (name.as_str()), "data": (c["data"].clone())});
        if !c["binaryData"].is_null() {
            body.set("binaryData", c["binaryData"].clone());
        }
        if c["data"].is_null() {
            body.set("data", "");
        }
        let hashed = format!("{name}-{}", super::super::name_hash(&body));
        c.set_at(&["metadata", "name"], hashed);
    }
    generate(k, args, CONFIGMAPS, c, "configmap:").await
}

/// Keys and contents in the order given.
///
/// # Errors
/// Upstream's texts on malformed sources and unreadable files.
pub fn key_values(k: &Kubectl, args: &Args, kind: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let (files, literals, envs) =
        (args.list("from-file"), args.list("from-literal"), args.list("from-env-file"));
    if !envs.is_empty() && (!files.is_empty() || !literals.is_empty()) {
        return fail("from-env-file cannot be combined with from-file or from-literal");
    }
    let mut out: Vec<(String, Vec<u8>)> = Vec::new();
    for l in &literals {
        let Some((key, value)) = l.split_once('=').filter(|(key, _)| !key.is_empty()) else {
            return fail(format!("invalid literal source {l}, expected key=value"));
        };
        let bare = value
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .or_else(|| value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')))
            .unwrap_or(value);
        out.push((key.to_owned(), bare.as_bytes().to_vec()));
    }
    for f in &files {
        let (key, path) = match f.split_once('=') {
            None => (None, f.as_str()),
            Some(("", _)) => {
                return fail(format!("key name for file path {} missing", f.trim_start_matches('=')));
            }
            Some((key, "")) => return fail(format!("file path for key name {key} missing")),
            Some((key, path)) if !path.contains('=') => (Some(key), path),
            Some(_) => return fail("key names or file paths cannot contain '='"),
        };
        if k.io.is_dir(path) {
            if key.is_some() {
                return fail("cannot give a key name for a directory path");
            }
            for name in k.io.list(path).unwrap_or_default() {
                let full = format!("{}/{name}", path.trim_end_matches('/'));
                if let (false, Ok(bytes)) = (k.io.is_dir(&full), k.io.read(&full))
                    && valid_key(&name).is_none()
                {
                    out.push((name, bytes));
                }
            }
            continue;
        }
        match k.io.read(path) {
            Ok(bytes) => out.push((key.unwrap_or(path.rsplit('/').next().unwrap_or(path)).to_owned(), bytes)),
            Err(e) => return fail(format!("error reading {path}: {}", e.text())),
        }
    }
    for path in &envs {
        let bytes = match k.io.read(path) {
            Ok(b) => b,
            Err(FsError::IsDir) => return fail(format!("env {kind} file cannot be a directory")),
            Err(e) => return fail(format!("error reading {path}: {}", e.text())),
        };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        for line in text.lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = match line.split_once('=') {
                Some((key, v)) => (key.to_owned(), v.to_owned()),
                None => (line.to_owned(), k.io.env(line).unwrap_or_default()),
            };
            if let Some(why) = invalid_env_name(&key) {
                return fail(format!("\"{key}\" is not a valid key name: {why}"));
            }
            out.push((key, value.into_bytes()));
        }
    }
    Ok(out)
}

/// Why an environment variable may not be called so, or `None`.
#[must_use]
pub fn invalid_env_name(name: &str) -> Option<String> {
    let fine = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let mut why = Vec::new();
    if name.is_empty() || !name.bytes().all(fine) || name.starts_with(|c: char| c.is_ascii_digit()) {
        why.push("a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')");
    }
    match name {
        "." => why.push("must not be '.'"),
        ".." => why.push("must not be '..'"),
        _ if name.starts_with("..") => why.push("must not start with '..'"),
        _ => {}
    }
    (!why.is_empty()).then(|| why.join(";"))
}

/// Why a key is none, or `None`.
#[must_use]
pub fn valid_key(key: &str) -> Option<String> {
    if key.len() > 253 {
        return Some("must be no more than 253 characters".into());
    }
    let fine =
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !fine {
        return Some("a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')".into());
    }
    match key {
        "." => Some("must not be '.'".into()),
        ".." => Some("must not be '..'".into()),
        _ if key.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

/// Data as base64 texts under their keys.
pub fn encoded(pairs: Vec<(String, Vec<u8>)>) -> Value {
    let mut data = Value::map();
    for (key, bytes) in pairs {
        data.set(key, base64::encode(&bytes));
    }
    data
}

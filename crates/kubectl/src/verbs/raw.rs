//! `--raw` of create, replace and delete: a file's content to a path of the server, and the answer as it comes.
//!
//! Models `k8s.io/kubectl/pkg/rawhttp`.

use client::Body;
use client::http::{Head, request};
use objects::{Value, json, struct_order};

use crate::error::{Error, Result, fail};
use crate::finder::Find;
use crate::flags::Args;
use crate::session::Kubectl;

/// Sends the one file of `find` by `method` to the path that `--raw` names.
///
/// # Errors
/// Flags that do not go with `--raw`, a file that can't be read, the server's refusal.
pub async fn send(k: &Kubectl, args: &Args, find: &Find, method: &str) -> Result<()> {
    for (other, set) in [
        ("edit", args.is("edit")),
        ("recursive", args.is("recursive")),
        ("selector (-l)", !args.text("selector").is_empty()),
        ("output", !args.text("output").is_empty()),
    ] {
        if set {
            return fail(format!("--raw and --{other} are mutually exclusive"));
        }
    }
    let path = args.text("raw");
    if !path.starts_with('/') {
        return fail(format!("--raw must be a valid URL path: parse \"{path}\": invalid URI for request"));
    }
    let body = match find.files.as_slice() {
        [] if method == "DELETE" => None,
        [file] if file == "-" => Some(k.io.stdin().await),
        [file] => match k.io.read(file) {
            Ok(bytes) => Some(bytes),
            Err(e) => return fail(format!("open {file}: {}", e.text())),
        },
        _ => return fail("--raw can only use a single local file or stdin"),
    };
    let mut r = request(&Head { method, target: path, ..Head::default() })?;
    if let Some(bytes) = body.filter(|_| method != "DELETE") {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        r.body = Body::Object(json::parse(&text).map_err(|e| {
            Error::Plain(format!(
                "Error from server (BadRequest): the object provided is unrecognized (must be of type {}): {}",
                r.resource, e.message
            ))
        })?);
    }
    let answer = k.call(r).await?;
    match &answer.object {
        Value::Str(text) => k.out(text),
        object => k.say(struct_order::to_string(object)),
    }
    Ok(())
}

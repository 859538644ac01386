//! `kubectl cp`
//!
//! Models `k8s.io/kubectl/pkg/cmd/cp`: archives through the container's `tar`. Not modelled: owners and times of files,
//! resuming (`--retries`).

use objects::Value;
use objects::resources::PODS;
use objects::ustar::{self, Head};

use crate::command::Command;
use crate::error::{Result, fail};
use crate::flags::{Args, Flag, Kind, flag, short};
use crate::session::Kubectl;
use crate::verbs::exec::ran;
use crate::verbs::logs::container_or_default;

static FLAGS: &[Flag] = &[
    short('c', "container", Kind::Text, "", "name of the container"),
    flag("no-preserve", Kind::Bool, "false", "leave owners and permissions behind"),
    flag("retries", Kind::Int, "0", "accepted, not simulated"),
];

pub static COMMAND: Command = Command {
    name: "cp",
    usage: "<file-spec-src> <file-spec-dest>",
    short: "Copy files into containers and out of them",
    flags: &[FLAGS],
    run: Some(|k, a| Box::pin(run(k, a))),
    ..Command::NONE
};

/// How deep directories may lie in each other.
const DEPTH_MAX: usize = 64;

/// `[[namespace/]pod:]path`
struct Place {
    namespace: String,
    pod: String,
    path: String,
}

fn place(text: &str) -> Result<Place> {
    let Some((head, path)) = text.split_once(':') else {
        return Ok(Place { namespace: String::new(), pod: String::new(), path: text.into() });
    };
    if head.is_empty() {
        return fail("filespec must match the canonical format: [[namespace/]pod:]file/path");
    }
    match head.split('/').collect::<Vec<_>>().as_slice() {
        [pod] => Ok(Place { namespace: String::new(), pod: (*pod).into(), path: path.into() }),
        [ns, pod] => Ok(Place { namespace: (*ns).into(), pod: (*pod).into(), path: path.into() }),
        _ => fail("filespec must match the canonical format: [[namespace/]pod:]file/path"),
    }
}

async fn run(k: &Kubectl, args: &Args) -> Result<()> {
    let [from, to] = args.args.as_slice() else {
        return fail("source and destination are required");
    };
    let (from, to) = (place(from)?, place(to)?);
    if !from.pod.is_empty() && !to.pod.is_empty() {
        return fail("one of src or dest must be a local file specification");
    }
    if from.path.is_empty() || to.path.is_empty() {
        return fail("filepath can not be empty");
    }
    if from.pod.is_empty() && to.pod.is_empty() {
        return fail("one of src or dest must be a remote file specification");
    }
    if from.pod.is_empty() && !k.io.exists(&from.path) {
        return fail(format!("{} doesn't exist in local filesystem", from.path));
    }
    let remote = if from.pod.is_empty() { &to } else { &from };
    let namespace =
        if remote.namespace.is_empty() { k.namespace.to_string() } else { remote.namespace.clone() };
    let pod = k.get(PODS, &namespace, &remote.pod).await?;
    let container = container_or_default(k, &pod, args.text("container"), false)?;
    if from.pod.is_empty() {
        upload(k, &pod, &container, &from.path, &to.path, args.is("no-preserve")).await
    } else {
        download(k, &pod, &container, &from.path, &to.path).await
    }
}

async fn upload(k: &Kubectl, pod: &Value, container: &str, from: &str, to: &str, plain: bool) -> Result<()> {
    let (from, mut to) = (from.trim_end_matches('/'), to.to_owned());
    if ran(k, pod, container, &["test", "-d", &to], None).await?.code == 0 {
        to = format!("{}/{}", to.trim_end_matches('/'), base(from));
    }
    let to = to.trim_end_matches('/');
    let mut archive = Vec::new();
    pack(k, from, base(to), 0, &mut archive)?;
    ustar::end(&mut archive);
    let mut command = vec!["tar"];
    if plain {
        command.extend(["--no-same-permissions", "--no-same-owner"]);
    }
    command.extend(["-xmf", "-"]);
    match to.rsplit_once('/') {
        Some((directory, _)) => command.extend(["-C", if directory.is_empty() { "/" } else { directory }]),
        None => command.extend(["-C", "."]),
    }
    let done = ran(k, pod, container, &command, Some(archive)).await?;
    k.io.out(&done.out);
    k.io.err(&done.err);
    done.checked()
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Puts a file, or all that is below a directory, into an archive.
fn pack(k: &Kubectl, from: &str, name: &str, depth: usize, out: &mut Vec<u8>) -> Result<()> {
    let head = Head { kind: b'0', mode: 0o644, ..Head::default() };
    if k.io.is_dir(from) {
        let names = k.io.list(from).unwrap_or_default();
        if names.is_empty()
            && !ustar::add(out, &format!("{name}/"), &Head { kind: b'5', mode: 0o755, ..head }, b"")
        {
            return too_long(from);
        }
        if depth > DEPTH_MAX {
            return fail(format!("{from}: nested too deep"));
        }
        return names
            .iter()
            .try_for_each(|n| pack(k, &format!("{from}/{n}"), &format!("{name}/{n}"), depth + 1, out));
    }
    match k.io.read(from) {
        Ok(bytes) if ustar::add(out, name, &head, &bytes) => Ok(()),
        Ok(_) => too_long(from),
        Err(e) => fail(format!("open {from}: {}", e.text())),
    }
}

fn too_long(path: &str) -> Result<()> {
    fail(format!("archive/tar: cannot encode header: Name {path:?} is too long"))
}

async fn download(k: &Kubectl, pod: &Value, container: &str, from: &str, to: &str) -> Result<()> {
    let done = ran(k, pod, container, &["tar", "cf", "-", from], None).await?;
    // Upstream writes what tar complains about to standard output.
    k.io.out(&done.err);
    if done.out.is_empty() {
        return done.checked();
    }
    let Some(members) = ustar::members(&done.out) else { return fail("archive/tar: invalid tar header") };
    let prefix = cleaned(from);
    for m in members {
        let Some(rest) = m.name.strip_prefix(&prefix) else { return fail("tar contents corrupted") };
        let inner = cleaned(rest);
        let target = match (inner.as_str(), to.trim_end_matches('/')) {
            ("", "") => "/".to_owned(),
            ("", to) => to.to_owned(),
            (inner, to) => format!("{to}/{inner}"),
        };
        if rest.split('/').any(|step| step == "..") {
            k.complain(format!("warning: file \"{target}\" is outside target destination, skipping"));
            continue;
        }
        match m.kind {
            b'5' => {}
            b'2' => k.complain(format!(
                "warning: skipping symlink: {target:?} -> {:?} (consider using \"kubectl exec -n {:?} {:?} -- tar cf - {from:?} | tar xf -\")",
                m.target,
                pod.namespace(),
                pod.name()
            )),
            _ => {
                if let Err(e) = k.io.write(&target, m.body) {
                    return fail(format!("open {target}: {}", e.text()));
                }
            }
        }
    }
    Ok(())
}

/// A path without its root, `.` and `..` at its head.
fn cleaned(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    steps.join("/")
}
